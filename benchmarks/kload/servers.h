// Processor time and memory of the servers under test, from /proc, and our own.

#pragma once

#include <string>
#include <vector>

namespace barnabas::kload {

struct Servers {
  std::vector<std::string> pids;
  double cpu_seconds() const;
  // MiB: now and peak, in the order of --pids.
  std::string rss_json() const;
};

double own_cpu_seconds();
double load_average();
// The fields of a result that tell what the servers spent; empty without --pids.
std::string servers_json(const Servers& servers, double cpu, double bytes, double records);

}  // namespace barnabas::kload

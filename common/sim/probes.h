// The simulator's side of common/probe.h: which mistake is planted, and which branches were
// reached.
//
// One per process: a process runs one simulation at a time, in one thread.

#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace barnabas {

// Plants a mistake for as long as it lives. The empty name plants nothing.
class Planted {
 public:
  explicit Planted(std::string mistake);
  ~Planted();
  Planted(const Planted&) = delete;
  Planted& operator=(const Planted&) = delete;

  // How often the mistake was asked for since it was planted: one that never had its moment was not
  // missed by the checks.
  static uint64_t moments();
};

// How often each branch was reached since the process began.
std::map<std::string, uint64_t, std::less<>> reached_branches();

}  // namespace barnabas

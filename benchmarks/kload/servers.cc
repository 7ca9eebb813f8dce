#include "benchmarks/kload/servers.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

namespace barnabas::kload {

double Servers::cpu_seconds() const {
  double total = 0;
  for (const auto& pid : pids) {
    std::ifstream file("/proc/" + pid + "/stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    const std::vector<std::string> f{std::istream_iterator<std::string>(fields), {}};
    if (f.size() > 12)
      total += (std::stod(f[11]) + std::stod(f[12])) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return total;
}

std::string Servers::rss_json() const {
  std::string out = "[";
  for (const auto& pid : pids) {
    std::ifstream file("/proc/" + pid + "/status");
    double now = 0, peak = 0;
    for (std::string line; std::getline(file, line);) {
      if (line.rfind("VmRSS:", 0) == 0) now = std::stod(line.substr(6)) / 1024;
      if (line.rfind("VmHWM:", 0) == 0) peak = std::stod(line.substr(6)) / 1024;
    }
    char item[80];
    std::snprintf(item, sizeof item, R"(%s{"pid":%s,"rss_mib":%.0f,"peak_mib":%.0f})",
                  out.size() > 1 ? "," : "", pid.c_str(), now, peak);
    out += item;
  }
  return out + "]";
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double load_average() {
  double one = 0;
  std::ifstream("/proc/loadavg") >> one;
  return one;
}

std::string servers_json(const Servers& servers, double cpu, double bytes, double records) {
  if (servers.pids.empty()) return "";
  char out[300];
  std::snprintf(
      out, sizeof out,
      R"(,"server_cpu_s":%.2f,"server_cpu_s_per_gb":%.2f,"server_cpu_s_per_million":%.2f,"server_cpu_us_per_record":%.2f,"servers":)",
      cpu, bytes > 0 ? cpu / (bytes / 1e9) : 0, records > 0 ? cpu / (records / 1e6) : 0,
      records > 0 ? cpu / records * 1e6 : 0);
  return out + servers.rss_json();
}

}  // namespace barnabas::kload

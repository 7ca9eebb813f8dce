#include "common/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "common/process.h"

namespace barnabas {
namespace {

double ticks_per_second() { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }

// The fields of a /proc/.../stat behind the name, which may hold anything: the first is the state.
std::istringstream after_name(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const size_t end = line.rfind(')');
  return std::istringstream(end == std::string::npos ? "" : line.substr(end + 1));
}

double field(std::istringstream& fields, int skip) {
  std::string skipped;
  for (int i = 0; i < skip; ++i) fields >> skipped;
  double value = 0;
  fields >> value;
  return value;
}

template <class Visit>
void for_each_entry(const char* path, Visit visit) {
  DIR* const directory = ::opendir(path);
  if (directory == nullptr) return;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') visit(std::string(entry->d_name));
  }
  ::closedir(directory);
}

double start_time_seconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  double boot = 0;
  while (file >> word) {
    if (word == "btime") {
      file >> boot;
      break;
    }
  }
  std::istringstream fields = after_name("/proc/self/stat");
  return boot + field(fields, 19) / ticks_per_second();
}

}  // namespace

void collect_process(Exposition& into) {
  int descriptors = -1;  // the one that counts them
  for_each_entry("/proc/self/fd", [&](const std::string&) { ++descriptors; });
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  into.gauge("process_open_fds", "Open file descriptors", descriptors);
  into.gauge("process_max_fds", "Limit of open file descriptors",
             static_cast<double>(limit.rlim_cur));
  into.gauge("process_resident_memory_bytes", "Resident memory",
             static_cast<double>(resident_bytes()));
  into.counter("process_cpu_seconds_total", "Processor time, user and system",
               std::chrono::duration<double>(cpu_time()).count());
  static const double started = start_time_seconds();
  into.gauge("process_start_time_seconds", "When the process started, since 1970", started);
  for (const auto& [name, seconds] : thread_cpu_seconds()) {
    into.counter("barnabas_thread_cpu_seconds_total", "Processor time of a thread", seconds,
                 {{"thread", name}});
  }
  std::ifstream io("/proc/self/io");
  std::string word;
  double value = 0;
  while (io >> word >> value) {
    if (word == "read_bytes:") {
      into.counter("kafka_server_kafkaserver_linux_disk_read_bytes",
                   "Bytes read from disk by this process", value);
    } else if (word == "write_bytes:") {
      into.counter("kafka_server_kafkaserver_linux_disk_write_bytes",
                   "Bytes written to disk by this process", value);
    }
  }
}

std::map<std::string, double> thread_cpu_seconds() {
  std::map<std::string, double> out;
  for_each_entry("/proc/self/task", [&](const std::string& id) {
    const std::string directory = "/proc/self/task/" + id;
    std::string name;
    std::getline(std::ifstream(directory + "/comm"), name);
    std::istringstream fields = after_name(directory + "/stat");
    const double user = field(fields, 11);
    const double system = field(fields, 0);
    if (!name.empty()) out[name] += (user + system) / ticks_per_second();
  });
  return out;
}

}  // namespace barnabas

// What `barnabas dev` is going to start: how many nodes, where their data lies, which ports they
// take, and the settings of each. Nothing has been started when this is made; the directory is
// locked.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/config.h"
#include "cli/dev.h"
#include "cli/problem.h"
#include "controller/config.h"

namespace barnabas::cli {

// Holds the directory against a second run; the kernel lets go of it when the process ends.
class DirectoryLock {
 public:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  const int fd_;
};

struct DevPlan {
  int nodes = 1;
  std::string directory;   // absolute
  bool temporary = false;  // it goes when the run ends
  bool had_data = false;
  uint16_t kafka_port = 0;
  uint16_t controller_port = 0;
  std::vector<controller::ControllerConfig> controllers;
  std::vector<broker::BrokerConfig> brokers;
  std::unique_ptr<DirectoryLock> lock;

  std::string bootstrap() const;         // "127.0.0.1:9092,..."
  std::string controllers_list() const;  // "127.0.0.1:9640,..."
};

inline constexpr uint16_t kDevKafkaPort = 9092;
inline constexpr uint16_t kDevControllerPort = 9640;

Result<DevPlan> plan_dev(const DevOptions& options);

// The first of `count` ports in a row that are free on loopback, from `from` on; 0: there are none.
uint16_t free_ports_from(uint16_t from, int count);

}  // namespace barnabas::cli

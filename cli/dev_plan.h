// What `barnabas dev` is going to start: how many nodes, where their data lies, which ports they
// take, and the settings of each. Nothing has been started when this is made; the directory is
// locked.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/config.h"
#include "cli/dev_ports.h"
#include "cli/local_options.h"
#include "cli/problem.h"
#include "controller/config.h"

namespace barnabas::cli {

struct DevPlan {
  int nodes = 1;
  std::string directory;   // absolute
  bool temporary = false;  // it goes when the run ends
  bool had_data = false;
  uint16_t kafka_port = 0;
  uint16_t controller_port = 0;
  std::vector<controller::ControllerConfig> controllers;
  std::vector<broker::BrokerConfig> brokers;
  std::unique_ptr<FileLock> lock;  // of the directory
  PortBlock reserved;              // with a command: the ports are of this block

  std::string bootstrap() const;         // "127.0.0.1:9092,..."
  std::string controllers_list() const;  // "127.0.0.1:9640,..."
};

inline constexpr uint16_t kDevKafkaPort = 9092;
inline constexpr uint16_t kDevControllerPort = 9640;

Result<DevPlan> plan_dev(const DevOptions& options);

}  // namespace barnabas::cli

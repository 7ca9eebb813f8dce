// What was typed for the verbs that need no controller: dev, doctor, config check.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace barnabas::cli {

struct DevOptions {
  std::optional<int> nodes;       // of each kind; unset: as many as the data has, else 1
  std::string directory;          // empty: ./barnabas-data, or a temporary one with a command
  std::optional<int> kafka_port;  // of the first broker; the next has the next
  std::optional<int> controller_port;
  bool fresh = false;
  bool any_port = false;
  std::optional<std::string> command;                         // --exec
  std::vector<std::pair<std::string, std::string>> settings;  // -X: of each broker's file
};

struct DoctorOptions {
  std::string bootstrap;                     // HOST:PORT,...: the first one that answers is used
  std::chrono::milliseconds timeout{3'000};  // of each single step
};

struct ConfigCheckOptions {
  std::string file;
  std::string role;  // broker, controller; empty: what process.roles says, else broker
};

}  // namespace barnabas::cli

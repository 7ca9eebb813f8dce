// What was typed, as plain values: the command line's result and each verb's input.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/output.h"

namespace barnabas::cli {

struct CommonOptions {
  Format format = Format::kTable;
  bool quiet = false;
  std::chrono::milliseconds timeout{10'000};
  std::vector<std::string> controllers;  // HOST:PORT
};

struct TopicCreateOptions {
  std::vector<std::string> names;
  int32_t partitions = -1;  // -1: the cluster's default
  int32_t replicas = -1;
  std::vector<std::pair<std::string, std::string>> configs;
  std::vector<std::vector<int32_t>> assignment;  // brokers of partition 0, 1, ...; empty: placed
  bool if_not_exists = false;
  bool validate_only = false;
};

struct TopicDeleteOptions {
  std::vector<std::string> names;
  bool if_exists = false;
};

struct TopicListOptions {
  bool internal = false;  // also what the cluster keeps for itself
};

struct TopicDescribeOptions {
  std::vector<std::string> names;  // empty: all
};

// What produce and consume have in common: a topic, and how librdkafka reaches it.
struct StreamOptions {
  std::string topic;
  std::string bootstrap;  // empty: asked of the controllers
  int32_t partition = -1;
  std::vector<std::pair<std::string, std::string>> properties;  // -X
};

struct ProduceOptions {
  StreamOptions stream;
  std::optional<std::string> key_separator;
  std::string codec;
  std::string acks = "all";
};

// Where to start reading.
struct Position {
  enum class Kind { kStart, kEnd, kLast, kOffset, kTime };
  Kind kind = Kind::kEnd;
  int64_t value = 0;  // records before the end, offset, or milliseconds since 1970
};

struct ConsumeOptions {
  StreamOptions stream;
  Position from;
  int64_t count = -1;  // -1: no limit
  bool exit_at_end = false;
  std::string layout = "%v\\n";
};

}  // namespace barnabas::cli

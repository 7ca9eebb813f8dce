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
  bool headers = true;
  bool watch = false;  // again every second
  std::chrono::milliseconds timeout{10'000};
  std::vector<std::string> controllers;  // HOST:PORT
  std::string bootstrap;                 // of brokers; empty: asked of the controllers
  std::vector<std::pair<std::string, std::string>> properties;  // -X
};

// Where to start reading, or to set a group.
struct Position {
  enum class Kind { kStart, kEnd, kLast, kOffset, kTime, kShift };
  Kind kind = Kind::kEnd;
  // Records before the end, offset, milliseconds since 1970, or how far from where it is now.
  int64_t value = 0;
};

// "board" or "board:0,3".
struct TopicChoice {
  std::string topic;
  std::vector<int32_t> partitions;  // empty: all
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

struct TopicAlterOptions {
  std::vector<std::string> names;
  std::vector<std::pair<std::string, std::string>> configs;
  std::vector<std::string> unset;
  bool validate_only = false;
};

struct AddPartitionsOptions {
  std::string name;
  int32_t total = -1;  // one of the two
  int32_t more = -1;
  bool validate_only = false;
};

struct TopicTrimOptions {
  TopicChoice topic;
  Position before;
  bool dry_run = false;
};

struct GroupListOptions {
  std::vector<std::string> states;  // empty: any
};

struct GroupNames {
  std::vector<std::string> names;  // empty, where that is allowed: all
};

struct GroupSeekOptions {
  std::string group;
  std::vector<TopicChoice> topics;  // empty: all that the group has committed
  Position to;
  bool execute = false;
};

struct OffsetDeleteOptions {
  std::string group;
  std::vector<TopicChoice> topics;
};

struct NodeOptions {
  int32_t node = -1;
  bool wait = true;
};

struct QuorumOptions {
  int32_t id = -1;
  std::string directory;      // 16 bytes; empty: the only one of that id
  std::optional<int32_t> to;  // transfer; absent: whoever lacks the least
};

// Whose settings: a topic's, one node's, or those that hold for all nodes.
struct ConfigTarget {
  enum class Kind { kTopic, kNode, kCluster };
  Kind kind = Kind::kCluster;
  std::string name;
};

struct ConfigOptions {
  std::vector<ConfigTarget> targets;
  std::vector<std::string> keys;
  std::vector<std::pair<std::string, std::string>> changes;
  std::vector<std::string> unset;
  bool validate_only = false;
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
  std::string layout;  // of a line; empty: all of it is the value
  std::vector<std::pair<std::string, std::string>> headers;
  std::string codec;
  std::string acks = "all";
};

struct ConsumeOptions {
  StreamOptions stream;
  Position from;
  int64_t count = -1;  // -1: no limit
  bool exit_at_end = false;
  std::string layout = "%v\\n";
};

}  // namespace barnabas::cli

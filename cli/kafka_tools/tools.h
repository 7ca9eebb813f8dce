// Kafka's own command-line tools under their own names: the same flags, the same lines, the same
// exit codes, in milliseconds. Scripts that call kafka-topics.sh and the like go on working.
//
// Called as kafka-topics or kafka-topics.sh (a link to the `barnabas` binary), or as
// `barnabas kafka-topics ...`.

#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace barnabas::cli::kafka_tools {

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

struct Tool {
  const char* name;
  int (*run)(const std::vector<std::string>& words, Streams streams);
};

// By the last part of the program's path, with or without ".sh"; nullptr: none of ours.
const Tool* find_tool(std::string_view program);
const std::vector<Tool>& all_tools();

int topics(const std::vector<std::string>& words, Streams streams);
int configs(const std::vector<std::string>& words, Streams streams);
int consumer_groups(const std::vector<std::string>& words, Streams streams);
int console_producer(const std::vector<std::string>& words, Streams streams);
int console_consumer(const std::vector<std::string>& words, Streams streams);
int get_offsets(const std::vector<std::string>& words, Streams streams);
int delete_records(const std::vector<std::string>& words, Streams streams);
int log_dirs(const std::vector<std::string>& words, Streams streams);
int leader_election(const std::vector<std::string>& words, Streams streams);
int broker_api_versions(const std::vector<std::string>& words, Streams streams);

}  // namespace barnabas::cli::kafka_tools

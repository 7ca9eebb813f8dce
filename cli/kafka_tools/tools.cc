#include "cli/kafka_tools/tools.h"

#include <absl/strings/match.h>

namespace barnabas::cli::kafka_tools {

const std::vector<Tool>& all_tools() {
  static const std::vector<Tool> tools = {
      {"kafka-topics", topics},
      {"kafka-configs", configs},
      {"kafka-consumer-groups", consumer_groups},
      {"kafka-console-producer", console_producer},
      {"kafka-console-consumer", console_consumer},
      {"kafka-get-offsets", get_offsets},
      {"kafka-delete-records", delete_records},
      {"kafka-log-dirs", log_dirs},
      {"kafka-leader-election", leader_election},
      {"kafka-broker-api-versions", broker_api_versions},
  };
  return tools;
}

const Tool* find_tool(std::string_view program) {
  program = program.substr(program.rfind('/') + 1);
  if (program.ends_with(".sh")) program.remove_suffix(3);
  for (const Tool& tool : all_tools()) {
    if (program == tool.name) return &tool;
  }
  return nullptr;
}

}  // namespace barnabas::cli::kafka_tools

// The JSON files that kafka-delete-records and kafka-leader-election take.

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cli/kafka_tools/offsets.h"

namespace barnabas::cli::kafka_tools {

struct NamedPartition {
  TopicPartition id;
  int64_t offset = 0;  // where the file has offsets
};

// {"partitions": [{"topic": "t", "partition": 0, "offset": 5}, ...], "version": 1}. An error says
// what is wrong with the file, and with which entry.
absl::StatusOr<std::vector<NamedPartition>> read_partitions(const std::string& file,
                                                            bool with_offsets);

}  // namespace barnabas::cli::kafka_tools

// Where partitions begin and end, asked of their leaders.

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/wire/cluster.h"

namespace barnabas::cli::kafka_tools {

using TopicPartition = std::pair<std::string, int32_t>;

inline constexpr int64_t kLatest = -1;
inline constexpr int64_t kEarliest = -2;
inline constexpr int64_t kMaxTimestamp = -3;

struct OffsetFound {
  int64_t offset = -1;  // -1: no record is that late
  int64_t timestamp = -1;
};

// `when`: one of the above, or milliseconds since 1970 for the first record that is not older. A
// partition without a leader, or that does not exist, is an error that names it.
absl::StatusOr<std::map<TopicPartition, OffsetFound>> list_offsets(
    wire::Cluster& cluster, const std::vector<TopicPartition>& partitions, int64_t when);

// All partitions of the topics; an error names the topic that does not exist.
absl::StatusOr<std::vector<TopicPartition>> partitions_of(wire::Cluster& cluster,
                                                          const std::vector<std::string>& topics);

// The ids of the brokers that lead, by partition; absent where nobody does.
absl::StatusOr<std::map<TopicPartition, int32_t>> leaders_of(
    wire::Cluster& cluster, const std::vector<TopicPartition>& partitions);

}  // namespace barnabas::cli::kafka_tools

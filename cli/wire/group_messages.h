// What a group's coordinator is asked for, as messages: how a group's whole offsets are fetched and
// set in the versions that name topics by name, and what a consumer's assignment says.

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/wire/connection.h"

namespace barnabas::cli::wire {

using Partition = std::pair<std::string, int32_t>;  // of a topic

struct Committed {
  int64_t offset = -1;
  std::string metadata;
  int16_t error = 0;
};

struct CommittedOffsets {
  int16_t error = 0;                          // of the whole group
  std::map<Partition, Committed> partitions;  // those that have something committed, or an error
};

absl::StatusOr<CommittedOffsets> fetch_committed(Connection& coordinator, const std::string& group,
                                                 Deadline deadline);

// From outside of the group. Each partition's error.
absl::StatusOr<std::map<Partition, int16_t>> commit_offsets(
    Connection& coordinator, const std::string& group, const std::map<Partition, int64_t>& offsets,
    Deadline deadline);

// Topics with their partitions in order. What cannot be read (another protocol type) is empty.
std::map<std::string, std::vector<int32_t>> parse_assignment(std::string_view bytes);

}  // namespace barnabas::cli::wire

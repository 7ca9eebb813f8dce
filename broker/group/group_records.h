// The coordinator's records in Kafka's own formats, as they stand in __consumer_offsets: offset
// commits (key version 1, value version 3; version 1 if they carry an expiry of their own) and
// group metadata (key version 2, value version 3). Lag tools read these; docs/formats.md says more.

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker/group/effects.h"
#include "broker/group/group_offsets.h"

namespace barnabas::group {

struct StoredMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  int32_t rebalance_timeout_ms = -1;
  int32_t session_timeout_ms = 0;
  std::string subscription;  // under the group's protocol
  std::string assignment;
};

// A group as its last completed rebalance left it.
struct StoredGroup {
  std::string protocol_type;
  int32_t generation = 0;
  std::optional<std::string> protocol;
  std::optional<std::string> leader;
  int64_t state_timestamp_ms = -1;
  std::vector<StoredMember> members;
};

// No text that goes into a record may be longer.
inline constexpr size_t kMaxStoredText = 32'767;

LogRecord offset_record(std::string_view group, const OffsetChange& change);
// No value: the group is deleted.
LogRecord group_record(std::string_view group, const std::optional<StoredGroup>& value);
// What a record takes in a batch, at most.
size_t size_in_batch(const LogRecord& record);

struct OffsetRecord {
  std::string group;
  OffsetChange change;
};
struct GroupRecord {
  std::string group;
  std::optional<StoredGroup> value;
};
// monostate: a kind of record that this version does not know.
using DecodedRecord = std::variant<std::monostate, OffsetRecord, GroupRecord>;
// DATA_LOSS if the bytes are not what they claim to be.
absl::StatusOr<DecodedRecord> decode_record(std::string_view key,
                                            std::optional<std::string_view> value);

}  // namespace barnabas::group

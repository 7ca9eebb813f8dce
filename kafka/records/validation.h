// What a leader checks before it appends what a client sent.
//
// Two depths. Relaxed checks all that can be checked without decompressing: framing, checksum,
// counts, sizes, timestamps and producer fields of the header, and the records themselves where
// they are not compressed. Strict also decompresses, within limits, and looks at every record, as
// the reference broker does. A compacted topic demands the keys, so it is always strict.
//
// The bytes are never changed here. The verdict says what the leader has to stamp: offset and
// epoch always (outside the checksum), timestamps where the topic's rules or the header's own
// mistakes demand it.
//
// Where the reference is careless we refuse: offset deltas must count 0, 1, 2, ..., because the
// log's order of offsets rests on them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "kafka/errors.h"
#include "kafka/records/batch.h"
#include "kafka/records/compression.h"

namespace barnabas::kafka {

enum class Validation { kRelaxed, kStrict };

struct AppendRules {
  Validation validation = Validation::kRelaxed;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  bool compacted = false;
  // Not before Produce version 7.
  bool zstd_allowed = true;
  // max.message.bytes: of the whole batch, as it was sent.
  size_t max_batch_bytes = 1'048'588;
  // How far a record's timestamp may lie before or after the clock, for create time.
  int64_t timestamp_before_max_ms = INT64_MAX;
  int64_t timestamp_after_max_ms = INT64_MAX;
  DecompressionLimits decompression;
};

struct RecordError {
  int32_t index;  // in the batch
  std::string message;
};

struct AppendVerdict {
  ErrorCode error = ErrorCode::kNone;
  std::string message;                     // for the client, if there is an error
  std::vector<RecordError> record_errors;  // no more than kMaxRecordErrors

  // Without an error: the batch, which borrows from what was sent.
  std::optional<BatchView> batch;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  int64_t max_timestamp = -1;
  // Attributes or max timestamp must change, and with them the checksum.
  bool restamp_timestamps = false;

  bool ok() const { return error == ErrorCode::kNone; }
};

inline constexpr size_t kMaxRecordErrors = 100;

// `records` is what the client sent for one partition: exactly one batch. A cut-off rest behind
// it is ignored, as the reference does. `now_ms` is the wall clock.
AppendVerdict validate_append(std::string_view records, const AppendRules& rules, int64_t now_ms);

// The batch of a sound verdict with everything stamped, as it goes to the log. A copy: where
// only offset and epoch change, make_stamp() avoids it.
std::string stamped_copy(const AppendVerdict& verdict, Offset base_offset,
                         LeaderEpoch leader_epoch);

}  // namespace barnabas::kafka

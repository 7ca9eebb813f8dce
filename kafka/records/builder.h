// Makes one record batch, record by record.
//
// The result is complete but for what only a leader knows: base offset and leader epoch are as
// the options say, and can be stamped later (stamp.h) because they lie outside the checksum.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/ids.h"
#include "kafka/records/batch.h"
#include "kafka/records/record.h"

namespace barnabas::kafka {

struct BatchOptions {
  Offset base_offset{0};
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  Codec codec = Codec::kNone;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  bool transactional = false;
  bool control = false;
  ProducerId producer_id = kNoProducerId;
  ProducerEpoch producer_epoch{-1};
  int32_t base_sequence = -1;
  // For whoever rewrites a batch and keeps the outline of what it was (compaction, above all): a
  // last offset whose record is gone, timestamps that do not follow from the records left, a
  // delete horizon in place of the base timestamp.
  std::optional<int32_t> last_offset_delta = std::nullopt;
  std::optional<int64_t> base_timestamp_ms = std::nullopt;
  std::optional<int64_t> max_timestamp_ms = std::nullopt;
  std::optional<int64_t> delete_horizon_ms = std::nullopt;
};

class BatchBuilder {
 public:
  explicit BatchBuilder(const BatchOptions& options = {}, size_t expected_size = 0);

  // Adds a record at the next offset.
  void append(int64_t timestamp_ms, std::optional<std::string_view> key,
              std::optional<std::string_view> value,
              std::span<const RecordHeaderView> headers = {});
  // Adds a record `offset_delta` behind the base offset; deltas must grow.
  void append_at(int32_t offset_delta, int64_t timestamp_ms, std::optional<std::string_view> key,
                 std::optional<std::string_view> value,
                 std::span<const RecordHeaderView> headers = {});

  int32_t record_count() const { return count_; }
  // What the batch takes so far, before compression.
  size_t size() const { return out_.size(); }

  // The batch, with its checksum; the builder is empty then and cannot be used again. A batch
  // without records is sound (compaction leaves such) and never compressed. Should the codec's
  // library fail, the records stay uncompressed and the attributes say so.
  std::string finish();

 private:
  void compress_records(std::string& batch);
  std::optional<int64_t> fixed_base_timestamp() const;

  BatchOptions options_;
  ByteWriter out_;
  int32_t count_ = 0;
  int32_t last_delta_ = -1;
  int64_t base_timestamp_ = -1;
  int64_t max_timestamp_ = -1;
};

}  // namespace barnabas::kafka

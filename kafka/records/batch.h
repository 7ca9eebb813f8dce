// A record batch (format v2) where it lies: the unit in which records are produced, stored,
// replicated and fetched, by us and by every Kafka client.
//
//    0 base offset        i64   given by the leader; not under the checksum
//    8 length             i32   of everything behind this field
//   12 leader epoch       i32   given by the leader; not under the checksum
//   16 magic              i8    2
//   17 CRC-32C            u32   over byte 21 to the end
//   21 attributes         i16   codec (3 bits), log append time, transactional, control,
//                               delete horizon
//   23 last offset delta  i32
//   27 base timestamp     i64   (the delete horizon, if that attribute is set)
//   35 max timestamp      i64
//   43 producer id        i64   -1: none
//   51 producer epoch     i16
//   53 base sequence      i32
//   57 record count       i32
//   61 records            each with its length in front; one compressed block if there is a codec
//
// A BatchView borrows: it is valid as long as the bytes it was made from. Making one checks only
// what is needed to walk from batch to batch (whole, plausible length, magic); everything else is
// asked for by name, because a replica that copies needs little and pays for nothing else.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/bytes.h"
#include "common/ids.h"

namespace barnabas::kafka {

inline constexpr size_t kBatchHeaderSize = 61;
// Base offset and length: what must be read to know where the next batch begins.
inline constexpr size_t kBatchPrefixSize = 12;
// The part that leaders stamp, and nothing under the checksum: up to and without the magic.
inline constexpr size_t kBatchStampSize = 16;
inline constexpr int8_t kBatchMagic = 2;

enum class Codec : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };
inline constexpr int kCodecCount = 5;
// "none", "gzip", ...; "unknown" for a number that no codec has.
std::string_view codec_name(Codec codec);

enum class TimestampType : uint8_t { kCreateTime = 0, kLogAppendTime = 1 };

namespace attribute {
inline constexpr int16_t kCodecMask = 0x07;
inline constexpr int16_t kLogAppendTime = 0x08;
inline constexpr int16_t kTransactional = 0x10;
inline constexpr int16_t kControl = 0x20;
inline constexpr int16_t kDeleteHorizon = 0x40;
inline constexpr int16_t kKnown = 0x7f;
}  // namespace attribute

class BatchView {
 public:
  // The first batch of `bytes`; whatever follows it is ignored.
  //   OUT_OF_RANGE      `bytes` end before the batch does: a cut-off tail, or a short read
  //   DATA_LOSS         these bytes never were a v2 batch (length below a header, other magic)
  static absl::StatusOr<BatchView> parse(std::string_view bytes);

  // How long the batch is that begins with `prefix` (at least kBatchPrefixSize bytes, else
  // OUT_OF_RANGE), without having the rest. DATA_LOSS if the length cannot be one.
  static absl::StatusOr<size_t> peek_size(std::string_view prefix);

  // The whole batch, header included.
  std::string_view bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  // What lies behind the header: records, or one compressed block of them.
  std::string_view payload() const { return bytes_.substr(kBatchHeaderSize); }

  Offset base_offset() const { return Offset(load<int64_t>(0)); }
  Offset last_offset() const { return Offset(base_offset().value() + last_offset_delta()); }
  // The offset of the first record behind this batch.
  Offset next_offset() const { return last_offset().next(); }
  LeaderEpoch leader_epoch() const { return LeaderEpoch(load<int32_t>(12)); }
  uint32_t stored_crc() const { return load<uint32_t>(17); }
  int16_t attributes() const { return load<int16_t>(21); }
  int32_t last_offset_delta() const { return load<int32_t>(23); }
  // As stored: the delete horizon if has_delete_horizon().
  int64_t base_timestamp() const { return load<int64_t>(27); }
  int64_t max_timestamp() const { return load<int64_t>(35); }
  ProducerId producer_id() const { return ProducerId(load<int64_t>(43)); }
  ProducerEpoch producer_epoch() const { return ProducerEpoch(load<int16_t>(51)); }
  int32_t base_sequence() const { return load<int32_t>(53); }
  int32_t record_count() const { return load<int32_t>(57); }

  bool has_producer() const { return producer_id() != kNoProducerId; }
  // The sequence number of the record at an offset delta (-1: the batch has none); sequences wrap
  // around to 0 behind the largest int32.
  int32_t sequence_at(int32_t offset_delta) const;
  int32_t last_sequence() const { return sequence_at(last_offset_delta()); }
  // May be a number that no codec has: see codec_is_known().
  Codec codec() const { return static_cast<Codec>(attributes() & attribute::kCodecMask); }
  bool codec_is_known() const { return (attributes() & attribute::kCodecMask) < kCodecCount; }
  bool compressed() const { return codec() != Codec::kNone; }
  bool transactional() const { return (attributes() & attribute::kTransactional) != 0; }
  bool control() const { return (attributes() & attribute::kControl) != 0; }
  bool has_delete_horizon() const { return (attributes() & attribute::kDeleteHorizon) != 0; }
  TimestampType timestamp_type() const {
    return (attributes() & attribute::kLogAppendTime) != 0 ? TimestampType::kLogAppendTime
                                                           : TimestampType::kCreateTime;
  }

  uint32_t computed_crc() const;
  bool crc_matches() const { return computed_crc() == stored_crc(); }

 private:
  explicit BatchView(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T load(size_t at) const {
    return load_big_endian<T>(bytes_.data() + at);
  }

  std::string_view bytes_;
};

// Walks over the batches that lie behind each other in `bytes`.
//
//   BatchStream batches(bytes);
//   while (std::optional<BatchView> batch = batches.next()) { ... }
//   batches.rest();     // a cut-off batch at the end, or what is no batch at all
//   batches.status();   // OK, OUT_OF_RANGE (cut off) or DATA_LOSS, as BatchView::parse says
class BatchStream {
 public:
  explicit BatchStream(std::string_view bytes) : rest_(bytes) {}

  std::optional<BatchView> next();
  // OK while there may be more, and at a clean end.
  const absl::Status& status() const { return status_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  absl::Status status_;
};

}  // namespace barnabas::kafka

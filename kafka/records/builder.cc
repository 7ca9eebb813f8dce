#include "kafka/records/builder.h"

#include <algorithm>

#include "common/crc32c.h"
#include "common/varint.h"
#include "kafka/records/compression.h"

namespace barnabas::kafka {
namespace {

size_t nullable_size(const std::optional<std::string_view>& bytes) {
  if (!bytes.has_value()) return 1;
  return varint_size(static_cast<int32_t>(bytes->size())) + bytes->size();
}

void write_nullable(ByteWriter& out, const std::optional<std::string_view>& bytes) {
  if (!bytes.has_value()) {
    out.write_varint(-1);
    return;
  }
  out.write_varint(static_cast<int32_t>(bytes->size()));
  out.write_bytes(*bytes);
}

int16_t attributes_of(const BatchOptions& options) {
  int attributes = static_cast<int>(options.codec);
  if (options.timestamp_type == TimestampType::kLogAppendTime) {
    attributes |= attribute::kLogAppendTime;
  }
  if (options.transactional) attributes |= attribute::kTransactional;
  if (options.control) attributes |= attribute::kControl;
  if (options.delete_horizon_ms.has_value()) attributes |= attribute::kDeleteHorizon;
  return static_cast<int16_t>(attributes);
}

}  // namespace

BatchBuilder::BatchBuilder(const BatchOptions& options, size_t expected_size)
    : options_(options), out_(kBatchHeaderSize + expected_size) {
  static constexpr char kRoomForHeader[kBatchHeaderSize] = {};
  out_.write_bytes({kRoomForHeader, sizeof kRoomForHeader});
}

std::optional<int64_t> BatchBuilder::fixed_base_timestamp() const {
  return options_.delete_horizon_ms.has_value() ? options_.delete_horizon_ms
                                                : options_.base_timestamp_ms;
}

void BatchBuilder::append(int64_t timestamp_ms, std::optional<std::string_view> key,
                          std::optional<std::string_view> value,
                          std::span<const RecordHeaderView> headers) {
  append_at(last_delta_ + 1, timestamp_ms, key, value, headers);
}

void BatchBuilder::append_at(int32_t offset_delta, int64_t timestamp_ms,
                             std::optional<std::string_view> key,
                             std::optional<std::string_view> value,
                             std::span<const RecordHeaderView> headers) {
  if (count_ == 0) {
    base_timestamp_ = fixed_base_timestamp().value_or(timestamp_ms);
    max_timestamp_ = timestamp_ms;
  }
  max_timestamp_ = std::max(max_timestamp_, timestamp_ms);
  const int64_t timestamp_delta = timestamp_ms - base_timestamp_;

  size_t size = 1 + varlong_size(timestamp_delta) + varint_size(offset_delta) + nullable_size(key) +
                nullable_size(value) + varint_size(static_cast<int32_t>(headers.size()));
  for (const RecordHeaderView& header : headers) {
    size += nullable_size(header.key) + nullable_size(header.value);
  }
  out_.write_varint(static_cast<int32_t>(size));
  out_.write_int8(0);
  out_.write_varlong(timestamp_delta);
  out_.write_varint(offset_delta);
  write_nullable(out_, key);
  write_nullable(out_, value);
  out_.write_varint(static_cast<int32_t>(headers.size()));
  for (const RecordHeaderView& header : headers) {
    write_nullable(out_, header.key);
    write_nullable(out_, header.value);
  }
  last_delta_ = offset_delta;
  ++count_;
}

void BatchBuilder::compress_records(std::string& batch) {
  const std::string_view records = std::string_view(batch).substr(kBatchHeaderSize);
  absl::StatusOr<std::string> compressed = compress(options_.codec, records);
  if (count_ == 0 || !compressed.ok()) {
    options_.codec = Codec::kNone;
    return;
  }
  batch.replace(kBatchHeaderSize, std::string::npos, *compressed);
}

std::string BatchBuilder::finish() {
  std::string batch = out_.take();
  if (options_.codec != Codec::kNone) compress_records(batch);
  char* const at = batch.data();
  store_big_endian<int64_t>(at, options_.base_offset.value());
  store_big_endian<int32_t>(at + 8, static_cast<int32_t>(batch.size() - kBatchPrefixSize));
  store_big_endian<int32_t>(at + 12, options_.leader_epoch.value());
  store_big_endian<int8_t>(at + 16, kBatchMagic);
  store_big_endian<int16_t>(at + 21, attributes_of(options_));
  store_big_endian<int32_t>(at + 23, options_.last_offset_delta.value_or(last_delta_));
  store_big_endian<int64_t>(at + 27,
                            count_ == 0 ? fixed_base_timestamp().value_or(-1) : base_timestamp_);
  store_big_endian<int64_t>(at + 35, options_.max_timestamp_ms.value_or(max_timestamp_));
  store_big_endian<int64_t>(at + 43, options_.producer_id.value());
  store_big_endian<int16_t>(at + 51, options_.producer_epoch.value());
  store_big_endian<int32_t>(at + 53, options_.base_sequence);
  store_big_endian<int32_t>(at + 57, count_);
  store_big_endian<uint32_t>(at + 17, crc32c(std::string_view(batch).substr(21)));
  return batch;
}

}  // namespace barnabas::kafka

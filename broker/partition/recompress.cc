#include "broker/partition/recompress.h"

#include <optional>
#include <vector>

#include "common/status.h"
#include "kafka/records/builder.h"
#include "kafka/records/compression.h"
#include "kafka/records/record.h"
#include "kafka/records/stamp.h"

namespace barnabas::partition {
namespace {

std::optional<kafka::Codec> demanded(std::string_view compression_type) {
  if (compression_type == "uncompressed") return kafka::Codec::kNone;
  for (int i = 1; i < kafka::kCodecCount; ++i) {
    const auto codec = static_cast<kafka::Codec>(i);
    if (kafka::codec_name(codec) == compression_type) return codec;
  }
  return std::nullopt;  // "producer"
}

}  // namespace

bool wants_recompression(const kafka::BatchView& batch, std::string_view compression_type) {
  const std::optional<kafka::Codec> codec = demanded(compression_type);
  return codec.has_value() && *codec != batch.codec();
}

absl::StatusOr<std::string> recompress(const kafka::AppendVerdict& verdict,
                                       std::string_view compression_type) {
  const kafka::BatchView& batch = *verdict.batch;
  std::string plain;
  std::string_view records = batch.payload();
  if (batch.compressed()) {
    ASSIGN_OR_RETURN(plain, kafka::decompress(batch.codec(), batch.payload()));
    records = plain;
  }
  kafka::BatchOptions options;
  options.codec = demanded(compression_type).value_or(batch.codec());
  options.transactional = batch.transactional();
  options.control = batch.control();
  options.producer_id = batch.producer_id();
  options.producer_epoch = batch.producer_epoch();
  options.base_sequence = batch.base_sequence();
  kafka::BatchBuilder builder(options, records.size() + kafka::kBatchHeaderSize);
  kafka::RecordReader reader(batch, records);
  while (std::optional<kafka::RecordView> record = reader.next()) {
    const std::vector<kafka::RecordHeaderView> headers = record->headers();
    builder.append_at(record->offset_delta, record->timestamp, record->key, record->value, headers);
  }
  RETURN_IF_ERROR(reader.status());
  std::string bytes = builder.finish();
  if (verdict.timestamp_type == kafka::TimestampType::kLogAppendTime) {
    kafka::stamp_timestamps(bytes.data(), bytes.size(), verdict.timestamp_type,
                            verdict.max_timestamp);
  }
  return bytes;
}

}  // namespace barnabas::partition

#include "kafka/vectors/batch_vectors.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/status.h"
#include "kafka/records/batch.h"
#include "kafka/records/builder.h"
#include "kafka/records/compression.h"
#include "kafka/records/record.h"
#include "kafka/records/validation.h"
#include "kafka/vectors/line.h"

namespace barnabas::kafka {
namespace {

// How the reference was set up when the vectors were made.
constexpr int64_t kClockMs = 1'700'000'005'000;
constexpr Offset kNextOffset(1000);
constexpr LeaderEpoch kLeaderEpoch(7);

Json hex_or_null(const std::optional<std::string_view>& bytes) {
  if (!bytes.has_value()) return nullptr;
  return absl::BytesToHexString(absl::string_view(bytes->data(), bytes->size()));
}

Json header_json(const BatchView& batch) {
  return {
      {"baseOffset", batch.base_offset().value()},
      {"batchLength", batch.size() - kBatchPrefixSize},
      {"partitionLeaderEpoch", batch.leader_epoch().value()},
      {"magic", kBatchMagic},
      {"crc", batch.stored_crc()},
      {"attributes", batch.attributes()},
      {"lastOffsetDelta", batch.last_offset_delta()},
      {"baseTimestamp", batch.base_timestamp()},
      {"maxTimestamp", batch.max_timestamp()},
      {"producerId", batch.producer_id().value()},
      {"producerEpoch", batch.producer_epoch().value()},
      {"baseSequence", batch.base_sequence()},
      {"recordsCount", batch.record_count()},
      {"compression", std::string(codec_name(batch.codec()))},
      {"timestampType",
       batch.timestamp_type() == TimestampType::kLogAppendTime ? "LogAppendTime" : "CreateTime"},
      {"transactional", batch.transactional()},
      {"control", batch.control()}};
}

Json record_json(const BatchView& batch, const RecordView& record) {
  Json headers = Json::array();
  for (const RecordHeaderView& header : record.headers()) {
    headers.push_back(Json::array({std::string(header.key), hex_or_null(header.value)}));
  }
  Json out = {{"offset", record.offset.value()},
              {"timestamp", record.timestamp},
              {"key", hex_or_null(record.key)},
              {"value", hex_or_null(record.value)},
              {"headers", std::move(headers)}};
  if (batch.has_producer()) out["sequence"] = batch.sequence_at(record.offset_delta);
  return out;
}

struct Decoded {
  BatchView batch;
  std::unique_ptr<const std::string> records;  // decompressed, where the views point to
  std::vector<RecordView> views;
};

absl::StatusOr<Decoded> decode(const BatchView& batch) {
  if (!batch.crc_matches()) return absl::DataLossError("the checksum does not match");
  ASSIGN_OR_RETURN(std::string records, decompress(batch.codec(), batch.payload()));
  Decoded out{batch, std::make_unique<const std::string>(std::move(records)), {}};
  RecordReader reader(batch, *out.records);
  while (const auto record = reader.next()) out.views.push_back(*record);
  RETURN_IF_ERROR(reader.status());
  return out;
}

absl::Status compare(const Decoded& decoded, const Json& expected) {
  Json header = header_json(decoded.batch);
  if (decoded.batch.has_delete_horizon()) {
    header["deleteHorizonMs"] = decoded.batch.base_timestamp();
  }
  // Vectors may leave out what follows from the rest.
  for (const auto& [name, value] : expected.at("header").items()) {
    if (!header.contains(name) || header.at(name) != value) {
      return absl::DataLossError(absl::StrCat("header field ", name, " differs"));
    }
  }
  Json records = Json::array();
  for (const RecordView& view : decoded.views) {
    // Names of headers may be damaged text, which the reference repairs and we pass on.
    records.push_back(record_json(decoded.batch, view));
  }
  if (records != expected.at("records") && repaired(records) != expected.at("records")) {
    return absl::DataLossError(absl::StrCat("records: got ", to_text(records)));
  }
  return absl::OkStatus();
}

std::string rebuild(const Decoded& decoded) {
  const BatchView& batch = decoded.batch;
  BatchOptions options;
  options.base_offset = batch.base_offset();
  options.leader_epoch = batch.leader_epoch();
  options.codec = batch.codec();
  options.timestamp_type = batch.timestamp_type();
  options.transactional = batch.transactional();
  options.control = batch.control();
  options.producer_id = batch.producer_id();
  options.producer_epoch = batch.producer_epoch();
  options.base_sequence = batch.base_sequence();
  options.last_offset_delta = batch.last_offset_delta();
  if (batch.has_delete_horizon()) options.delete_horizon_ms = batch.base_timestamp();
  // What cannot follow from the records.
  if (batch.record_count() == 0) options.base_timestamp_ms = batch.base_timestamp();
  if (batch.record_count() == 0 || batch.has_delete_horizon() ||
      batch.timestamp_type() == TimestampType::kLogAppendTime) {
    options.max_timestamp_ms = batch.max_timestamp();
  }
  BatchBuilder builder(options);
  for (const RecordView& record : decoded.views) {
    const std::vector<RecordHeaderView> headers = record.headers();
    builder.append_at(record.offset_delta, record.create_timestamp, record.key, record.value,
                      headers);
  }
  return builder.finish();
}

absl::Status check_rebuilding(const Decoded& decoded, const Json& expected) {
  const std::string built = rebuild(decoded);
  if (!decoded.batch.compressed()) {
    if (built == decoded.batch.bytes()) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("building: got ", absl::BytesToHexString(built)));
  }
  ASSIGN_OR_RETURN(const BatchView batch, BatchView::parse(built));
  ASSIGN_OR_RETURN(const Decoded again, decode(batch));
  if (again.batch.codec() != decoded.batch.codec()) {
    return absl::DataLossError("building: the codec was not used");
  }
  Json sound = expected;
  sound["header"].erase("batchLength");
  sound["header"].erase("crc");
  return annotate(compare(again, sound), "building and reading");
}

absl::Status check_refused(std::string_view bytes) {
  BatchStream stream(bytes);
  while (const auto batch = stream.next()) {
    if (!decode(*batch).ok()) return absl::OkStatus();
  }
  if (!stream.status().ok()) return absl::OkStatus();
  return absl::DataLossError("accepted, but must be refused");
}

absl::Status check_sound(const Json& line, std::string_view bytes) {
  const bool several = line.contains("batches");
  const Json expected = several ? line.at("batches") : Json::array({line});
  BatchStream stream(bytes);
  size_t count = 0;
  while (const auto batch = stream.next()) {
    if (count == expected.size()) return absl::DataLossError("there are too many batches");
    // The reference does not look at records that the header does not count; we refuse them.
    if (batch->record_count() == 0 && !batch->payload().empty()) return check_refused(bytes);
    ASSIGN_OR_RETURN(const Decoded decoded, decode(*batch));
    RETURN_IF_ERROR(compare(decoded, expected[count]));
    // Odd batches decode, and are never built.
    if (!line.contains("expect")) RETURN_IF_ERROR(check_rebuilding(decoded, expected[count]));
    ++count;
  }
  RETURN_IF_ERROR(stream.status());
  if (count != expected.size()) return absl::DataLossError("there are too few batches");
  return absl::OkStatus();
}

// Offset deltas that do not count 0, 1, 2: the reference appends them, we do not.
bool has_odd_offsets(const Json& line) {
  if (!line.contains("records")) return false;
  int64_t next = 0;
  for (const Json& record : line.at("records")) {
    if (record.at("offset").get<int64_t>() != next++) return true;
  }
  return false;
}

absl::Status compare_verdict(const AppendVerdict& verdict, const Json& expected, bool odd_offsets) {
  if (expected.contains("error")) {
    const auto name = expected.at("error").get<std::string>();
    if (verdict.ok()) return absl::DataLossError(absl::StrCat("accepted instead of ", name));
    // There the reference failed by accident.
    const bool any = name == "UNKNOWN_SERVER_ERROR";
    if (any ? verdict.error == ErrorCode::kCorruptMessage ||
                  verdict.error == ErrorCode::kInvalidRecord
            : error_name(verdict.error) == name) {
      return absl::OkStatus();
    }
    return absl::DataLossError(absl::StrCat("refused with code ", static_cast<int>(verdict.error),
                                            " instead of ", name, ": ", verdict.message));
  }
  if (odd_offsets && verdict.error == ErrorCode::kInvalidRecord) return absl::OkStatus();
  if (!verdict.ok()) return absl::DataLossError(absl::StrCat("refused: ", verdict.message));
  const std::string appended = stamped_copy(verdict, kNextOffset, kLeaderEpoch);
  // A cut-off rest behind the batch is still in the reference's buffer at this point; its log
  // drops it before writing, as the verdict does.
  if (appended == hex_of(expected, "appended").substr(0, appended.size())) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("appended ", absl::BytesToHexString(appended)));
}

absl::Status check_produce(const Json& line, std::string_view bytes, const char* field,
                           const AppendRules& base) {
  if (!line.contains(field)) return absl::OkStatus();
  AppendRules rules = base;
  rules.validation = Validation::kStrict;
  const bool odd_offsets = has_odd_offsets(line);
  RETURN_IF_ERROR(annotate(
      compare_verdict(validate_append(bytes, rules, kClockMs), line.at(field), odd_offsets),
      field));
  // Relaxed sees less, so it accepts whatever strict accepts, with the same result.
  if (!line.at(field).contains("appended")) return absl::OkStatus();
  rules.validation = Validation::kRelaxed;
  return annotate(
      compare_verdict(validate_append(bytes, rules, kClockMs), line.at(field), odd_offsets),
      absl::StrCat(field, ", relaxed"));
}

}  // namespace

absl::Status check_batches(const Json& line) {
  const std::string bytes = hex_of(line, "hex");
  const bool sound = line.value("expect", "decodes") == "decodes";
  RETURN_IF_ERROR(sound ? check_sound(line, bytes) : check_refused(bytes));
  RETURN_IF_ERROR(check_produce(line, bytes, "produce", {}));
  AppendRules log_append;
  log_append.timestamp_type = TimestampType::kLogAppendTime;
  RETURN_IF_ERROR(check_produce(line, bytes, "produceLogAppendTime", log_append));
  AppendRules compacted;
  compacted.compacted = true;
  return check_produce(line, bytes, "produceCompacted", compacted);
}

}  // namespace barnabas::kafka

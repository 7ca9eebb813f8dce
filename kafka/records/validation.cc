#include "kafka/records/validation.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "kafka/records/record.h"
#include "kafka/records/stamp.h"

namespace barnabas::kafka {
namespace {

constexpr int64_t kNoTimestamp = -1;

AppendVerdict refuse(ErrorCode error, std::string message) {
  AppendVerdict verdict;
  verdict.error = error;
  verdict.message = std::move(message);
  return verdict;
}

// later - earlier > limit, for any three numbers.
bool exceeds(int64_t later, int64_t earlier, int64_t limit) {
  return static_cast<__int128>(later) - earlier > limit;
}

class Validator {
 public:
  Validator(const AppendRules& rules, int64_t now_ms) : rules_(rules), now_ms_(now_ms) {}

  AppendVerdict run(std::string_view records);

 private:
  // Each returns whether to go on; otherwise verdict_ says why not.
  bool take_batch(std::string_view records);
  bool check_header();
  bool check_producer();
  bool check_records();
  bool walk(std::string_view records);
  bool check_header_timestamps();
  void check_record(int32_t index, const RecordView& record);
  std::optional<std::string> timestamp_problem(int64_t timestamp) const;
  bool stop(ErrorCode error, std::string message) {
    verdict_ = refuse(error, std::move(message));
    return false;
  }
  void decide_timestamps();

  const BatchView& batch() const { return *verdict_.batch; }

  const AppendRules& rules_;
  int64_t now_ms_;
  AppendVerdict verdict_;
  int64_t largest_timestamp_ = kNoTimestamp;
  bool walked_ = false;
  ErrorCode record_error_ = ErrorCode::kNone;
};

AppendVerdict Validator::run(std::string_view records) {
  if (take_batch(records) && check_header() && check_producer() && check_records()) {
    decide_timestamps();
  }
  return std::move(verdict_);
}

bool Validator::take_batch(std::string_view records) {
  BatchStream batches(records);
  const std::optional<BatchView> first = batches.next();
  if (!first.has_value()) {
    const bool corrupt = batches.status().code() == absl::StatusCode::kDataLoss;
    // Older formats are well formed, but nobody may produce them any more.
    const bool old_format = records.size() > kBatchStampSize &&
                            (records[kBatchStampSize] == 0 || records[kBatchStampSize] == 1);
    if (batches.status().ok()) return stop(ErrorCode::kInvalidRecord, "there is no record batch");
    return stop(corrupt && !old_format ? ErrorCode::kCorruptMessage : ErrorCode::kInvalidRecord,
                std::string(batches.status().message()));
  }
  if (batches.next().has_value()) {
    return stop(ErrorCode::kInvalidRecord, "there is more than one record batch");
  }
  if (batches.status().code() == absl::StatusCode::kDataLoss) {
    return stop(ErrorCode::kCorruptMessage, std::string(batches.status().message()));
  }
  verdict_.batch = first;
  return true;
}

bool Validator::check_header() {
  if (!batch().codec_is_known()) {
    return stop(ErrorCode::kInvalidRecord, "the batch names a codec that does not exist");
  }
  if (batch().codec() == Codec::kZstd && !rules_.zstd_allowed) {
    return stop(ErrorCode::kUnsupportedCompressionType, "zstd needs version 7 of Produce");
  }
  if (batch().base_offset() != Offset(0)) {
    return stop(ErrorCode::kInvalidRecord,
                absl::StrCat("the base offset is ", batch().base_offset().value(), ", not 0"));
  }
  if (batch().size() > rules_.max_batch_bytes) {
    return stop(ErrorCode::kMessageTooLarge,
                absl::StrCat("the record batch has ", batch().size(),
                             " bytes, more than the allowed ", rules_.max_batch_bytes));
  }
  if (!batch().crc_matches()) {
    return stop(ErrorCode::kCorruptMessage,
                absl::StrCat("the checksum is ", batch().stored_crc(), ", but the bytes give ",
                             batch().computed_crc()));
  }
  const int64_t by_offsets = static_cast<int64_t>(batch().last_offset_delta()) + 1;
  if (batch().record_count() <= 0 || by_offsets != batch().record_count()) {
    return stop(ErrorCode::kInvalidRecord,
                absl::StrCat("the batch counts ", batch().record_count(),
                             " records and ends at offset delta ", batch().last_offset_delta()));
  }
  return true;
}

bool Validator::check_producer() {
  if (batch().control()) {
    return stop(ErrorCode::kInvalidRecord, "clients must not write control records");
  }
  if (batch().has_producer() && batch().base_sequence() < 0) {
    return stop(ErrorCode::kInvalidRecord, absl::StrCat("a producer id without a sequence number (",
                                                        batch().base_sequence(), ")"));
  }
  return true;
}

bool Validator::check_records() {
  if (!batch().compressed()) return walk(batch().payload());
  if (rules_.validation == Validation::kRelaxed && !rules_.compacted) {
    return check_header_timestamps();
  }
  const absl::StatusOr<std::string> records =
      decompress(batch().codec(), batch().payload(), rules_.decompression);
  if (!records.ok()) {
    return stop(ErrorCode::kInvalidRecord, std::string(records.status().message()));
  }
  return walk(*records);
}

bool Validator::walk(std::string_view records) {
  RecordReader reader(batch(), records);
  int32_t index = 0;
  while (const std::optional<RecordView> record = reader.next()) {
    if (record->offset_delta != index) {
      return stop(ErrorCode::kInvalidRecord,
                  absl::StrCat("record ", index, " has offset delta ", record->offset_delta));
    }
    check_record(index, *record);
    ++index;
  }
  if (!reader.status().ok()) {
    return stop(ErrorCode::kInvalidRecord, std::string(reader.status().message()));
  }
  walked_ = true;
  if (verdict_.record_errors.empty()) return true;
  verdict_.batch.reset();
  verdict_.error = record_error_;
  verdict_.message = "one or more records were rejected";
  return false;
}

void Validator::check_record(int32_t index, const RecordView& record) {
  largest_timestamp_ = std::max(largest_timestamp_, record.timestamp);
  std::optional<std::string> problem;
  ErrorCode error = ErrorCode::kInvalidRecord;
  if (rules_.compacted && !record.key.has_value()) {
    problem = "a compacted topic needs records with a key";
  } else if (problem = timestamp_problem(record.timestamp); problem.has_value()) {
    error = ErrorCode::kInvalidTimestamp;
  }
  if (!problem.has_value()) return;
  // The first problem gives the batch its code.
  if (verdict_.record_errors.empty()) record_error_ = error;
  if (verdict_.record_errors.size() < kMaxRecordErrors) {
    verdict_.record_errors.push_back({index, *std::move(problem)});
  }
}

std::optional<std::string> Validator::timestamp_problem(int64_t timestamp) const {
  if (rules_.timestamp_type == TimestampType::kLogAppendTime || timestamp == kNoTimestamp) {
    return std::nullopt;
  }
  if (!exceeds(now_ms_, timestamp, rules_.timestamp_before_max_ms) &&
      !exceeds(timestamp, now_ms_, rules_.timestamp_after_max_ms)) {
    return std::nullopt;
  }
  return absl::StrCat("the timestamp ", timestamp, " is too far from the broker's clock, ",
                      now_ms_);
}

bool Validator::check_header_timestamps() {
  for (const int64_t timestamp : {batch().base_timestamp(), batch().max_timestamp()}) {
    if (const auto problem = timestamp_problem(timestamp); problem.has_value()) {
      return stop(ErrorCode::kInvalidTimestamp, *problem);
    }
  }
  return true;
}

void Validator::decide_timestamps() {
  verdict_.timestamp_type = rules_.timestamp_type;
  if (rules_.timestamp_type == TimestampType::kLogAppendTime) {
    verdict_.max_timestamp = now_ms_;
  } else {
    verdict_.max_timestamp = walked_ ? largest_timestamp_ : batch().max_timestamp();
  }
  verdict_.restamp_timestamps = verdict_.timestamp_type != batch().timestamp_type() ||
                                verdict_.max_timestamp != batch().max_timestamp();
}

}  // namespace

AppendVerdict validate_append(std::string_view records, const AppendRules& rules, int64_t now_ms) {
  return Validator(rules, now_ms).run(records);
}

std::string stamped_copy(const AppendVerdict& verdict, Offset base_offset,
                         LeaderEpoch leader_epoch) {
  std::string out(verdict.batch->bytes());
  stamp(out.data(), base_offset, leader_epoch);
  if (verdict.restamp_timestamps) {
    stamp_timestamps(out.data(), out.size(), verdict.timestamp_type, verdict.max_timestamp);
  }
  return out;
}

}  // namespace barnabas::kafka

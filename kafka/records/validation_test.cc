#include "kafka/records/validation.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "kafka/records/builder.h"
#include "kafka/records/record.h"

namespace barnabas::kafka {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

std::string batch_of(const BatchOptions& options, int count = 3, int64_t timestamp = kNow) {
  BatchBuilder builder(options);
  for (int i = 0; i < count; ++i) builder.append(timestamp + i, "k" + std::to_string(i), "value");
  return builder.finish();
}

// A batch with a field of the header changed and the checksum right again.
template <class T>
std::string with(std::string batch, size_t at, T value) {
  store_big_endian<T>(batch.data() + at, value);
  store_big_endian<uint32_t>(batch.data() + 17, BatchView::parse(batch)->computed_crc());
  return batch;
}

AppendRules depth(Validation validation) {
  AppendRules rules;
  rules.validation = validation;
  return rules;
}

class BothDepths : public testing::TestWithParam<Validation> {
 protected:
  AppendRules rules_ = depth(GetParam());
  AppendVerdict judge(const std::string& records) { return validate_append(records, rules_, kNow); }
};

INSTANTIATE_TEST_SUITE_P(Validation, BothDepths,
                         testing::Values(Validation::kRelaxed, Validation::kStrict),
                         [](const auto& info) {
                           return info.param == Validation::kRelaxed ? "relaxed" : "strict";
                         });

TEST_P(BothDepths, ASoundBatchOfAnyCodecPassesUnchanged) {
  for (int codec = 0; codec < kCodecCount; ++codec) {
    const std::string batch = batch_of({.codec = static_cast<Codec>(codec)});
    const AppendVerdict verdict = judge(batch);
    ASSERT_TRUE(verdict.ok()) << verdict.message;
    EXPECT_FALSE(verdict.restamp_timestamps);
    EXPECT_EQ(verdict.max_timestamp, kNow + 2);
    EXPECT_EQ(verdict.batch->bytes(), batch);
    // Only the stamp differs.
    EXPECT_EQ(stamped_copy(verdict, Offset(9), LeaderEpoch(2)).substr(kBatchStampSize),
              batch.substr(kBatchStampSize));
  }
}

TEST_P(BothDepths, ADamagedChecksumIsACorruptMessage) {
  std::string batch = batch_of({});
  batch.back() = static_cast<char>(batch.back() ^ 1);
  EXPECT_EQ(judge(batch).error, ErrorCode::kCorruptMessage);
}

TEST_P(BothDepths, EveryCutIsRefused) {
  const std::string batch = batch_of({});
  for (size_t size = 0; size < batch.size(); ++size) {
    EXPECT_EQ(judge(batch.substr(0, size)).error, ErrorCode::kInvalidRecord) << size;
  }
}

TEST_P(BothDepths, TwoBatchesAreRefusedAndACutOffRestIsIgnored) {
  const std::string batch = batch_of({});
  EXPECT_EQ(judge(batch + batch).error, ErrorCode::kInvalidRecord);
  const std::string with_rest = batch + batch.substr(0, 40);
  const AppendVerdict verdict = judge(with_rest);
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict.batch->size(), batch.size());
}

TEST_P(BothDepths, CountsThatDisagreeWithTheOffsetsAreRefused) {
  for (const int32_t count : {-1, 0, 2, 4, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(judge(with<int32_t>(batch_of({}), 57, count)).error, ErrorCode::kInvalidRecord);
    EXPECT_EQ(judge(with<int32_t>(batch_of({}), 23, count)).error,
              count == 2 ? ErrorCode::kNone : ErrorCode::kInvalidRecord);
  }
}

TEST_P(BothDepths, ABatchOverTheSizeLimitIsTooLarge) {
  const std::string batch = batch_of({});
  rules_.max_batch_bytes = batch.size();
  EXPECT_TRUE(judge(batch).ok());
  rules_.max_batch_bytes = batch.size() - 1;
  EXPECT_EQ(judge(batch).error, ErrorCode::kMessageTooLarge);
}

TEST_P(BothDepths, ClientsMayNotWriteControlRecordsOrABaseOffset) {
  EXPECT_EQ(judge(batch_of({.control = true})).error, ErrorCode::kInvalidRecord);
  EXPECT_EQ(judge(batch_of({.base_offset = Offset(1)})).error, ErrorCode::kInvalidRecord);
}

TEST_P(BothDepths, AProducerIdNeedsASequence) {
  BatchOptions options{.producer_id = ProducerId(5), .producer_epoch = ProducerEpoch(0)};
  EXPECT_EQ(judge(batch_of(options)).error, ErrorCode::kInvalidRecord);
  options.base_sequence = 0;
  EXPECT_TRUE(judge(batch_of(options)).ok());
}

TEST_P(BothDepths, UnknownCodecsAndZstdForOldClientsAreRefused) {
  for (const int16_t codec : {5, 6, 7}) {
    EXPECT_EQ(judge(with<int16_t>(batch_of({}), 21, codec)).error, ErrorCode::kInvalidRecord);
  }
  rules_.zstd_allowed = false;
  EXPECT_EQ(judge(batch_of({.codec = Codec::kZstd})).error, ErrorCode::kUnsupportedCompressionType);
  EXPECT_TRUE(judge(batch_of({.codec = Codec::kLz4})).ok());
}

TEST_P(BothDepths, OtherFormatsAreRefused) {
  for (const int magic : {0, 1, 3, -1}) {
    std::string batch = batch_of({});
    batch[16] = static_cast<char>(magic);
    EXPECT_FALSE(judge(batch).ok());
  }
}

TEST_P(BothDepths, TimestampsTooFarFromTheClockAreRefusedUnlessTheLogGivesThem) {
  for (const Codec codec : {Codec::kNone, Codec::kGzip}) {
    rules_.timestamp_after_max_ms = 1000;
    rules_.timestamp_before_max_ms = 1000;
    rules_.timestamp_type = TimestampType::kCreateTime;
    EXPECT_TRUE(judge(batch_of({.codec = codec}, 3, kNow)).ok());
    EXPECT_EQ(judge(batch_of({.codec = codec}, 3, kNow + 2000)).error,
              ErrorCode::kInvalidTimestamp);
    EXPECT_EQ(judge(batch_of({.codec = codec}, 3, kNow - 2000)).error,
              ErrorCode::kInvalidTimestamp);
    rules_.timestamp_type = TimestampType::kLogAppendTime;
    EXPECT_TRUE(judge(batch_of({.codec = codec}, 3, kNow + 2000)).ok());
  }
}

TEST_P(BothDepths, ExtremeTimestampsDoNotOverflow) {
  rules_.timestamp_after_max_ms = 1000;
  EXPECT_EQ(judge(batch_of({}, 1, INT64_MAX)).error, ErrorCode::kInvalidTimestamp);
  rules_.timestamp_before_max_ms = 1000;
  EXPECT_EQ(judge(batch_of({}, 1, INT64_MIN)).error, ErrorCode::kInvalidTimestamp);
}

TEST_P(BothDepths, LogAppendTimeIsStampedUnderAValidChecksum) {
  rules_.timestamp_type = TimestampType::kLogAppendTime;
  const std::string batch = batch_of({.codec = Codec::kZstd}, 3, kNow - 500);
  const AppendVerdict verdict = judge(batch);
  ASSERT_TRUE(verdict.ok());
  EXPECT_TRUE(verdict.restamp_timestamps);
  const std::string stored = stamped_copy(verdict, Offset(3), LeaderEpoch(1));
  const auto view = BatchView::parse(stored);
  EXPECT_TRUE(view->crc_matches());
  EXPECT_EQ(view->max_timestamp(), kNow);
  EXPECT_EQ(view->timestamp_type(), TimestampType::kLogAppendTime);
  EXPECT_EQ(view->codec(), Codec::kZstd);
}

TEST_P(BothDepths, AWrongMaxTimestampOfUncompressedRecordsIsCorrected) {
  const std::string batch = with<int64_t>(batch_of({}), 35, kNow + 99999);
  const AppendVerdict verdict = judge(batch);
  ASSERT_TRUE(verdict.ok());
  EXPECT_TRUE(verdict.restamp_timestamps);
  EXPECT_EQ(verdict.max_timestamp, kNow + 2);
}

TEST_P(BothDepths, DamagedUncompressedRecordsAreSeenBehindAValidChecksum) {
  // The first record's length, one more than it is.
  const std::string batch = batch_of({});
  EXPECT_EQ(judge(with<int8_t>(batch, 61, static_cast<int8_t>(batch[61] + 2))).error,
            ErrorCode::kInvalidRecord);
}

TEST_P(BothDepths, RepeatedOffsetDeltasAreRefused) {
  BatchBuilder builder({.last_offset_delta = 1});
  builder.append_at(0, kNow, "k", "v");
  builder.append_at(0, kNow, "k", "v");
  EXPECT_EQ(judge(builder.finish()).error, ErrorCode::kInvalidRecord);
}

TEST_P(BothDepths, ACompactedTopicNeedsKeysAlsoInsideCompressedBatches) {
  rules_.compacted = true;
  for (const Codec codec : {Codec::kNone, Codec::kSnappy}) {
    BatchBuilder builder({.codec = codec});
    builder.append(kNow, "k", "v");
    builder.append(kNow, std::nullopt, "v");
    builder.append(kNow, std::nullopt, "v");
    const std::string batch = builder.finish();
    const AppendVerdict verdict = judge(batch);
    EXPECT_EQ(verdict.error, ErrorCode::kInvalidRecord);
    ASSERT_EQ(verdict.record_errors.size(), 2u);
    EXPECT_EQ(verdict.record_errors[0].index, 1);
    EXPECT_EQ(verdict.record_errors[1].index, 2);
    EXPECT_FALSE(verdict.batch.has_value());
  }
}

TEST_P(BothDepths, RecordErrorsAreBounded) {
  rules_.compacted = true;
  BatchBuilder builder;
  for (int i = 0; i < 1000; ++i) builder.append(kNow, std::nullopt, "v");
  EXPECT_EQ(judge(builder.finish()).record_errors.size(), kMaxRecordErrors);
}

// ---- where the depths differ ----

std::string compressed_garbage() {
  std::string batch = batch_of({.codec = Codec::kGzip});
  for (size_t i = kBatchHeaderSize; i < batch.size(); ++i) batch[i] = 'x';
  return with<int8_t>(batch, kBatchHeaderSize, 'x');
}

TEST(Validation, OnlyStrictLooksIntoCompressedRecords) {
  const std::string garbage = compressed_garbage();
  EXPECT_TRUE(validate_append(garbage, depth(Validation::kRelaxed), kNow).ok());
  EXPECT_EQ(validate_append(garbage, depth(Validation::kStrict), kNow).error,
            ErrorCode::kInvalidRecord);
}

TEST(Validation, StrictRefusesABombAtItsNamedBound) {
  BatchBuilder builder({.codec = Codec::kZstd});
  builder.append(kNow, "k", std::string(8 << 20, 'x'));
  const std::string bomb = builder.finish();
  ASSERT_LT(bomb.size(), 10000u);
  AppendRules rules = depth(Validation::kStrict);
  const AppendVerdict verdict = validate_append(bomb, rules, kNow);
  EXPECT_EQ(verdict.error, ErrorCode::kInvalidRecord);
  EXPECT_NE(verdict.message.find("limit"), std::string::npos) << verdict.message;
  rules.decompression.ratio_floor = 16 << 20;
  EXPECT_TRUE(validate_append(bomb, rules, kNow).ok());
}

}  // namespace
}  // namespace barnabas::kafka

#include "kafka/records/batch.h"

#include <gtest/gtest.h>

#include <string>

#include "kafka/records/builder.h"
#include "kafka/records/record.h"
#include "kafka/records/stamp.h"

namespace barnabas::kafka {
namespace {

std::string three_records() {
  BatchBuilder builder({.base_offset = Offset(7), .leader_epoch = LeaderEpoch(3)});
  const RecordHeaderView header{"trace", "x"};
  builder.append(1000, "a", "one");
  builder.append(1005, std::nullopt, "two", {&header, 1});
  builder.append(1002, "c", std::nullopt);
  return builder.finish();
}

TEST(Batch, WhatIsBuiltReadsBackTheSame) {
  const std::string bytes = three_records();
  const auto batch = BatchView::parse(bytes);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->size(), bytes.size());
  EXPECT_EQ(batch->base_offset(), Offset(7));
  EXPECT_EQ(batch->next_offset(), Offset(10));
  EXPECT_EQ(batch->leader_epoch(), LeaderEpoch(3));
  EXPECT_EQ(batch->max_timestamp(), 1005);
  EXPECT_EQ(batch->record_count(), 3);
  EXPECT_FALSE(batch->has_producer());
  EXPECT_TRUE(batch->crc_matches());

  RecordReader records(*batch, batch->payload());
  auto record = records.next();
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->key, "a");
  EXPECT_EQ(record->offset, Offset(7));
  record = records.next();
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->key, std::nullopt);
  EXPECT_EQ(record->timestamp, 1005);
  ASSERT_EQ(record->headers().size(), 1u);
  EXPECT_EQ(record->headers()[0].key, "trace");
  record = records.next();
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->value, std::nullopt);
  EXPECT_EQ(record->timestamp, 1002);
  EXPECT_FALSE(records.next().has_value());
  EXPECT_TRUE(records.status().ok()) << records.status();
}

TEST(Batch, AnyFlippedBitUnderTheChecksumIsSeen) {
  const std::string sound = three_records();
  for (size_t at = 17; at < sound.size(); ++at) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const auto batch = BatchView::parse(damaged);
    ASSERT_TRUE(batch.ok());
    EXPECT_FALSE(batch->crc_matches()) << "byte " << at;
  }
}

TEST(Batch, EveryCutIsOutOfRangeAndNeverDamage) {
  const std::string sound = three_records();
  for (size_t size = 0; size < sound.size(); ++size) {
    const auto batch = BatchView::parse(std::string_view(sound).substr(0, size));
    EXPECT_EQ(batch.status().code(), absl::StatusCode::kOutOfRange) << size;
  }
}

TEST(Batch, ALengthBelowTheHeaderAndAnotherMagicAreDamage) {
  std::string bytes = three_records();
  store_big_endian<int32_t>(bytes.data() + 8, 48);
  EXPECT_EQ(BatchView::parse(bytes).status().code(), absl::StatusCode::kDataLoss);
  store_big_endian<int32_t>(bytes.data() + 8, -1);
  EXPECT_EQ(BatchView::parse(bytes).status().code(), absl::StatusCode::kDataLoss);
  bytes = three_records();
  bytes[16] = 1;
  EXPECT_EQ(BatchView::parse(bytes).status().code(), absl::StatusCode::kDataLoss);
}

TEST(Batch, StampingLeavesTheChecksumValid) {
  std::string bytes = three_records();
  const auto batch = BatchView::parse(bytes);
  const BatchStamp made = make_stamp(*batch, Offset(1000), LeaderEpoch(9));
  EXPECT_EQ(batch->base_offset(), Offset(7));
  bytes.replace(0, made.size(), view(made));
  const auto stamped = BatchView::parse(bytes);
  EXPECT_EQ(stamped->base_offset(), Offset(1000));
  EXPECT_EQ(stamped->last_offset(), Offset(1002));
  EXPECT_EQ(stamped->leader_epoch(), LeaderEpoch(9));
  EXPECT_TRUE(stamped->crc_matches());
}

TEST(Batch, LogAppendTimeIsStampedUnderANewChecksumAndReadForEveryRecord) {
  std::string bytes = three_records();
  stamp_timestamps(bytes.data(), bytes.size(), TimestampType::kLogAppendTime, 5000);
  const auto batch = BatchView::parse(bytes);
  EXPECT_TRUE(batch->crc_matches());
  EXPECT_EQ(batch->timestamp_type(), TimestampType::kLogAppendTime);
  RecordReader records(*batch, batch->payload());
  while (auto record = records.next()) EXPECT_EQ(record->timestamp, 5000);
  EXPECT_TRUE(records.status().ok());
}

TEST(Batch, SequencesWrapAroundBehindTheLargest) {
  BatchBuilder builder({.producer_id = ProducerId(1),
                        .producer_epoch = ProducerEpoch(0),
                        .base_sequence = INT32_MAX});
  builder.append(1, std::nullopt, "x");
  builder.append(1, std::nullopt, "y");
  const std::string bytes = builder.finish();
  EXPECT_EQ(BatchView::parse(bytes)->last_sequence(), 0);
}

TEST(BatchStream, WalksWholeBatchesAndLeavesACutOffOne) {
  const std::string one = three_records();
  const std::string bytes = one + one + one.substr(0, 30);
  BatchStream batches(bytes);
  int count = 0;
  while (batches.next().has_value()) ++count;
  EXPECT_EQ(count, 2);
  EXPECT_EQ(batches.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(batches.rest().size(), 30u);
}

TEST(BatchStream, ACleanEndIsNoError) {
  const std::string bytes = three_records();
  BatchStream batches(bytes);
  EXPECT_TRUE(batches.next().has_value());
  EXPECT_FALSE(batches.next().has_value());
  EXPECT_TRUE(batches.status().ok());
}

TEST(RecordReader, ACountThatDisagreesWithTheRecordsIsDamage) {
  for (const int32_t count : {-1, 0, 2, 4, INT32_MAX}) {
    std::string bytes = three_records();
    store_big_endian<int32_t>(bytes.data() + 57, count);
    const auto batch = BatchView::parse(bytes);
    RecordReader records(*batch, batch->payload());
    while (records.next().has_value()) {
    }
    EXPECT_EQ(records.status().code(), absl::StatusCode::kDataLoss) << count;
  }
}

TEST(RecordReader, EveryCutOfTheRecordsIsDamage) {
  const std::string bytes = three_records();
  const auto batch = BatchView::parse(bytes);
  for (size_t size = 0; size < batch->payload().size(); ++size) {
    RecordReader records(*batch, batch->payload().substr(0, size));
    while (records.next().has_value()) {
    }
    EXPECT_EQ(records.status().code(), absl::StatusCode::kDataLoss) << size;
  }
}

TEST(BatchBuilder, KeepsTheOutlineOfACompactedBatch) {
  BatchBuilder builder({.last_offset_delta = 9, .delete_horizon_ms = 500});
  builder.append_at(4, 1000, "k", "v");
  const std::string bytes = builder.finish();
  const auto batch = BatchView::parse(bytes);
  EXPECT_EQ(batch->last_offset(), Offset(9));
  EXPECT_TRUE(batch->has_delete_horizon());
  EXPECT_EQ(batch->base_timestamp(), 500);
  RecordReader records(*batch, batch->payload());
  const auto record = records.next();
  EXPECT_EQ(record->offset, Offset(4));
  EXPECT_EQ(record->timestamp, 1000);
}

TEST(BatchBuilder, ABatchWithoutRecordsIsSound) {
  const std::string bytes = BatchBuilder({.last_offset_delta = 3}).finish();
  const auto batch = BatchView::parse(bytes);
  ASSERT_TRUE(batch.ok());
  EXPECT_TRUE(batch->crc_matches());
  EXPECT_EQ(batch->record_count(), 0);
  EXPECT_EQ(batch->base_timestamp(), -1);
}

}  // namespace
}  // namespace barnabas::kafka

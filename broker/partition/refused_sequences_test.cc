#include "broker/partition/refused_sequences.h"

#include <gtest/gtest.h>

#include <string>

#include "kafka/records/builder.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
constexpr ErrorCode kRefused = ErrorCode::kNotLeaderOrFollower;
const Instant kNow{std::chrono::seconds(100)};

class RefusedSequencesTest : public testing::Test {
 protected:
  static std::string batch(int32_t sequence, int64_t producer = 7, int16_t epoch = 0) {
    kafka::BatchOptions options;
    options.producer_id = ProducerId{producer};
    options.producer_epoch = ProducerEpoch{epoch};
    options.base_sequence = sequence;
    kafka::BatchBuilder builder(options);
    builder.append(1000, "k", "v");
    return builder.finish();
  }
  void note(const std::string& bytes, std::optional<int32_t> next = {}, Instant now = kNow) {
    refused.note(*kafka::BatchView::parse(bytes), kRefused, next, now);
  }
  ErrorCode before(const std::string& bytes, std::optional<int32_t> next = {}, Instant now = kNow) {
    return refused.before(*kafka::BatchView::parse(bytes), next, now);
  }

  RefusedSequences refused;
};

TEST_F(RefusedSequencesTest, WhatStandsBehindARefusedBatchWaitsForIt) {
  note(batch(10), 10);
  EXPECT_EQ(before(batch(15), 10), kRefused);
  EXPECT_EQ(before(batch(10), 10), ErrorCode::kNone);
  EXPECT_EQ(before(batch(15), 15), ErrorCode::kNone);  // it has come
  EXPECT_TRUE(refused.empty());
}

TEST_F(RefusedSequencesTest, AlsoOfAProducerThatTheLogDoesNotKnow) {
  note(batch(0));
  EXPECT_EQ(before(batch(5)), kRefused);
  EXPECT_EQ(before(batch(0)), ErrorCode::kNone);
}

TEST_F(RefusedSequencesTest, TheFirstOfSeveralRefusedOnesCounts) {
  note(batch(10), 10);
  note(batch(15), 10);
  EXPECT_EQ(before(batch(15), 10), kRefused);
  note(batch(5), 5);
  EXPECT_EQ(before(batch(10), 5), kRefused);
}

TEST_F(RefusedSequencesTest, WhatHasReachedTheLogThroughAnotherLeaderIsForgotten) {
  note(batch(10), 10);
  EXPECT_EQ(before(batch(40), 30), ErrorCode::kNone);  // a gap, for somebody else to say
  note(batch(40), 30);
  EXPECT_EQ(before(batch(45), 40), kRefused);
}

TEST_F(RefusedSequencesTest, OthersAreNotConcerned) {
  note(batch(10), 10);
  EXPECT_EQ(before(batch(15, 8), 15), ErrorCode::kNone);
  EXPECT_EQ(before(batch(0, 7, 1)), ErrorCode::kNone);  // a new epoch
  note(batch(10, -1));
  EXPECT_EQ(before(batch(15, -1)), ErrorCode::kNone);
}

TEST_F(RefusedSequencesTest, SequencesBeginAgainAfterTheLargest) {
  note(batch(INT32_MAX), INT32_MAX);
  EXPECT_EQ(before(batch(0), INT32_MAX), kRefused);
  EXPECT_EQ(before(batch(0), 0), ErrorCode::kNone);
}

TEST_F(RefusedSequencesTest, IsBoundedInTimeAndNumber) {
  note(batch(10), 10);
  EXPECT_EQ(before(batch(15), 10, kNow + RefusedSequences::kLongest), ErrorCode::kNone);
  for (int64_t producer = 0; producer < 2000; ++producer) note(batch(10, producer), 10);
  EXPECT_EQ(before(batch(15, 0), 10), kRefused);
  EXPECT_EQ(before(batch(15, 1999), 10), ErrorCode::kNone);
}

}  // namespace
}  // namespace barnabas::partition

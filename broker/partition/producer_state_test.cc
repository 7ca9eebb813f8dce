#include "broker/partition/producer_state.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

#include "common/bytes.h"
#include "kafka/records/builder.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
const WallTime kNow{std::chrono::milliseconds(1'700'000'000'000)};

std::string batch(int64_t producer, int16_t epoch, int32_t sequence, int32_t count,
                  int64_t base_offset, bool control = false) {
  kafka::BatchOptions options;
  options.base_offset = Offset{base_offset};
  options.producer_id = ProducerId{producer};
  options.producer_epoch = ProducerEpoch{epoch};
  options.base_sequence = sequence;
  options.control = control;
  kafka::BatchBuilder builder(options);
  for (int32_t i = 0; i < count; ++i) builder.append(1000 + base_offset + i, "k", "v");
  return builder.finish();
}

kafka::BatchView view(const std::string& bytes) { return *kafka::BatchView::parse(bytes); }

void append_to(ProducerState& state, const std::string& bytes) {
  state.apply(view(bytes), view(bytes).base_offset(), kNow);
}
SequenceCheck check(const ProducerState& state, const std::string& bytes) {
  return state.check(view(bytes));
}

TEST(ProducerState, TheNextSequenceIsAppendedAndAGapIsRefused) {
  ProducerState state(100);
  append_to(state, batch(7, 0, 0, 3, 50));
  EXPECT_EQ(check(state, batch(7, 0, 3, 1, 0)).error, ErrorCode::kNone);
  EXPECT_EQ(check(state, batch(7, 0, 4, 1, 0)).error, ErrorCode::kOutOfOrderSequenceNumber);
}

TEST(ProducerState, EachOfTheLastFiveBatchesIsRecognisedWithItsFirstOffset) {
  ProducerState state(100);
  for (int i = 0; i < 6; ++i) append_to(state, batch(7, 0, 2 * i, 2, 100 + 2 * i));
  for (int i = 1; i < 6; ++i) {
    const SequenceCheck found = check(state, batch(7, 0, 2 * i, 2, 0));
    ASSERT_TRUE(found.duplicate.has_value()) << i;
    EXPECT_EQ(found.duplicate->first_offset(), Offset{100 + 2 * i});
  }
  const SequenceCheck sixth = check(state, batch(7, 0, 0, 2, 0));
  EXPECT_FALSE(sixth.duplicate.has_value());
  EXPECT_EQ(sixth.error, ErrorCode::kOutOfOrderSequenceNumber);
}

TEST(ProducerState, SameFirstSequenceWithAnotherLengthIsNoDuplicate) {
  ProducerState state(100);
  append_to(state, batch(7, 0, 0, 3, 0));
  EXPECT_EQ(check(state, batch(7, 0, 0, 2, 0)).error, ErrorCode::kOutOfOrderSequenceNumber);
}

TEST(ProducerState, AnOlderEpochIsFencedAndANewOneBeginsAtZero) {
  ProducerState state(100);
  append_to(state, batch(7, 3, 0, 3, 0));
  EXPECT_EQ(check(state, batch(7, 2, 3, 1, 0)).error, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(check(state, batch(7, 4, 3, 1, 0)).error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(check(state, batch(7, 4, 0, 1, 0)).error, ErrorCode::kNone);
  append_to(state, batch(7, 4, 0, 3, 3));
  EXPECT_EQ(check(state, batch(7, 4, 0, 3, 0)).duplicate->first_offset(), Offset{3});
}

TEST(ProducerState, AnUnknownProducerMayBeginWithAnySequence) {
  ProducerState state(100);
  EXPECT_EQ(check(state, batch(7, 5, 1234, 1, 0)).error, ErrorCode::kNone);
}

TEST(ProducerState, SequencesGoOnWithZeroBehindTheLargest) {
  ProducerState state(100);
  append_to(state, batch(7, 0, INT32_MAX - 1, 2, 0));
  EXPECT_EQ(check(state, batch(7, 0, 0, 1, 0)).error, ErrorCode::kNone);
  append_to(state, batch(7, 0, INT32_MAX, 3, 2));  // INT32_MAX, 0, 1
  EXPECT_EQ(check(state, batch(7, 0, 2, 1, 0)).error, ErrorCode::kNone);
  ProducerState restored(100);
  ASSERT_TRUE(restored.restore(state.snapshot(), kNow).ok());
  EXPECT_TRUE(restored == state);
}

TEST(ProducerState, BatchesWithoutAProducerLeaveNoTrace) {
  ProducerState state(100);
  append_to(state, batch(-1, -1, -1, 3, 0));
  EXPECT_EQ(state.size(), 0u);
}

TEST(ProducerState, AProducerIsForgottenAfterItsSilence) {
  ProducerState state(100);
  append_to(state, batch(7, 0, 0, 1, 0));
  state.expire(kNow + std::chrono::milliseconds(999), std::chrono::milliseconds(1000));
  EXPECT_EQ(state.size(), 1u);
  state.expire(kNow + std::chrono::milliseconds(1000), std::chrono::milliseconds(1000));
  EXPECT_EQ(state.size(), 0u);
}

TEST(ProducerState, TheNumberOfProducersIsBoundedAndTheMostRecentStay) {
  ProducerState state(100);
  for (int i = 0; i < 1000; ++i) {
    append_to(state, batch(i, 0, 0, 1, i));
    ASSERT_LE(state.size(), 100u);
  }
  EXPECT_TRUE(check(state, batch(999, 0, 0, 1, 0)).duplicate.has_value());
}

TEST(ProducerState, ADamagedSnapshotIsRefusedAtEveryByteAndEveryLength) {
  ProducerState state(100);
  append_to(state, batch(7, 0, 0, 3, 0));
  append_to(state, batch(8, 1, 0, 1, 3));
  const std::string good = state.snapshot();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    ProducerState other(100);
    EXPECT_EQ(other.restore(bad, kNow).code(), absl::StatusCode::kDataLoss) << i;
    EXPECT_EQ(other.size(), 0u);
    EXPECT_FALSE(other.restore(std::string_view(good).substr(0, i), kNow).ok()) << i;
  }
}

TEST(ProducerState, ASnapshotHasTheVersionAndChecksumInFront) {
  const std::string bytes = ProducerState(100).snapshot();
  ASSERT_EQ(bytes.size(), 10u);  // version, CRC, count
  EXPECT_EQ(load_big_endian<int16_t>(bytes.data()), 1);
  EXPECT_EQ(load_big_endian<int32_t>(bytes.data() + 6), 0);
}

// The twin remembers every batch for ever, in a list.
struct PlainTwin {
  struct Entry {
    int64_t producer;
    int16_t epoch;
    int32_t first, last;
    int64_t offset;
  };
  std::vector<Entry> all;

  ErrorCode check(const Entry& entry, std::optional<int64_t>& duplicate) const {
    std::deque<Entry> own;
    for (const Entry& old : all) {
      if (old.producer == entry.producer) own.push_back(old);
    }
    if (own.empty()) return ErrorCode::kNone;
    const int16_t epoch = own.back().epoch;
    if (entry.epoch < epoch) return ErrorCode::kInvalidProducerEpoch;
    if (entry.epoch > epoch) {
      return entry.first == 0 ? ErrorCode::kNone : ErrorCode::kOutOfOrderSequenceNumber;
    }
    while (own.front().epoch != epoch) own.pop_front();
    while (own.size() > 5) own.pop_front();
    for (const Entry& old : own) {
      if (old.first == entry.first && old.last == entry.last) {
        duplicate = old.offset;
        return ErrorCode::kNone;
      }
    }
    return entry.first == own.back().last + 1 ? ErrorCode::kNone
                                              : ErrorCode::kOutOfOrderSequenceNumber;
  }
};

TEST(ProducerState, RebuiltFromAnySnapshotAndTheLogBehindItEqualsTheLiveOne) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    auto draw = [&](uint32_t below) { return static_cast<int32_t>(random() % below); };
    ProducerState live(1000);
    PlainTwin twin;
    std::vector<std::string> log;
    std::vector<std::string> snapshots{live.snapshot()};
    int64_t end = 0;
    for (int step = 0; step < 60; ++step) {
      PlainTwin::Entry entry;
      entry.producer = draw(3);
      entry.epoch = static_cast<int16_t>(draw(10) == 0 ? 1 : 0);
      const int32_t count = 1 + draw(3);
      entry.first = draw(12);
      for (const auto& old : twin.all) {  // mostly the right next one
        if (old.producer == entry.producer && old.epoch == entry.epoch && draw(4) != 0) {
          entry.first = old.last + 1;
        }
      }
      entry.last = entry.first + count - 1;
      entry.offset = end;
      const std::string bytes = batch(entry.producer, entry.epoch, entry.first, count, end);
      std::optional<int64_t> duplicate;
      const ErrorCode expected = twin.check(entry, duplicate);
      const SequenceCheck found = check(live, bytes);
      ASSERT_EQ(found.error, expected) << "seed " << seed << " step " << step;
      ASSERT_EQ(found.duplicate.has_value(), duplicate.has_value());
      if (duplicate.has_value()) {
        ASSERT_EQ(found.duplicate->first_offset().value(), *duplicate);
      }
      if (expected != ErrorCode::kNone || duplicate.has_value()) continue;
      append_to(live, bytes);
      twin.all.push_back(entry);
      log.push_back(bytes);
      snapshots.push_back(live.snapshot());
      end += count;
    }
    for (size_t from = 0; from < snapshots.size(); ++from) {
      ProducerState rebuilt(1000);
      ASSERT_TRUE(rebuilt.restore(snapshots[from], kNow).ok());
      for (size_t i = from; i < log.size(); ++i) append_to(rebuilt, log[i]);
      ASSERT_TRUE(rebuilt == live) << "seed " << seed << " from " << from;
      ASSERT_EQ(rebuilt.snapshot(), live.snapshot());
    }
  }
}

}  // namespace
}  // namespace barnabas::partition

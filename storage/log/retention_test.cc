#include "storage/log/retention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "common/random.h"

namespace barnabas::storage {
namespace {

constexpr int64_t kNow = 1'000'000;

struct Case {
  RetentionRules rules;
  Offset log_start;
  Offset limit;
  std::vector<SegmentFacts> segments;
};

uint64_t bytes_from(const std::vector<SegmentFacts>& segments, size_t first) {
  uint64_t sum = 0;
  for (size_t i = first; i < segments.size(); ++i) sum += segments[i].bytes;
  return sum;
}

size_t decided(const Case& given) {
  Retention retention(given.rules, given.log_start, given.limit, bytes_from(given.segments, 0),
                      WallTime(std::chrono::milliseconds(kNow)));
  size_t gone = 0;
  // Asked on behind the first that stays, on purpose: nothing may follow it.
  for (const SegmentFacts& segment : given.segments) gone += retention.may_go(segment) ? 1 : 0;
  return gone;
}

// The plain twin: one rule after the other over what is left, again and again until nothing goes.
size_t expected(const Case& given) {
  size_t gone = 0;
  while (gone < given.segments.size()) {
    const SegmentFacts& oldest = given.segments[gone];
    if (oldest.bytes == 0 || oldest.end > given.limit) break;
    const bool by_start = oldest.end <= given.log_start;
    const bool by_age = given.rules.keep_ms != -1 && oldest.largest_timestamp_ms != -1 &&
                        oldest.largest_timestamp_ms + given.rules.keep_ms < kNow;
    const bool by_size =
        given.rules.keep_bytes != -1 &&
        bytes_from(given.segments, gone + 1) >= static_cast<uint64_t>(given.rules.keep_bytes);
    if (!by_start && !by_age && !by_size) break;
    ++gone;
  }
  return gone;
}

// Segments of 100 bytes and 10 offsets each, the first timestamp of the oldest at `oldest`.
Case segments(const std::vector<int64_t>& timestamps) {
  Case out{{}, Offset{0}, Offset{1000}, {}};
  for (size_t i = 0; i < timestamps.size(); ++i) {
    const auto base = static_cast<int64_t>(i) * 10;
    out.segments.push_back({Offset{base}, Offset{base + 10}, 100, timestamps[i]});
  }
  return out;
}

TEST(Retention, WithoutRulesNothingGoes) { EXPECT_EQ(decided(segments({0, 1, 2})), 0u); }

TEST(Retention, ASegmentGoesWhenItsNewestRecordIsOlderThanTheLimit) {
  Case given = segments({kNow - 5001, kNow - 5000, kNow});
  given.rules.keep_ms = 5000;
  EXPECT_EQ(decided(given), 1u);
  given.rules.keep_ms = 0;
  EXPECT_EQ(decided(given), 2u) << "of this very millisecond";
}

TEST(Retention, OneYoungSegmentKeepsAllBehindIt) {
  Case given = segments({kNow, 1, 1});
  given.rules.keep_ms = 5000;
  EXPECT_EQ(decided(given), 0u);
}

TEST(Retention, RecordsWithoutTimestampsHaveNoAge) {
  Case given = segments({-1, 1});
  given.rules.keep_ms = 0;
  EXPECT_EQ(decided(given), 0u);
}

TEST(Retention, BySizeWhatIsLeftIsNeverLessThanWhatIsToBeKept) {
  Case given = segments({kNow, kNow, kNow});
  given.rules.keep_bytes = 200;
  EXPECT_EQ(decided(given), 1u);
  given.rules.keep_bytes = 201;
  EXPECT_EQ(decided(given), 0u);
  given.rules.keep_bytes = 0;
  EXPECT_EQ(decided(given), 3u);
}

TEST(Retention, NothingGoesThatReachesAboveTheLimit) {
  Case given = segments({1, 1, 1});
  given.rules.keep_ms = 1;
  given.limit = Offset{19};
  EXPECT_EQ(decided(given), 1u);
  given.limit = Offset{20};
  EXPECT_EQ(decided(given), 2u);
}

TEST(Retention, WhatLiesBelowTheLogStartGoesWithoutAnyRule) {
  Case given = segments({kNow, kNow, kNow});
  given.log_start = Offset{20};
  EXPECT_EQ(decided(given), 2u);
}

TEST(Retention, DecidesLikeItsPlainTwin) {
  const auto random = seeded_random(4711);
  size_t gone = 0;
  for (int round = 0; round < 20'000; ++round) {
    Case given;
    const auto draw = [&](uint64_t below) { return static_cast<int64_t>(random->below(below)); };
    if (draw(3) > 0) given.rules.keep_ms = draw(100);
    if (draw(3) > 0) given.rules.keep_bytes = draw(500);
    int64_t at = draw(20);
    const auto count = static_cast<size_t>(draw(8));
    for (size_t i = 0; i < count; ++i) {
      const int64_t size = draw(12) == 0 ? 0 : 1 + draw(20);
      const int64_t age = draw(200);
      given.segments.push_back({Offset{at}, Offset{at + size}, static_cast<uint64_t>(size * 10),
                                draw(10) == 0 ? -1 : kNow - age});
      at += size;
    }
    given.log_start = Offset{draw(40)};
    given.limit = Offset{draw(static_cast<uint64_t>(at) + 2)};
    const size_t answer = decided(given);
    ASSERT_EQ(answer, expected(given)) << "round " << round;
    gone += answer;
  }
  EXPECT_GT(gone, 1000u) << "the cases decide something";
}

}  // namespace
}  // namespace barnabas::storage

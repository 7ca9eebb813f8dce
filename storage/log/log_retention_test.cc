// How a log loses its beginning: by age and size, with the files that go and when.

#include <gtest/gtest.h>

#include <algorithm>

#include "common/random.h"
#include "storage/log/testing/log_fixture.h"

namespace barnabas::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LogRetention : public Logs {
 protected:
  // Five segments, the n-th with records of the time n * 1000 only.
  void append_dated(int count) {
    options_.segment_bytes = 600;
    log_->set_options(options_);
    for (int i = 1; i <= count; ++i) {
      const auto appended = log_->append_as_leader(
          client_batch(std::vector<int64_t>{i * 1000, i * 1000}, std::string(200, 'v')),
          LeaderEpoch{0}, wall(i * 1000));
      ASSERT_TRUE(appended.ok()) << appended.status();
      flush();
    }
  }
  Offset start_by(int64_t keep_ms, int64_t keep_bytes, int64_t now, Offset limit) {
    const auto to = log_->retention_start({keep_ms, keep_bytes}, limit, wall(now));
    EXPECT_TRUE(to.ok()) << to.status();
    return to.value_or(kNoOffset);
  }
  Offset start_by(int64_t keep_ms, int64_t keep_bytes, int64_t now) {
    return start_by(keep_ms, keep_bytes, now, log_->end());
  }
  size_t count(std::string_view suffix) {
    const auto all = names();
    return static_cast<size_t>(std::count_if(
        all.begin(), all.end(), [&](const std::string& name) { return name.ends_with(suffix); }));
  }
};

TEST_F(LogRetention, SegmentsGoByTheirNewestRecordWhetherTheirIndexIsInMemoryOrOnDisk) {
  append_dated(5);
  EXPECT_EQ(start_by(2500, -1, 5000), Offset{4});
  ASSERT_TRUE(log_->close().ok());
  open({.clean = true});
  EXPECT_EQ(start_by(2500, -1, 5000), Offset{4});
  EXPECT_EQ(start_by(-1, -1, 1'000'000), Offset{0});
}

TEST_F(LogRetention, SegmentsGoBySize) {
  append_dated(5);
  const auto one = static_cast<int64_t>(log_->size_bytes() / 5);
  EXPECT_EQ(start_by(-1, 2 * one, 5000), Offset{6});
  EXPECT_EQ(start_by(-1, 2 * one + 1, 5000), Offset{4});
  EXPECT_EQ(start_by(-1, 0, 5000), Offset{10}) << "the active one too";
}

TEST_F(LogRetention, WhatIsNotBelowTheLimitStays) {
  append_dated(5);
  EXPECT_EQ(start_by(0, 0, 1'000'000, Offset{5}), Offset{4});
}

TEST_F(LogRetention, TheLastFileGoesOnceTheNextNameIsOnDisk) {
  append_dated(2);
  ASSERT_TRUE(log_->advance_start(start_by(0, -1, 1'000'000)).ok());
  EXPECT_EQ(log_->start(), log_->end());
  ASSERT_TRUE(log_->roll_if_spent().ok());
  ASSERT_TRUE(*log_->remove_deleted(9, Instant{}) == false);
  EXPECT_EQ(count(kLogSuffix), 2u) << "the name of the new one may yet be lost";
  flush();
  ASSERT_TRUE(log_->remove_deleted(9, Instant{}).ok());
  EXPECT_EQ(count(kLogSuffix), 1u);
  EXPECT_TRUE(disk_.exists(file(4)));
  append(1);
  flush();
  EXPECT_EQ(log_->end(), Offset{5});
}

TEST_F(LogRetention, ALogThatLostAllItsRecordsGoesOnWhereItWasAfterACrash) {
  const auto random = seeded_random(5);
  for (int crash_after = 0; crash_after < 4; ++crash_after) {
    SCOPED_TRACE(crash_after);
    append_dated(2);
    const Offset end = log_->end();
    ASSERT_TRUE(log_->advance_start(end).ok());
    if (crash_after > 0) {
      ASSERT_TRUE(log_->roll_if_spent().ok());
    }
    if (crash_after > 1) flush();
    if (crash_after > 2) {
      ASSERT_TRUE(log_->remove_deleted(9, Instant{}).ok());
    }
    log_.reset();
    disk_.crash(*random);
    open({.clean = false, .recovery_point = end, .log_start = end});
    EXPECT_EQ(log_->start(), end);
    EXPECT_EQ(log_->end(), end);
  }
}

TEST_F(LogRetention, AnActiveSegmentThatCanStillBeReadIsNotRolled) {
  append_dated(1);
  ASSERT_TRUE(log_->advance_start(Offset{1}).ok());
  ASSERT_TRUE(log_->roll_if_spent().ok());
  EXPECT_EQ(last_segment(), 0);
}

TEST_F(LogRetention, AFileThatWasSetAsideStaysForItsTimeAndThenGoesAFewAtOnce) {
  options_.delete_delay = seconds(60);
  append_dated(5);
  ASSERT_TRUE(log_->advance_start(Offset{6}).ok());
  EXPECT_EQ(count(kDeletedSuffix), 3u);
  const Instant now{};
  EXPECT_TRUE(*log_->remove_deleted(9, now));
  EXPECT_TRUE(*log_->remove_deleted(9, now + seconds(59)));
  EXPECT_EQ(count(kDeletedSuffix), 3u);
  EXPECT_TRUE(*log_->remove_deleted(2, now + seconds(60)));
  EXPECT_EQ(count(kDeletedSuffix), 1u);
  EXPECT_FALSE(*log_->remove_deleted(2, now + seconds(60)));
  EXPECT_EQ(count(kDeletedSuffix), 0u);
}

TEST_F(LogRetention, JitterRollsASegmentSoonerAndNeverLater) {
  options_.segment_age = seconds(100);
  options_.segment_jitter = seconds(50);
  size_t different = 0;
  std::optional<int64_t> first;
  for (int i = 0; i < 20; ++i) {
    log_.reset();
    auto opened = Log::open(disk_, "/data/j-" + std::to_string(i), options_, {});
    ASSERT_TRUE(opened.ok());
    log_ = *std::move(opened);
    append(1);
    flush();
    const Offset base = log_->active_segment_base();
    std::optional<int64_t> rolled_at;
    for (int64_t age = 0; age <= 101 && !rolled_at.has_value(); ++age) {
      ASSERT_TRUE(log_->roll_if_old(wall(1000) + seconds(age)).ok());
      if (log_->active_segment_base() != base) rolled_at = age;
    }
    ASSERT_TRUE(rolled_at.has_value());
    EXPECT_GT(*rolled_at, 49);
    if (!first.has_value()) first = rolled_at;
    different += *rolled_at != *first ? 1 : 0;
  }
  EXPECT_GT(different, 10u);
}

}  // namespace
}  // namespace barnabas::storage

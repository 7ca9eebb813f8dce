#include "broker/partition/follower_progress.h"

#include <gtest/gtest.h>

namespace barnabas::partition {
namespace {

using std::chrono::seconds;
const Instant kStart{seconds(1000)};
constexpr Duration kFlushLag{seconds(10)};

FollowerProgress follower() {
  return FollowerProgress(BrokerId{2}, BrokerEpoch{5}, kFlushLag, kStart);
}

TEST(FollowerProgress, S15_ADurableEndIsClampedToWhatItsFetchesHaveProved) {
  FollowerProgress progress = follower();
  progress.reported(Offset{80}, kStart);
  EXPECT_EQ(progress.durable_end(), std::nullopt);
  progress.fetched(Offset{50}, kStart);
  EXPECT_EQ(progress.durable_end(), Offset{50});
  progress.fetched(Offset{100}, kStart);
  EXPECT_EQ(progress.durable_end(), Offset{80});
}

TEST(FollowerProgress, S15_WithoutAReportTheDurableEndIsUnknown) {
  FollowerProgress progress = follower();
  progress.fetched(Offset{50}, kStart);
  EXPECT_EQ(progress.durable_end(), std::nullopt);
  EXPECT_EQ(progress.end(false), Offset{50});
}

TEST(FollowerProgress, S20_IsCaughtUpAsOfTheMomentWhoseLogEndItHasOnDisk) {
  LogEndSamples samples(seconds(60), seconds(1));
  samples.note(kStart + seconds(1), Offset{10});
  samples.note(kStart + seconds(2), Offset{20});
  samples.note(kStart + seconds(3), Offset{30});
  FollowerProgress progress = follower();
  progress.fetched(Offset{35}, kStart + seconds(4));
  progress.reported(Offset{25}, kStart + seconds(4));
  progress.observe(Offset{40}, samples, true, kStart + seconds(4));
  EXPECT_EQ(progress.caught_up_at(), kStart + seconds(2));
  // Fetched is not flushed: only in `replicated` mode does the fetched end count.
  progress.observe(Offset{40}, samples, false, kStart + seconds(4));
  EXPECT_EQ(progress.caught_up_at(), kStart + seconds(3));
}

TEST(FollowerProgress, S20_AtTheLogEndItIsCaughtUpNow) {
  LogEndSamples samples(seconds(60), seconds(1));
  FollowerProgress progress = follower();
  progress.fetched(Offset{40}, kStart);
  progress.reported(Offset{40}, kStart);
  progress.observe(Offset{40}, samples, true, kStart + seconds(90));
  EXPECT_EQ(progress.caught_up_at(), kStart + seconds(90));
}

TEST(FollowerProgress, S20_ADiskThatNoLongerFollowsIsStuckAfterTheFlushLagLimit) {
  FollowerProgress progress = follower();
  progress.fetched(Offset{10}, kStart);
  progress.reported(Offset{10}, kStart);
  EXPECT_FALSE(progress.flush_is_stuck(kStart + seconds(60)));
  progress.fetched(Offset{20}, kStart + seconds(60));
  progress.fetched(Offset{30}, kStart + seconds(65));  // does not start the watch again
  EXPECT_FALSE(progress.flush_is_stuck(kStart + seconds(70)));
  EXPECT_TRUE(progress.flush_is_stuck(kStart + seconds(71)));
}

TEST(FollowerProgress, S20_ADiskThatKeepsUpUnderSteadyLoadIsNeverStuck) {
  FollowerProgress progress = follower();
  progress.fetched(Offset{10}, kStart);
  for (int i = 1; i < 100; ++i) {
    progress.fetched(Offset{10 + i}, kStart + seconds(i));
    progress.reported(Offset{8 + i}, kStart + seconds(i));
    EXPECT_FALSE(progress.flush_is_stuck(kStart + seconds(i)));
  }
}

TEST(FollowerProgress, S20_AfterBeingStuckItMustBeWellForAsLongBeforeItReturns) {
  FollowerProgress progress = follower();
  progress.fetched(Offset{10}, kStart);
  progress.bar();
  EXPECT_FALSE(progress.is_well(kStart + seconds(100)));
  progress.reported(Offset{10}, kStart + seconds(100));
  EXPECT_FALSE(progress.is_well(kStart + seconds(109)));
  EXPECT_TRUE(progress.is_well(kStart + seconds(110)));
}

TEST(FollowerProgress, S20_AnotherFitStartsTheWaitAnew) {
  FollowerProgress progress = follower();
  progress.fetched(Offset{10}, kStart);
  progress.bar();
  progress.reported(Offset{10}, kStart);
  progress.fetched(Offset{20}, kStart + seconds(1));
  EXPECT_FALSE(progress.is_well(kStart + seconds(15)));  // stuck again
  progress.reported(Offset{20}, kStart + seconds(20));
  EXPECT_FALSE(progress.is_well(kStart + seconds(29)));
  EXPECT_TRUE(progress.is_well(kStart + seconds(30)));
}

}  // namespace
}  // namespace barnabas::partition

// What a follower learns, and what it may cut. Rules carry their id.

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/partition/testing/core_replica.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using metadata::Durability;
using metadata::PartitionImage;
using std::chrono::seconds;

TEST(CoreFollower, AFollowerLearnsTheHighWatermarkOnlyWhereItsLogAgreesWithTheLeaders) {
  CoreReplica replica;
  replica.log.end = Offset{100};
  replica.follow(kB);
  Effects effects;
  replica.core.told_high_watermark(LeaderEpoch{1}, Offset{80}, effects);
  EXPECT_EQ(replica.mark(), 0);  // nothing is known to agree yet
  replica.log.end = Offset{60};
  replica.core.agreed(replica.log, Offset{80}, effects);
  EXPECT_EQ(replica.mark(), 60);
  replica.log.end = Offset{100};
  replica.core.agreed(replica.log, Offset{80}, effects);
  replica.core.told_high_watermark(LeaderEpoch{1}, Offset{90}, effects);
  EXPECT_EQ(replica.mark(), 90);
  replica.core.told_high_watermark(LeaderEpoch{0}, Offset{100}, effects);
  EXPECT_EQ(replica.mark(), 90);  // an answer from an earlier epoch
}

TEST(CoreFollower, AFollowerMustAgreeAnewWithEachNewLeader) {
  CoreReplica replica;
  replica.log.end = Offset{100};
  replica.follow(kB);
  Effects effects;
  replica.core.agreed(replica.log, Offset{10}, effects);
  EXPECT_TRUE(replica.core.has_agreed());
  replica.follow(kC);
  EXPECT_FALSE(replica.core.has_agreed());
}

TEST(CoreFollower, S13_TruncationBelowTheHighWatermarkIsRefusedWithinALineage) {
  CoreReplica replica(Offset{50}, Lineage{3});
  replica.state.lineage = Lineage{3};
  replica.log.end = Offset{100};
  replica.follow(kB);
  EXPECT_TRUE(replica.core.may_truncate(Offset{50}));
  EXPECT_FALSE(replica.core.may_truncate(Offset{49}));
}

TEST(CoreFollower, S13_TruncationBelowTheHighWatermarkIsLegalWhenTheLineageHasMoved) {
  CoreReplica replica(Offset{50}, Lineage{3});
  replica.state.lineage = Lineage{4};
  replica.log.end = Offset{100};
  replica.follow(kB);
  EXPECT_TRUE(replica.core.may_truncate(Offset{20}));
  replica.core.truncated(Offset{20});
  EXPECT_EQ(replica.mark(), 20);
  // Once it agrees with the new lineage's leader, the rule binds again.
  replica.log.end = Offset{40};
  Effects effects;
  replica.core.agreed(replica.log, Offset{40}, effects);
  EXPECT_FALSE(replica.core.may_truncate(Offset{39}));
}

TEST(CoreFollower, S13_AfterARestartOnlyAPartitionThatNeverHadAnUncleanElectionIsSure) {
  CoreReplica never(Offset{50});
  never.follow(kB);
  EXPECT_FALSE(never.core.may_truncate(Offset{49}));
  CoreReplica once(Offset{50});
  once.state.lineage = Lineage{1};
  once.follow(kB);
  EXPECT_TRUE(once.core.may_truncate(Offset{49}));
}

TEST(CoreFollower, S13_AFencedReplicaNeitherLeadsNorFollows) {
  CoreReplica replica;
  replica.lead();
  Effects effects;
  replica.core.fence("a test", effects);
  EXPECT_TRUE(effects.leadership_ended);
  EXPECT_EQ(replica.check(kB, 12, 1), ErrorCode::kKafkaStorageError);
  EXPECT_FALSE(replica.lead().begin_epoch.has_value());
  replica.follow(kB);
  EXPECT_EQ(replica.core.role(), Role::kFenced);
}

}  // namespace
}  // namespace barnabas::partition

// Who joins and leaves the in-sync set, and how that is proposed. Rules carry their id.

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/partition/testing/core_replica.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using metadata::Durability;
using metadata::PartitionImage;
using std::chrono::seconds;

TEST(CoreInSync, S14_AReplicaJoinsByItsDurableEndNotByItsLogEnd) {
  CoreReplica replica;
  replica.state.in_sync = {kSelf, kB};
  replica.lead();
  replica.append(100);
  replica.flush();
  replica.has(kB, 100);
  ASSERT_EQ(replica.mark(), 100);
  EXPECT_FALSE(replica.fetch(kC, 100).propose.has_value());
  EXPECT_FALSE(replica.report(kC, 60).propose.has_value());
  EXPECT_EQ(members(replica.report(kC, 100)), (std::vector<BrokerId>{kSelf, kB, kC}));
}

TEST(CoreInSync, S14_AReplicaMustHaveReachedTheStartOfTheLeadersEpoch) {
  CoreReplica replica;
  replica.state.in_sync = {kSelf, kB};
  replica.log.end = replica.log.durable_end = Offset{100};
  replica.lead();
  ASSERT_EQ(replica.mark(), 0);
  EXPECT_FALSE(replica.has(kC, 99).propose.has_value());
  EXPECT_TRUE(replica.has(kC, 100).propose.has_value());
}

TEST(CoreInSync, S14_AJoiningReplicaHoldsTheHighWatermarkFromTheStepThatProposesIt) {
  CoreReplica replica;
  replica.state.in_sync = {kSelf};
  replica.lead();
  replica.append(10);
  replica.flush();
  ASSERT_EQ(replica.mark(), 10);
  ASSERT_TRUE(replica.has(kB, 10).propose.has_value());
  replica.append(10);
  replica.flush();
  EXPECT_EQ(replica.mark(), 10);
  replica.has(kB, 20);
  EXPECT_EQ(replica.mark(), 20);
}

TEST(CoreInSync, S14_AProposalWithoutAnAnswerGoesOnToCountAndIsSentAgain) {
  CoreReplica replica;
  replica.state.in_sync = {kSelf};
  replica.lead();
  const Effects sent = replica.has(kB, 0);
  ASSERT_TRUE(sent.propose.has_value());
  Effects effects;
  replica.core.answered(*sent.propose, std::nullopt, replica.log, replica.now, effects);
  replica.append(5);
  replica.flush();
  EXPECT_EQ(replica.mark(), 0);
  EXPECT_EQ(members(replica.tick(seconds(1))), (std::vector<BrokerId>{kSelf, kB}));
}

TEST(CoreInSync, AProposalCarriesTheEpochOfEachMembersIncarnation) {
  CoreReplica replica;
  replica.state.in_sync = {kSelf};
  replica.lead();
  const Effects sent = replica.has(kB, 0);
  ASSERT_TRUE(sent.propose.has_value());
  EXPECT_EQ(sent.propose->partition_epoch, replica.state.partition_epoch);
  EXPECT_EQ(sent.propose->in_sync[0].epoch, BrokerEpoch{11});
  EXPECT_EQ(sent.propose->in_sync[1].epoch, BrokerEpoch{12});
}

// `replica` leads and wants kB in its set, which the controller does not.
Effects refused_proposal(CoreReplica& replica) {
  replica.state.in_sync = {kSelf};
  replica.lead();
  const Effects sent = replica.has(kB, 0);
  Effects effects;
  replica.core.answered(*sent.propose, ErrorCode::kIneligibleReplica, replica.log, replica.now,
                        effects);
  return effects;
}

TEST(CoreInSync, ARefusedProposalIsNotRepeatedAtOnce) {
  CoreReplica replica;
  const Effects effects = refused_proposal(replica);
  EXPECT_FALSE(effects.propose.has_value());
  EXPECT_FALSE(replica.has(kB, 0).propose.has_value());
  EXPECT_TRUE(replica.tick(seconds(1)).propose.has_value());
}

TEST(CoreInSync, ARefusedProposalIsRepeatedWhenTheCommittedStateChanges) {
  CoreReplica replica;
  refused_proposal(replica);
  EXPECT_TRUE(replica.commit().propose.has_value());
}

TEST(CoreInSync, S20_AFollowerThatFallsBehindInTimeIsToLeave) {
  CoreReplica replica;
  replica.lead();
  replica.append(10);
  replica.flush();
  replica.has(kB, 10);
  replica.fetch(kC, 5);
  replica.report(kC, 5);
  EXPECT_FALSE(replica.tick(seconds(30)).propose.has_value());
  EXPECT_EQ(members(replica.tick(seconds(1))), (std::vector<BrokerId>{kSelf, kB}));
}

TEST(CoreInSync, S20_UnderASteadyStreamAFollowerThatIsAlwaysASecondBehindStays) {
  CoreReplica replica;
  replica.lead();
  replica.flush();
  replica.has(kB, 0);
  replica.has(kC, 0);
  for (int second = 0; second < 120; ++second) {
    const int64_t before = replica.log.end.value();
    replica.append(100);
    replica.flush();
    EXPECT_FALSE(replica.has(kB, before).propose.has_value());
    EXPECT_FALSE(replica.has(kC, before).propose.has_value());
    EXPECT_FALSE(replica.tick(seconds(1)).propose.has_value()) << second;
  }
}

TEST(CoreInSync, S20_AStuckFlushLeavesTheSetSoonerThanSlowReplication) {
  CoreReplica replica;
  replica.lead();
  replica.append(10);
  replica.flush();
  replica.has(kB, 10);
  replica.fetch(kC, 10);  // copied at once, never flushed
  EXPECT_FALSE(replica.tick(seconds(10)).propose.has_value());
  const Effects effects = replica.tick(seconds(1));
  EXPECT_EQ(members(effects), (std::vector<BrokerId>{kSelf, kB}));
  replica.state.in_sync = {kSelf, kB};
  replica.commit();
  EXPECT_EQ(replica.mark(), 10);
  // Hysteresis: one good flush is not enough to come back.
  EXPECT_FALSE(replica.report(kC, 10).propose.has_value());
  EXPECT_FALSE(replica.tick(seconds(9)).propose.has_value());
  EXPECT_EQ(members(replica.tick(seconds(1))), (std::vector<BrokerId>{kSelf, kB, kC}));
}

TEST(CoreInSync, AFollowerThatIsToLeaveHoldsTheHighWatermarkUntilThatIsCommitted) {
  CoreReplica replica;
  replica.lead();
  replica.append(10);
  replica.flush();
  replica.has(kB, 10);
  ASSERT_TRUE(replica.tick(seconds(31)).propose.has_value());
  EXPECT_EQ(replica.mark(), 0);
  replica.state.in_sync = {kSelf, kB};
  EXPECT_TRUE(replica.commit().high_watermark_moved);
  EXPECT_EQ(replica.mark(), 10);
}

}  // namespace
}  // namespace barnabas::partition

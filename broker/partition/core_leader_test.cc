// What a leader promises, one test for each sentence: roles, what counts for the high watermark,
// durability modes. Rules carry their id.

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/partition/testing/core_replica.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using metadata::Durability;
using metadata::PartitionImage;
using std::chrono::seconds;

// ---- Roles ----

TEST(CoreLeader, ANewLeaderBeginsItsEpochAtTheEndOfItsLog) {
  CoreReplica replica;
  replica.log.end = Offset{40};
  EXPECT_EQ(replica.lead().begin_epoch, LeaderEpoch{1});
  EXPECT_EQ(replica.core.epoch_start(), Offset{40});
}

TEST(CoreLeader, S8_AnOlderCommittedStateIsIgnored) {
  CoreReplica replica;
  replica.lead();
  PartitionImage old = replica.state;
  replica.commit();
  old.leader = kB;
  Effects effects;
  replica.core.commit(old, BrokerEpoch{11}, replica.epochs, replica.log, replica.now, effects);
  EXPECT_TRUE(replica.core.leading());
  EXPECT_FALSE(effects.role_changed);
}

TEST(CoreLeader, S9_NeverLeadsInAnEpochThatItsLogAlreadyHoldsFromBefore) {
  CoreReplica replica;
  replica.log.end = Offset{40};
  replica.log.last_epoch = LeaderEpoch{1};  // written by an earlier incarnation as leader
  EXPECT_EQ(replica.lead().begin_epoch, std::nullopt);
  EXPECT_FALSE(replica.core.leading());
  EXPECT_EQ(replica.check(kB, 12, 1), ErrorCode::kNotLeaderOrFollower);
  EXPECT_TRUE(replica.lead().begin_epoch.has_value());  // epoch 2
  EXPECT_TRUE(replica.core.leading());
}

TEST(CoreLeader, S21_LosingTheLeadershipOrItsEpochEndsWhatIsParked) {
  CoreReplica replica;
  replica.lead();
  EXPECT_TRUE(replica.lead().leadership_ended);  // the same broker, a newer epoch
  EXPECT_TRUE(replica.follow(kB).leadership_ended);
  EXPECT_FALSE(replica.follow(kC).leadership_ended);
}

// ---- High watermark ----

TEST(CoreLeader, TheHighWatermarkIsTheSmallestDurableEndOfTheInSyncSet) {
  CoreReplica replica;
  replica.lead();
  replica.append(10);
  replica.has(kB, 10);
  replica.has(kC, 7);
  EXPECT_EQ(replica.mark(), 0);  // its own disk counts too
  EXPECT_TRUE(replica.flush().high_watermark_moved);
  EXPECT_EQ(replica.mark(), 7);
}

TEST(CoreLeader, S17_TheLeadersOwnShareComesFromItsLogsDurableEnd) {
  CoreReplica replica;
  replica.state.replicas = {kSelf};
  replica.state.in_sync = {kSelf};
  replica.lead();
  replica.append(10);
  EXPECT_EQ(replica.mark(), 0);
  replica.log.durable_end = Offset{4};
  Effects effects;
  replica.core.flushed(replica.log, replica.now, effects);
  EXPECT_EQ(replica.mark(), 4);
}

TEST(CoreLeader, UnderReplicatedDurabilityTheLogEndsCount) {
  CoreReplica replica;
  replica.state.durability = replica.state.durability_wanted = Durability::kReplicated;
  replica.lead();
  replica.append(10);
  replica.fetch(kB, 10);
  replica.fetch(kC, 8);
  EXPECT_EQ(replica.mark(), 8);
}

TEST(CoreLeader, S15_ANewLeaderKnowsNobodysDurableEnd) {
  CoreReplica replica;
  replica.lead();
  replica.append(10);
  replica.flush();
  replica.has(kB, 10);
  replica.has(kC, 5);
  EXPECT_EQ(replica.mark(), 5);
  replica.lead();
  replica.has(kC, 10);
  EXPECT_EQ(replica.mark(), 5);  // kB has not spoken in this epoch
  replica.has(kB, 10);
  EXPECT_EQ(replica.mark(), 10);
}

TEST(CoreLeader, S15_AReportOfAnotherLeaderEpochOrIncarnationIsRefused) {
  CoreReplica replica;
  replica.lead();
  replica.lead();
  EXPECT_EQ(replica.check(kB, 12, 2), ErrorCode::kNone);
  EXPECT_EQ(replica.check(kB, 12, 1), ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(replica.check(kB, 12, 3), ErrorCode::kUnknownLeaderEpoch);
  EXPECT_EQ(replica.check(kB, 11, 2), ErrorCode::kStaleBrokerEpoch);
  EXPECT_EQ(replica.check(BrokerId{9}, 12, 2), ErrorCode::kNotLeaderOrFollower);
}

TEST(CoreLeader, S15_AReportThatFailsTheDivergenceCheckDoesNotCount) {
  CoreReplica replica;
  replica.state.in_sync = {kSelf, kB};
  replica.lead();
  replica.append(10);
  replica.flush();
  replica.fetch(kB, 10);
  replica.report(kB, 10, /*agrees=*/false);
  EXPECT_EQ(replica.mark(), 0);
}

TEST(CoreLeader, S15_AFollowerThatCameBackAsAnotherIncarnationIsUnknownAgain) {
  CoreReplica replica;
  replica.lead();
  replica.append(10);
  replica.has(kB, 10);
  EXPECT_EQ(replica.core.durable_end_of(kB), Offset{10});
  replica.epochs[kB] = BrokerEpoch{22};
  replica.commit();
  EXPECT_EQ(replica.core.durable_end_of(kB), std::nullopt);
}

TEST(CoreLeader, S19_TheHighWatermarkStandsStillWhileTheInSyncSetIsTooThin) {
  CoreReplica replica;
  Effects effects;
  replica.core.set_min_in_sync(2, replica.log, replica.now, effects);
  replica.state.in_sync = {kSelf};
  replica.lead();
  replica.append(10);
  replica.flush();
  EXPECT_EQ(replica.mark(), 0);
  EXPECT_FALSE(replica.core.enough_in_sync());
  replica.has(kB, 10);
  EXPECT_EQ(replica.mark(), 0);  // proposed is not committed
  replica.state.in_sync = {kSelf, kB};
  replica.commit();
  EXPECT_EQ(replica.mark(), 10);
}

TEST(CoreLeader, S19_MinIsrIsNeverMoreThanThereAreReplicas) {
  CoreReplica replica;
  replica.state.replicas = {kSelf};
  replica.state.in_sync = {kSelf};
  Effects effects;
  replica.core.set_min_in_sync(2, replica.log, replica.now, effects);
  replica.lead();
  EXPECT_TRUE(replica.core.enough_in_sync());
}

TEST(CoreLeader, ANewLeaderStartsFromTheHighWatermarkThatItKnew) {
  CoreReplica replica(Offset{30});
  replica.log.end = Offset{50};
  replica.lead();
  EXPECT_EQ(replica.mark(), 30);
}

// ---- Durability mode ----

TEST(CoreLeader, S11_DurableModeCountsOnlyAfterTheSetHasFlushedWhatCameBeforeTheSwitch) {
  CoreReplica replica;
  replica.state.durability = replica.state.durability_wanted = Durability::kReplicated;
  replica.lead();
  replica.append(10);
  replica.fetch(kB, 10);
  replica.fetch(kC, 10);
  ASSERT_EQ(replica.mark(), 10);
  replica.state.durability_wanted = Durability::kDurable;
  EXPECT_FALSE(replica.commit().propose.has_value());
  EXPECT_FALSE(replica.flush().propose.has_value());
  EXPECT_FALSE(replica.report(kB, 10).propose.has_value());
  EXPECT_FALSE(replica.report(kC, 9).propose.has_value());
  const Effects effects = replica.report(kC, 10);
  ASSERT_TRUE(effects.propose.has_value());
  EXPECT_TRUE(effects.propose->durable);
  EXPECT_EQ(members(effects).size(), 3u);
}

TEST(CoreLeader, AfterAnUncleanElectionTheLeaderReportsThatItHasRecovered) {
  CoreReplica replica;
  replica.state.in_sync = {kSelf};
  replica.state.recovering = true;
  const Effects effects = replica.lead();
  ASSERT_TRUE(effects.propose.has_value());
  EXPECT_TRUE(effects.propose->recovered);
}

}  // namespace
}  // namespace barnabas::partition

// One test for each sentence that the core promises; rules carry their id.

#include "broker/partition/partition_core.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using metadata::Durability;
using metadata::PartitionImage;
using std::chrono::seconds;

constexpr BrokerId kSelf{1}, kB{2}, kC{3};

// A core together with the log that it is told about.
struct Replica {
  explicit Replica(Offset high_watermark = Offset{0}, std::optional<Lineage> lineage = std::nullopt)
      : core(kSelf, {}, high_watermark, lineage, PartitionCore::Limits{}) {
    state.replicas = {kSelf, kB, kC};
    state.in_sync = {kSelf, kB, kC};
  }

  // Commits `state` as it stands, at the next partition epoch.
  Effects commit() {
    state.partition_epoch = state.partition_epoch.next();
    Effects effects;
    core.commit(state, epochs.at(kSelf), epochs, log, now, effects);
    return effects;
  }
  Effects lead() {
    state.leader = kSelf;
    state.leader_epoch = state.leader_epoch.next();
    Effects effects = commit();
    if (effects.begin_epoch.has_value()) log.last_epoch = *effects.begin_epoch;
    return effects;
  }
  Effects follow(BrokerId leader) {
    state.leader = leader;
    state.leader_epoch = state.leader_epoch.next();
    return commit();
  }
  Effects append(int64_t count) {
    Effects effects;
    core.before_append(log.end, now);
    log.end = advance(log.end, count);
    core.appended(log, now, effects);
    return effects;
  }
  Effects flush() {
    Effects effects;
    log.durable_end = log.end;
    core.flushed(log, now, effects);
    return effects;
  }
  Effects fetch(BrokerId from, int64_t offset, bool agrees = true) {
    Effects effects;
    core.follower_fetched(from, Offset{offset}, agrees, log, now, effects);
    return effects;
  }
  Effects report(BrokerId from, int64_t end, bool agrees = true) {
    Effects effects;
    DurableReport report{state.leader_epoch, Offset{end}, state.leader_epoch};
    core.follower_reported(from, report, agrees, log, now, effects);
    return effects;
  }
  Effects has(BrokerId follower, int64_t end) {
    fetch(follower, end);
    return report(follower, end);
  }
  Effects tick(Duration later) {
    now += later;
    Effects effects;
    core.tick(log, now, effects);
    return effects;
  }
  ErrorCode check(BrokerId from, int64_t broker_epoch, int32_t leader_epoch) {
    return core.check_replica({from, BrokerEpoch{broker_epoch}, {}}, LeaderEpoch{leader_epoch});
  }
  int64_t mark() const { return core.high_watermark().value(); }

  PartitionCore core;
  PartitionImage state;
  std::map<BrokerId, BrokerEpoch> epochs{
      {kSelf, BrokerEpoch{11}}, {kB, BrokerEpoch{12}}, {kC, BrokerEpoch{13}}};
  LogView log{Offset{0}, Offset{0}, Offset{0}, kNoLeaderEpoch};
  Instant now{seconds(1000)};
};

std::vector<BrokerId> members(const Effects& effects) {
  std::vector<BrokerId> out;
  if (!effects.propose.has_value()) return out;
  for (const auto& member : effects.propose->in_sync) out.push_back(member.broker);
  return out;
}

// ---- Roles ----

TEST(PartitionCore, ANewLeaderBeginsItsEpochAtTheEndOfItsLog) {
  Replica replica;
  replica.log.end = Offset{40};
  EXPECT_EQ(replica.lead().begin_epoch, LeaderEpoch{1});
  EXPECT_EQ(replica.core.epoch_start(), Offset{40});
}

TEST(PartitionCore, S8_AnOlderCommittedStateIsIgnored) {
  Replica replica;
  replica.lead();
  PartitionImage old = replica.state;
  replica.commit();
  old.leader = kB;
  Effects effects;
  replica.core.commit(old, BrokerEpoch{11}, replica.epochs, replica.log, replica.now, effects);
  EXPECT_TRUE(replica.core.leading());
  EXPECT_FALSE(effects.role_changed);
}

TEST(PartitionCore, S9_NeverLeadsInAnEpochThatItsLogAlreadyHoldsFromBefore) {
  Replica replica;
  replica.log.end = Offset{40};
  replica.log.last_epoch = LeaderEpoch{1};  // written by an earlier incarnation as leader
  EXPECT_EQ(replica.lead().begin_epoch, std::nullopt);
  EXPECT_FALSE(replica.core.leading());
  EXPECT_EQ(replica.check(kB, 12, 1), ErrorCode::kNotLeaderOrFollower);
  EXPECT_TRUE(replica.lead().begin_epoch.has_value());  // epoch 2
  EXPECT_TRUE(replica.core.leading());
}

TEST(PartitionCore, S21_LosingTheLeadershipOrItsEpochEndsWhatIsParked) {
  Replica replica;
  replica.lead();
  EXPECT_TRUE(replica.lead().leadership_ended);  // the same broker, a newer epoch
  EXPECT_TRUE(replica.follow(kB).leadership_ended);
  EXPECT_FALSE(replica.follow(kC).leadership_ended);
}

// ---- High watermark ----

TEST(PartitionCore, TheHighWatermarkIsTheSmallestDurableEndOfTheInSyncSet) {
  Replica replica;
  replica.lead();
  replica.append(10);
  replica.has(kB, 10);
  replica.has(kC, 7);
  EXPECT_EQ(replica.mark(), 0);  // its own disk counts too
  EXPECT_TRUE(replica.flush().high_watermark_moved);
  EXPECT_EQ(replica.mark(), 7);
}

TEST(PartitionCore, S17_TheLeadersOwnShareComesFromItsLogsDurableEnd) {
  Replica replica;
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

TEST(PartitionCore, UnderReplicatedDurabilityTheLogEndsCount) {
  Replica replica;
  replica.state.durability = replica.state.durability_wanted = Durability::kReplicated;
  replica.lead();
  replica.append(10);
  replica.fetch(kB, 10);
  replica.fetch(kC, 8);
  EXPECT_EQ(replica.mark(), 8);
}

TEST(PartitionCore, S15_ANewLeaderKnowsNobodysDurableEnd) {
  Replica replica;
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

TEST(PartitionCore, S15_AReportOfAnotherLeaderEpochOrIncarnationIsRefused) {
  Replica replica;
  replica.lead();
  replica.lead();
  EXPECT_EQ(replica.check(kB, 12, 2), ErrorCode::kNone);
  EXPECT_EQ(replica.check(kB, 12, 1), ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(replica.check(kB, 12, 3), ErrorCode::kUnknownLeaderEpoch);
  EXPECT_EQ(replica.check(kB, 11, 2), ErrorCode::kStaleBrokerEpoch);
  EXPECT_EQ(replica.check(BrokerId{9}, 12, 2), ErrorCode::kNotLeaderOrFollower);
}

TEST(PartitionCore, S15_AReportThatFailsTheDivergenceCheckDoesNotCount) {
  Replica replica;
  replica.state.in_sync = {kSelf, kB};
  replica.lead();
  replica.append(10);
  replica.flush();
  replica.fetch(kB, 10);
  replica.report(kB, 10, /*agrees=*/false);
  EXPECT_EQ(replica.mark(), 0);
}

TEST(PartitionCore, S15_AFollowerThatCameBackAsAnotherIncarnationIsUnknownAgain) {
  Replica replica;
  replica.lead();
  replica.append(10);
  replica.has(kB, 10);
  EXPECT_EQ(replica.core.durable_end_of(kB), Offset{10});
  replica.epochs[kB] = BrokerEpoch{22};
  replica.commit();
  EXPECT_EQ(replica.core.durable_end_of(kB), std::nullopt);
}

TEST(PartitionCore, S19_TheHighWatermarkStandsStillWhileTheInSyncSetIsTooThin) {
  Replica replica;
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

TEST(PartitionCore, S19_MinIsrIsNeverMoreThanThereAreReplicas) {
  Replica replica;
  replica.state.replicas = {kSelf};
  replica.state.in_sync = {kSelf};
  Effects effects;
  replica.core.set_min_in_sync(2, replica.log, replica.now, effects);
  replica.lead();
  EXPECT_TRUE(replica.core.enough_in_sync());
}

TEST(PartitionCore, ANewLeaderStartsFromTheHighWatermarkThatItKnew) {
  Replica replica(Offset{30});
  replica.log.end = Offset{50};
  replica.lead();
  EXPECT_EQ(replica.mark(), 30);
}

// ---- Joining and leaving ----

TEST(PartitionCore, S14_AReplicaJoinsByItsDurableEndNotByItsLogEnd) {
  Replica replica;
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

TEST(PartitionCore, S14_AReplicaMustHaveReachedTheStartOfTheLeadersEpoch) {
  Replica replica;
  replica.state.in_sync = {kSelf, kB};
  replica.log.end = replica.log.durable_end = Offset{100};
  replica.lead();
  ASSERT_EQ(replica.mark(), 0);
  EXPECT_FALSE(replica.has(kC, 99).propose.has_value());
  EXPECT_TRUE(replica.has(kC, 100).propose.has_value());
}

TEST(PartitionCore, S14_AJoiningReplicaHoldsTheHighWatermarkFromTheStepThatProposesIt) {
  Replica replica;
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

TEST(PartitionCore, S14_AProposalWithoutAnAnswerGoesOnToCountAndIsSentAgain) {
  Replica replica;
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

TEST(PartitionCore, AProposalCarriesTheEpochOfEachMembersIncarnation) {
  Replica replica;
  replica.state.in_sync = {kSelf};
  replica.lead();
  const Effects sent = replica.has(kB, 0);
  ASSERT_TRUE(sent.propose.has_value());
  EXPECT_EQ(sent.propose->partition_epoch, replica.state.partition_epoch);
  EXPECT_EQ(sent.propose->in_sync[0].epoch, BrokerEpoch{11});
  EXPECT_EQ(sent.propose->in_sync[1].epoch, BrokerEpoch{12});
}

TEST(PartitionCore, ARefusedProposalIsNotRepeatedAtOnce) {
  Replica replica;
  replica.state.in_sync = {kSelf};
  replica.lead();
  const Effects sent = replica.has(kB, 0);
  Effects effects;
  replica.core.answered(*sent.propose, ErrorCode::kIneligibleReplica, replica.log, replica.now,
                        effects);
  EXPECT_FALSE(effects.propose.has_value());
  EXPECT_FALSE(replica.has(kB, 0).propose.has_value());
  EXPECT_TRUE(replica.tick(seconds(1)).propose.has_value());
}

TEST(PartitionCore, ARefusedProposalIsRepeatedWhenTheCommittedStateChanges) {
  Replica replica;
  replica.state.in_sync = {kSelf};
  replica.lead();
  const Effects sent = replica.has(kB, 0);
  Effects effects;
  replica.core.answered(*sent.propose, ErrorCode::kIneligibleReplica, replica.log, replica.now,
                        effects);
  EXPECT_TRUE(replica.commit().propose.has_value());
}

TEST(PartitionCore, S20_AFollowerThatFallsBehindInTimeIsToLeave) {
  Replica replica;
  replica.lead();
  replica.append(10);
  replica.flush();
  replica.has(kB, 10);
  replica.fetch(kC, 5);
  replica.report(kC, 5);
  EXPECT_FALSE(replica.tick(seconds(30)).propose.has_value());
  EXPECT_EQ(members(replica.tick(seconds(1))), (std::vector<BrokerId>{kSelf, kB}));
}

TEST(PartitionCore, S20_UnderASteadyStreamAFollowerThatIsAlwaysASecondBehindStays) {
  Replica replica;
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

TEST(PartitionCore, S20_AStuckFlushLeavesTheSetSoonerThanSlowReplication) {
  Replica replica;
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

TEST(PartitionCore, AFollowerThatIsToLeaveHoldsTheHighWatermarkUntilThatIsCommitted) {
  Replica replica;
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

// ---- Durability mode ----

TEST(PartitionCore, S11_DurableModeCountsOnlyAfterTheSetHasFlushedWhatCameBeforeTheSwitch) {
  Replica replica;
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

TEST(PartitionCore, AfterAnUncleanElectionTheLeaderReportsThatItHasRecovered) {
  Replica replica;
  replica.state.in_sync = {kSelf};
  replica.state.recovering = true;
  const Effects effects = replica.lead();
  ASSERT_TRUE(effects.propose.has_value());
  EXPECT_TRUE(effects.propose->recovered);
}

// ---- Follower ----

TEST(PartitionCore, AFollowerLearnsTheHighWatermarkOnlyWhereItsLogAgreesWithTheLeaders) {
  Replica replica;
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

TEST(PartitionCore, AFollowerMustAgreeAnewWithEachNewLeader) {
  Replica replica;
  replica.log.end = Offset{100};
  replica.follow(kB);
  Effects effects;
  replica.core.agreed(replica.log, Offset{10}, effects);
  EXPECT_TRUE(replica.core.has_agreed());
  replica.follow(kC);
  EXPECT_FALSE(replica.core.has_agreed());
}

TEST(PartitionCore, S13_TruncationBelowTheHighWatermarkIsRefusedWithinALineage) {
  Replica replica(Offset{50}, Lineage{3});
  replica.state.lineage = Lineage{3};
  replica.log.end = Offset{100};
  replica.follow(kB);
  EXPECT_TRUE(replica.core.may_truncate(Offset{50}));
  EXPECT_FALSE(replica.core.may_truncate(Offset{49}));
}

TEST(PartitionCore, S13_TruncationBelowTheHighWatermarkIsLegalWhenTheLineageHasMoved) {
  Replica replica(Offset{50}, Lineage{3});
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

TEST(PartitionCore, S13_AfterARestartOnlyAPartitionThatNeverHadAnUncleanElectionIsSure) {
  Replica never(Offset{50});
  never.follow(kB);
  EXPECT_FALSE(never.core.may_truncate(Offset{49}));
  Replica once(Offset{50});
  once.state.lineage = Lineage{1};
  once.follow(kB);
  EXPECT_TRUE(once.core.may_truncate(Offset{49}));
}

TEST(PartitionCore, S13_AFencedReplicaNeitherLeadsNorFollows) {
  Replica replica;
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

#include "controller/decide/partition_change.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/random.h"
#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

using metadata::Durability;
using metadata::PartitionImage;

constexpr BrokerId kOne{1}, kTwo{2}, kThree{3};

PartitionImage three_replicas() {
  PartitionImage partition;
  partition.replicas = brokers({1, 2, 3});
  partition.directories.resize(3);
  partition.in_sync = partition.replicas;
  partition.leader = kOne;
  return partition;
}

class PartitionChangeTest : public ::testing::Test {
 protected:
  PartitionImage after(const PartitionImage& now, const PartitionWish& wish = {}) {
    const auto standing = [this](BrokerId broker) {
      const bool there = gone_.count(broker) == 0;
      return Standing{there, there || returning_.count(broker) > 0, draining_.count(broker) > 0};
    };
    const PartitionRules rules{min_in_sync_, unclean_, wanted_, standing};
    const auto change = partition_change({}, now, rules, wish);
    return change ? changed(now, *change) : now;
  }

  std::set<BrokerId> gone_;
  std::set<BrokerId> returning_;  // of those that are gone: may be in sync all the same
  std::set<BrokerId> draining_;
  int32_t min_in_sync_ = 2;
  bool unclean_ = false;
  Durability wanted_ = Durability::kDurable;
};

TEST_F(PartitionChangeTest, NothingToDoIsNoChange) {
  EXPECT_EQ(after(three_replicas()), three_replicas());
}

TEST_F(PartitionChangeTest, TheNextInSyncReplicaInOrderTakesOver) {
  gone_ = {kOne};
  const PartitionImage next = after(three_replicas());
  EXPECT_EQ(next.leader, kTwo);
  EXPECT_EQ(next.in_sync, brokers({2, 3}));
  EXPECT_EQ(next.leader_epoch, LeaderEpoch{1});
  EXPECT_EQ(next.partition_epoch, PartitionEpoch{1});
  EXPECT_TRUE(next.eligible.empty());
}

TEST_F(PartitionChangeTest, AFollowersDeathLeavesTheLeaderItsEpoch) {
  gone_ = {kThree};
  const PartitionImage next = after(three_replicas());
  EXPECT_EQ(next.leader, kOne);
  EXPECT_EQ(next.leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(next.in_sync, brokers({1, 2}));
}

TEST_F(PartitionChangeTest, BelowMinInSyncThoseWhoLeaveBecomeEligible) {
  gone_ = {kOne, kTwo};
  const PartitionImage next = after(three_replicas());
  EXPECT_EQ(next.leader, kThree);
  EXPECT_EQ(next.eligible, brokers({1, 2}));
}

TEST_F(PartitionChangeTest, P29_TheLastMemberLeavesAndComesBackFromTheEligibleSet) {
  gone_ = {kOne, kTwo, kThree};
  const PartitionImage dark = after(three_replicas());
  EXPECT_EQ(dark.leader, kNoBroker);
  EXPECT_TRUE(dark.in_sync.empty());
  EXPECT_EQ(dark.eligible, brokers({1, 2, 3}));
  EXPECT_EQ(dark.leader_epoch, LeaderEpoch{1});
  gone_ = {kOne, kThree};
  const PartitionImage back = after(dark);
  EXPECT_EQ(back.leader, kTwo);
  EXPECT_EQ(back.in_sync, brokers({2}));
  EXPECT_EQ(back.eligible, brokers({1, 3}));
  EXPECT_EQ(back.lineage, Lineage{0});
}

TEST_F(PartitionChangeTest, EnoughMembersClearTheEligibleSet) {
  gone_ = {kOne, kTwo};
  const PartitionImage thin = after(three_replicas());
  gone_ = {kOne};
  PartitionWish wish;
  wish.in_sync = brokers({2, 3});
  const PartitionImage next = after(thin, wish);
  EXPECT_EQ(next.in_sync, brokers({2, 3}));
  EXPECT_TRUE(next.eligible.empty());
}

TEST_F(PartitionChangeTest, S10_ADistrustedReplicaIsNeitherInSyncNorEligible) {
  gone_ = {kOne, kTwo, kThree};
  const PartitionImage dark = after(three_replicas());
  PartitionWish wish;
  wish.distrusted = kTwo;
  EXPECT_EQ(after(dark, wish).eligible, brokers({1, 3}));
  EXPECT_EQ(after(three_replicas(), wish).eligible, brokers({1, 3}));
}

TEST_F(PartitionChangeTest, S10_OneThatComesBackKeepsItsPlaceAndLeadsOnlyOnceItIsUnfenced) {
  min_in_sync_ = 1;
  gone_ = returning_ = {kOne, kTwo, kThree};
  const PartitionImage dark = after(three_replicas());
  EXPECT_EQ(dark.leader, kNoBroker);
  EXPECT_EQ(dark.leader_epoch, LeaderEpoch{1});
  EXPECT_EQ(dark.in_sync, brokers({1, 2, 3}));
  gone_ = {kOne, kThree};
  const PartitionImage back = after(dark);
  EXPECT_EQ(back.leader, kTwo);
  EXPECT_EQ(back.in_sync, brokers({1, 2, 3}));
  EXPECT_EQ(back.lineage, Lineage{0});
}

TEST_F(PartitionChangeTest, S13_NobodyIsElectedUncleanlyWhileAnInSyncReplicaComesBack) {
  min_in_sync_ = 1;
  unclean_ = true;
  PartitionImage thin = three_replicas();
  thin.in_sync = {kOne};
  gone_ = returning_ = {kOne};
  const PartitionImage dark = after(thin);
  EXPECT_EQ(dark.leader, kNoBroker);
  EXPECT_EQ(dark.in_sync, brokers({1}));
  returning_.clear();
  EXPECT_EQ(after(dark).leader, kTwo);
  EXPECT_EQ(after(dark).lineage, Lineage{1});
}

TEST_F(PartitionChangeTest, AnEligibleReplicaLeadsBesideInSyncOnesThatAreStillFenced) {
  min_in_sync_ = 3;
  PartitionImage thin = three_replicas();
  thin.in_sync = {kOne};
  thin.eligible = {kTwo};
  gone_ = returning_ = {kOne};
  const PartitionImage next = after(thin);
  EXPECT_EQ(next.leader, kTwo);
  EXPECT_EQ(next.in_sync, brokers({1, 2}));
  EXPECT_EQ(next.lineage, Lineage{0});
}

TEST_F(PartitionChangeTest, ADrainingReplicaLeadsOnlyWhatNobodyElseCan) {
  draining_ = {kOne};
  const PartitionImage next = after(three_replicas());
  EXPECT_EQ(next.leader, kTwo);
  EXPECT_EQ(next.in_sync, brokers({1, 2, 3}));
  PartitionWish prefer;
  prefer.prefer = true;
  EXPECT_EQ(after(next, prefer).leader, kTwo);
  gone_ = {kTwo, kThree};
  const PartitionImage alone = after(next);
  EXPECT_EQ(alone.leader, kOne);
  // It hands on as soon as it can.
  gone_ = {};
  PartitionWish joined;
  joined.in_sync = brokers({1, 3});
  EXPECT_EQ(after(alone, joined).leader, kThree);
}

TEST_F(PartitionChangeTest, WhereAllDrainNothingMovesBackAndForth) {
  draining_ = {kOne, kTwo, kThree};
  PartitionImage now = three_replicas();
  now.leader = kTwo;
  EXPECT_EQ(after(now), now);
}

TEST_F(PartitionChangeTest, S13_AnOperatorMayAskForAnUncleanElection) {
  PartitionImage dark = three_replicas();
  dark.in_sync.clear();
  dark.leader = kNoBroker;
  PartitionWish wish;
  EXPECT_EQ(after(dark, wish).leader, kNoBroker);
  wish.unclean = true;
  EXPECT_EQ(after(dark, wish).leader, kOne);
  EXPECT_EQ(after(dark, wish).lineage, Lineage{1});
  EXPECT_TRUE(after(dark, wish).recovering);
}

TEST_F(PartitionChangeTest, S13_TheLastKnownLeaderLeadsOnlyWhereUncleanElectionIsAllowed) {
  PartitionImage dark = three_replicas();
  dark.in_sync.clear();
  dark.leader = kNoBroker;
  dark.last_known_eligible = {kThree};
  gone_ = {};
  EXPECT_EQ(after(dark).leader, kNoBroker);
  unclean_ = true;
  const PartitionImage next = after(dark);
  EXPECT_EQ(next.leader, kThree);
  EXPECT_EQ(next.lineage, Lineage{1});
  EXPECT_TRUE(next.recovering);
  EXPECT_EQ(next.in_sync, brokers({3}));
  EXPECT_TRUE(next.eligible.empty());
  EXPECT_EQ(next.leader_epoch, LeaderEpoch{1});
}

TEST_F(PartitionChangeTest, S13_AnEligibleReplicaGoesBeforeAnUncleanOne) {
  PartitionImage dark = three_replicas();
  dark.in_sync.clear();
  dark.leader = kNoBroker;
  dark.eligible = {kTwo};
  unclean_ = true;
  EXPECT_EQ(after(dark).leader, kTwo);
  EXPECT_EQ(after(dark).lineage, Lineage{0});
  gone_ = {kTwo};
  EXPECT_EQ(after(dark).leader, kOne);
  EXPECT_EQ(after(dark).lineage, Lineage{1});
}

TEST_F(PartitionChangeTest, AnOnlyReplicaLeadsAgainAfterAnUncleanStartAndTheLineageSaysSo) {
  PartitionImage alone;
  alone.replicas = alone.in_sync = {kOne};
  alone.directories.resize(1);
  alone.leader = kOne;
  gone_ = {kOne};
  PartitionWish wish;
  wish.distrusted = kOne;
  const PartitionImage dark = after(alone, wish);
  EXPECT_EQ(dark.last_known_eligible, brokers({1}));
  EXPECT_TRUE(dark.eligible.empty());
  gone_ = {};
  EXPECT_EQ(after(dark).leader, kOne);
  EXPECT_EQ(after(dark).lineage, Lineage{1});
}

TEST_F(PartitionChangeTest, AnOnlyReplicaWithANewDirectoryHoldsNothingAndDoesNotLead) {
  PartitionImage alone;
  alone.replicas = alone.in_sync = {kOne};
  alone.directories.resize(1);
  alone.leader = kOne;
  gone_ = {kOne};
  PartitionWish wish;
  wish.distrusted = kOne;
  wish.new_directory = Uuid({7});
  const PartitionImage dark = after(alone, wish);
  EXPECT_EQ(dark.directories.front(), Uuid({7}));
  gone_ = {};
  EXPECT_EQ(after(dark).leader, kNoBroker);
}

TEST_F(PartitionChangeTest, S11_FromReplicatedToDurableCountsOnlyOnTheLeadersWord) {
  PartitionImage partition = three_replicas();
  partition.durability = partition.durability_wanted = Durability::kReplicated;
  PartitionWish report;
  report.durable = true;
  // The switch and a report that cannot know of it.
  const PartitionImage asked = after(partition, report);
  EXPECT_EQ(asked.durability_wanted, Durability::kDurable);
  EXPECT_EQ(asked.durability, Durability::kReplicated);
  EXPECT_EQ(after(asked), asked);
  EXPECT_EQ(after(asked, report).durability, Durability::kDurable);
}

TEST_F(PartitionChangeTest, S11_FromDurableToReplicatedTrustIsWithdrawnAtOnce) {
  wanted_ = Durability::kReplicated;
  EXPECT_EQ(after(three_replicas()).durability, Durability::kReplicated);
}

TEST_F(PartitionChangeTest, S11_TheLeadersWordSaysNothingOfEligibleReplicas) {
  PartitionImage partition = three_replicas();
  partition.in_sync = {kOne};
  partition.eligible = {kTwo};
  partition.durability = Durability::kReplicated;
  PartitionWish report;
  report.durable = true;
  EXPECT_TRUE(after(partition, report).eligible.empty());
}

TEST_F(PartitionChangeTest, S19_ANewMinInSyncClearsTheEligibleSetOfALedPartition) {
  PartitionImage partition = three_replicas();
  partition.in_sync = {kOne};
  partition.eligible = {kTwo};
  min_in_sync_ = 3;
  PartitionWish wish;
  EXPECT_EQ(after(partition, wish).eligible, brokers({2}));
  wish.min_in_sync_changed = true;
  EXPECT_TRUE(after(partition, wish).eligible.empty());
}

// Without a leader the high watermark stands still whatever min ISR is, so that eligible replicas
// stay what they are; to clear them would leave nobody who may lead.
TEST_F(PartitionChangeTest, S19_ANewMinInSyncLeavesALeaderlessPartitionItsEligibleSet) {
  PartitionImage dark = three_replicas();
  dark.in_sync.clear();
  dark.leader = kNoBroker;
  dark.eligible = brokers({2, 3});
  gone_ = {kOne, kTwo, kThree};
  PartitionWish wish;
  wish.min_in_sync_changed = true;
  EXPECT_EQ(after(dark, wish).eligible, brokers({2, 3}));
  // With min ISR 1 the first that comes back is enough by itself, and may leave the other behind.
  min_in_sync_ = 1;
  gone_ = {kOne, kTwo};
  EXPECT_EQ(after(dark, wish).leader, kThree);
  EXPECT_TRUE(after(dark, wish).eligible.empty());
}

TEST_F(PartitionChangeTest, ThePreferredLeaderComesBackOnlyWhenAsked) {
  PartitionImage partition = three_replicas();
  partition.leader = kTwo;
  EXPECT_EQ(after(partition).leader, kTwo);
  PartitionWish wish;
  wish.prefer = true;
  EXPECT_EQ(after(partition, wish).leader, kOne);
  gone_ = {kOne};
  EXPECT_EQ(after(partition, wish).leader, kTwo);
}

// Every state of three replicas against the definition, one sentence each.
TEST_F(PartitionChangeTest, AgreesWithThePlainDefinitionInEveryStateOfThreeReplicas) {
  const auto subset = [](unsigned bits) {
    std::vector<BrokerId> out;
    for (int i = 0; i < 3; ++i) {
      if (bits & (1u << i)) out.push_back(BrokerId{i + 1});
    }
    return out;
  };
  const auto as_set = [](const std::vector<BrokerId>& list) {
    return std::set<BrokerId>(list.begin(), list.end());
  };
  const auto has = [](const std::vector<BrokerId>& list, BrokerId broker) {
    return std::find(list.begin(), list.end(), broker) != list.end();
  };
  int checked = 0;
  for (unsigned in_sync = 0; in_sync < 8; ++in_sync)
    for (unsigned eligible = 0; eligible < 8; ++eligible)
      for (unsigned gone = 0; gone < 8; ++gone)
        for (unsigned returning = 0; returning < 8; ++returning)
          for (int distrusted = 0; distrusted <= 3; ++distrusted)
            for (int draining = 0; draining <= 2; ++draining)
              for (int leader = 0; leader <= 3; ++leader)
                for (min_in_sync_ = 1; min_in_sync_ <= 3; ++min_in_sync_)
                  for (int unclean = 0; unclean < 2; ++unclean) {
                    if ((in_sync & eligible) != 0 || (returning & ~gone) != 0) continue;
                    PartitionImage now = three_replicas();
                    now.in_sync = subset(in_sync);
                    now.eligible = subset(eligible);
                    now.leader = leader == 0 ? kNoBroker : BrokerId{leader};
                    if (leader != 0 && !has(now.in_sync, now.leader)) continue;
                    unclean_ = unclean != 0;
                    gone_ = as_set(subset(gone));
                    returning_ = as_set(subset(returning));
                    draining_.clear();
                    if (draining != 0) draining_ = {BrokerId{draining}};
                    PartitionWish wish;
                    if (distrusted != 0) wish.distrusted = BrokerId{distrusted};
                    const PartitionImage next = after(now, wish);
                    ++checked;

                    const auto fit = [&](BrokerId broker) {
                      return gone_.count(broker) == 0 && broker != wish.distrusted;
                    };
                    const auto stays = [&](BrokerId broker) {
                      return fit(broker) ||
                             (returning_.count(broker) > 0 && broker != wish.distrusted);
                    };
                    std::vector<BrokerId> stay, leaders, heirs, anyone;
                    for (BrokerId broker : now.replicas) {
                      if (has(now.in_sync, broker) && stays(broker)) stay.push_back(broker);
                      if (has(now.in_sync, broker) && fit(broker)) leaders.push_back(broker);
                      if (has(now.eligible, broker) && fit(broker)) heirs.push_back(broker);
                      if (fit(broker)) anyone.push_back(broker);
                    }
                    // Those who drain go to the end of every line, the present leader to its
                    // beginning.
                    const auto first = [&](std::vector<BrokerId> line) {
                      std::stable_sort(line.begin(), line.end(), [&](BrokerId a, BrokerId b) {
                        return std::make_pair(draining_.count(a), a != now.leader) <
                               std::make_pair(draining_.count(b), b != now.leader);
                      });
                      return line.front();
                    };
                    // Who stays, stays; the leader too. Then the eligible, then, if nobody is in
                    // sync who may come back and it is allowed, anybody.
                    bool elected_uncleanly = false;
                    if (!leaders.empty()) {
                      EXPECT_EQ(next.in_sync, stay);
                      EXPECT_EQ(next.leader, first(leaders));
                    } else if (!heirs.empty()) {
                      EXPECT_EQ(next.leader, first(heirs));
                      EXPECT_EQ(next.in_sync.size(), stay.size() + 1);
                    } else if (stay.empty() && unclean_ && !anyone.empty()) {
                      elected_uncleanly = true;
                      EXPECT_EQ(next.leader, first(anyone));
                      EXPECT_EQ(next.in_sync.size(), 1u);
                    } else {
                      EXPECT_EQ(next.leader, kNoBroker);
                      EXPECT_EQ(next.in_sync, stay);
                    }
                    EXPECT_EQ(next.lineage.value(), elected_uncleanly ? 1 : 0);
                    // The leader epoch counts leaderships.
                    EXPECT_EQ(next.leader_epoch.value(),
                              next.leader != now.leader || elected_uncleanly ? 1 : 0);
                    // Eligible: those who were one of the two and are in sync no more, while the
                    // set is too small, unless their word is worth nothing.
                    for (BrokerId broker : now.replicas) {
                      const bool expected =
                          !elected_uncleanly &&
                          static_cast<int>(next.in_sync.size()) < min_in_sync_ &&
                          (has(now.in_sync, broker) || has(now.eligible, broker)) &&
                          !has(next.in_sync, broker) && broker != wish.distrusted;
                      EXPECT_EQ(has(next.eligible, broker), expected) << broker;
                    }
                    ASSERT_FALSE(HasFailure())
                        << "in sync " << in_sync << " eligible " << eligible << " gone " << gone
                        << " returning " << returning << " distrusted " << distrusted
                        << " draining " << draining << " leader " << leader;
                  }
  EXPECT_GT(checked, 5000);
}

// The short look against the rules themselves, which any wish brings to bear that is not empty:
// here, the report of a leader that has nothing to report.
TEST_F(PartitionChangeTest, WhatTheShortLookFindsSettledTheRulesWouldNotChange) {
  const auto random = seeded_random(11);
  const auto flip = [&](uint64_t one_in) { return random->below(one_in) == 0; };
  int settled = 0, not_seen = 0;
  for (int round = 0; round < 20'000; ++round) {
    PartitionImage partition = three_replicas();
    const auto draw = [&](std::vector<BrokerId>& list, uint64_t absent) {
      list.clear();
      for (BrokerId broker : partition.replicas) {
        if (!flip(absent)) list.push_back(broker);
      }
      if (flip(20)) std::reverse(list.begin(), list.end());
    };
    draw(partition.in_sync, 6);
    if (flip(8)) draw(partition.eligible, 2);
    if (flip(12)) draw(partition.last_known_eligible, 2);
    partition.leader = partition.in_sync.empty() || flip(10) ? kNoBroker : partition.in_sync[0];
    if (flip(10)) partition.durability = Durability::kReplicated;
    if (flip(10)) partition.durability_wanted = Durability::kReplicated;
    partition.recovering = flip(8);
    wanted_ = flip(6) ? Durability::kReplicated : Durability::kDurable;
    min_in_sync_ = static_cast<int32_t>(1 + random->below(3));
    unclean_ = flip(4);
    gone_.clear(), returning_.clear(), draining_.clear();
    for (BrokerId broker : partition.replicas) {
      if (flip(6)) gone_.insert(broker);
      if (flip(4)) returning_.insert(broker);
      if (flip(8)) draining_.insert(broker);
    }
    const auto standing = [this](BrokerId broker) {
      const bool there = gone_.count(broker) == 0;
      return Standing{there, there || returning_.count(broker) > 0, draining_.count(broker) > 0};
    };
    const PartitionRules rules{min_in_sync_, unclean_, wanted_, standing};
    PartitionWish nothing;
    nothing.in_sync = partition.in_sync;
    const bool unchanged = after(partition, nothing) == partition;
    if (is_settled(partition, rules)) {
      ++settled;
      ASSERT_TRUE(unchanged) << "round " << round;
    } else if (unchanged) {
      ++not_seen;
    }
  }
  EXPECT_GT(settled, 2'000);
  EXPECT_GT(settled, not_seen);
}

}  // namespace
}  // namespace barnabas::controller

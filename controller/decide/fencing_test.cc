#include "controller/decide/fencing.h"

#include <gtest/gtest.h>

#include "controller/decide/partition_sweep.h"
#include "controller/decide/preferred_election.h"
#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

class FencingTest : public ::testing::Test {
 protected:
  FencingTest() {
    for (int broker : {1, 2, 3}) cluster_.start(broker);
    cluster_.create("board", {{1, 2, 3}, {2, 3, 1}}, {{"min.insync.replicas", "2"}});
  }
  ~FencingTest() override { EXPECT_EQ(cluster_.broken(), ""); }

  Cluster cluster_;
};

TEST_F(FencingTest, S1_FencingAndTheElectionsThatFollowAreOneDecision) {
  const proto::Decision decision =
      decide_fence(cluster_.image(), {BrokerId{1}, cluster_.epoch(1)}, cluster_.limits);
  EXPECT_EQ(decision.records_size(), 3);
  EXPECT_TRUE(decision.records(0).has_broker_change());
  EXPECT_FALSE(decision.has_unfinished());
  cluster_.commit(decision);
  EXPECT_EQ(cluster_.partition("board", 0).leader, BrokerId{2});
  EXPECT_EQ(cluster_.partition("board", 1).leader, BrokerId{2});
  EXPECT_EQ(cluster_.partition("board", 1).in_sync, brokers({2, 3}));
}

TEST_F(FencingTest, S1_WhatDoesNotFitIsFencedFirstAndCompletedByWhoeverIsActiveLater) {
  cluster_.limits.max_changes = 1;
  const proto::Decision first =
      decide_fence(cluster_.image(), {BrokerId{2}, cluster_.epoch(2)}, cluster_.limits);
  EXPECT_TRUE(first.records(0).broker_change().fenced());
  EXPECT_EQ(first.unfinished().fence_broker(), 2);
  // The rest is found from the image alone: nobody need remember the first part.
  metadata::Image image = cluster_.image();
  image.apply(image.index().next(), first);
  int rounds = 0;
  for (;;) {
    const proto::Decision rest = repair(image, cluster_.limits);
    if (rest.records().empty()) break;
    ASSERT_LT(++rounds, 5);
    image.apply(image.index().next(), rest);
  }
  EXPECT_EQ(rounds, 1);
  EXPECT_EQ(image.partition(cluster_.id("board", 1))->leader, BrokerId{3});
  EXPECT_EQ(image.partition(cluster_.id("board", 0))->in_sync, brokers({1, 3}));
}

TEST_F(FencingTest, S12_FencingConcernsOneIncarnationOnly) {
  const BrokerEpoch old = cluster_.epoch(1);
  cluster_.start(1);
  EXPECT_TRUE(
      decide_fence(cluster_.image(), {BrokerId{1}, old}, cluster_.limits).records().empty());
  EXPECT_TRUE(
      decide_unfence(cluster_.image(), {BrokerId{1}, old}, cluster_.limits).records().empty());
  EXPECT_TRUE(decide_controlled_shutdown(cluster_.image(), {BrokerId{1}, old}, cluster_.limits)
                  .records()
                  .empty());
  EXPECT_TRUE(
      decide_fence(cluster_.image(), {BrokerId{9}, old}, cluster_.limits).records().empty());
}

TEST_F(FencingTest, ABrokerIsFencedOnce) {
  cluster_.fence(1);
  EXPECT_TRUE(decide_fence(cluster_.image(), {BrokerId{1}, cluster_.epoch(1)}, cluster_.limits)
                  .records()
                  .empty());
}

TEST_F(FencingTest, UnfencingElectsWhereALeaderIsMissing) {
  for (int broker : {1, 2, 3}) cluster_.fence(broker);
  EXPECT_EQ(cluster_.partition("board").leader, kNoBroker);
  cluster_.unfence(3);
  EXPECT_EQ(cluster_.partition("board", 0).leader, BrokerId{3});
  EXPECT_EQ(cluster_.partition("board", 1).leader, BrokerId{3});
}

TEST_F(FencingTest, I33_ABrokerThatShutsDownLeadsNothingAndIsInNoInSyncSet) {
  cluster_.shut_down(1);
  EXPECT_FALSE(cluster_.image().broker(BrokerId{1})->fenced);
  EXPECT_EQ(cluster_.partition("board", 0).leader, BrokerId{2});
  EXPECT_EQ(cluster_.partition("board", 1).in_sync, brokers({2, 3}));
}

TEST_F(FencingTest, ASinglyReplicatedPartitionComesBackWithItsOnlyBroker) {
  cluster_.create("alone", {{1}});
  cluster_.shut_down(1);
  EXPECT_EQ(cluster_.partition("alone").leader, kNoBroker);
  EXPECT_EQ(cluster_.partition("alone").eligible, brokers({1}));
  cluster_.start(1, {.clean = true});
  EXPECT_EQ(cluster_.partition("alone").leader, BrokerId{1});
  EXPECT_EQ(cluster_.partition("alone").lineage, Lineage{0});
}

TEST_F(FencingTest, ThePreferredLeaderIsElectedOnceItIsInSync) {
  cluster_.fence(1);
  cluster_.unfence(1);
  const std::set<metadata::TopicPartition> all{cluster_.id("board", 0), cluster_.id("board", 1)};
  EXPECT_TRUE(decide_preferred_election(cluster_.image(), all, cluster_.limits).records().empty());
  proto::Decision back;
  proto::PartitionChange* change = back.add_records()->mutable_partition_change();
  change->set_topic_id(cluster_.id("board").topic.bytes());
  change->set_partition_epoch(cluster_.partition("board").partition_epoch.next().value());
  for (int member : {1, 2, 3}) change->mutable_in_sync()->add_ids(member);
  cluster_.commit(back);
  EXPECT_TRUE(prefers_another_leader(cluster_.image(), cluster_.id("board", 0)));
  EXPECT_FALSE(prefers_another_leader(cluster_.image(), cluster_.id("board", 1)));
  cluster_.commit(decide_preferred_election(cluster_.image(), all, cluster_.limits));
  EXPECT_EQ(cluster_.partition("board").leader, BrokerId{1});
}

// One after the other, the last of a set would be all that is left of it, and count as the only one
// who can know what was acknowledged.
TEST_F(FencingTest, SeveralThatAreFencedTogetherAreEligibleTogether) {
  cluster_.create("thin", {{1, 2, 3}}, {{"min.insync.replicas", "1"}});
  std::vector<Incarnation> all;
  for (int broker : {1, 2, 3}) all.push_back({BrokerId{broker}, cluster_.epoch(broker)});
  cluster_.commit(decide_fences(cluster_.image(), all, cluster_.limits));
  EXPECT_EQ(cluster_.partition("thin").leader, kNoBroker);
  EXPECT_EQ(cluster_.partition("thin").eligible, brokers({1, 2, 3}));
  EXPECT_TRUE(decide_fences(cluster_.image(), all, cluster_.limits).records().empty());
}

// Clients wait for leaders, and for nothing else.
TEST_F(FencingTest, S1_LeadershipsMoveBeforeInSyncSetsAlsoInARepair) {
  cluster_.create("castle", {{1, 2, 3}, {3, 2, 1}, {1, 3, 2}, {3, 1, 2}, {1, 2, 3}, {3, 2, 1}});
  const Limits limits{.max_changes = 2};
  metadata::Image image = cluster_.image();
  const auto led_by_3 = [&image] {
    int64_t count = 0;
    for (const auto& id : image.partitions_of(BrokerId{3})) {
      count += image.partition(id)->leader == BrokerId{3};
    }
    return count;
  };
  ASSERT_EQ(led_by_3(), 3);
  image.apply(image.index().next(), decide_fence(image, {BrokerId{3}, cluster_.epoch(3)}, limits));
  EXPECT_EQ(led_by_3(), 1);
  Repair repair;
  EXPECT_TRUE(repair.is_idle());
  repair.begin();
  image.apply(image.index().next(), repair.next(image, limits));
  EXPECT_EQ(led_by_3(), 0);
  int rounds = 0;
  for (;; ++rounds) {
    const proto::Decision rest = repair.next(image, limits);
    if (rest.records().empty()) break;
    ASSERT_LE(rest.records_size(), 2);
    image.apply(image.index().next(), rest);
  }
  EXPECT_TRUE(repair.is_idle());
  EXPECT_GE(rounds, 2);
  for (const auto& id : image.partitions_of(BrokerId{3})) {
    EXPECT_FALSE(image.partition(id)->is_in_sync(BrokerId{3}));
  }
  EXPECT_TRUE(barnabas::controller::repair(image, limits).records().empty());
}

}  // namespace
}  // namespace barnabas::controller

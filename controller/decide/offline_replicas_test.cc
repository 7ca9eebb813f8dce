#include "controller/decide/offline_replicas.h"

#include <gtest/gtest.h>

#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

class OfflineReplicasTest : public ::testing::Test {
 protected:
  OfflineReplicasTest() {
    for (int broker : {1, 2, 3}) cluster_.start(broker);
    cluster_.create("board", {{1, 2, 3}, {2, 3, 1}}, {{"min.insync.replicas", "2"}});
    cluster_.create("alone", {{1}});
  }
  ~OfflineReplicasTest() override { EXPECT_EQ(cluster_.broken(), ""); }

  proto::Decision decide(int32_t broker, std::vector<metadata::TopicPartition> ids) {
    google::protobuf::RepeatedPtrField<proto::OfflineReplica> replicas;
    for (const metadata::TopicPartition& id : ids) {
      replicas.Add()->set_topic_id(id.topic.bytes());
      replicas.rbegin()->set_index(id.index.value());
    }
    return decide_offline_replicas(cluster_.image(), {BrokerId{broker}, cluster_.epoch(broker)},
                                   replicas, cluster_.limits);
  }

  Cluster cluster_;
};

TEST_F(OfflineReplicasTest, S13_ADamagedLeaderHandsOverAndIsInSyncNoMore) {
  cluster_.commit(decide(1, {cluster_.id("board", 0)}));
  EXPECT_EQ(cluster_.partition("board", 0).leader, BrokerId{2});
  EXPECT_EQ(cluster_.partition("board", 0).in_sync, brokers({2, 3}));
  EXPECT_EQ(cluster_.partition("board", 0).lineage, Lineage{0});
  // Only what was named: the broker serves its other replicas.
  EXPECT_TRUE(cluster_.partition("board", 1).is_in_sync(BrokerId{1}));
  // Heartbeats repeat it.
  EXPECT_TRUE(decide(1, {cluster_.id("board", 0)}).records().empty());
}

TEST_F(OfflineReplicasTest, S13_TheLastOfASetIsFollowedByNobodyUncleanly) {
  cluster_.set_config(2, "board", "min.insync.replicas", "1");
  cluster_.fence(2);
  cluster_.fence(3);
  cluster_.commit(decide(1, {cluster_.id("board", 0)}));
  cluster_.unfence(2);
  cluster_.unfence(3);
  EXPECT_EQ(cluster_.partition("board", 0).leader, kNoBroker);
  EXPECT_TRUE(cluster_.partition("board", 0).in_sync.empty());
  EXPECT_TRUE(cluster_.partition("board", 0).eligible.empty());
  EXPECT_EQ(cluster_.partition("board", 0).last_known_eligible, brokers({1}));
}

TEST_F(OfflineReplicasTest, AnEligibleReplicaThatIsDamagedIsEligibleNoMore) {
  for (int broker : {1, 2}) cluster_.fence(broker);
  ASSERT_EQ(cluster_.partition("board", 0).eligible, brokers({2}));
  cluster_.commit(decide(2, {cluster_.id("board", 0)}));
  EXPECT_TRUE(cluster_.partition("board", 0).eligible.empty());
}

TEST_F(OfflineReplicasTest, TheOnlyReplicaKeepsItsPlace) {
  EXPECT_TRUE(decide(1, {cluster_.id("alone")}).records().empty());
}

TEST_F(OfflineReplicasTest, WhatDoesNotExistOrIsNoReplicaIsNoNews) {
  EXPECT_TRUE(decide(1, {{Uuid({9}), PartitionIndex{0}}}).records().empty());
  EXPECT_TRUE(decide(1, {cluster_.id("board", 0), {cluster_.id("board").topic, PartitionIndex{7}}})
                  .records_size() == 1);
  EXPECT_TRUE(decide(2, {cluster_.id("alone")}).records().empty());
}

TEST_F(OfflineReplicasTest, S12_AnOldIncarnationsWordIsNoNews) {
  google::protobuf::RepeatedPtrField<proto::OfflineReplica> replicas;
  replicas.Add()->set_topic_id(cluster_.id("board").topic.bytes());
  EXPECT_TRUE(decide_offline_replicas(cluster_.image(), {BrokerId{1}, BrokerEpoch{0}}, replicas,
                                      cluster_.limits)
                  .records()
                  .empty());
}

}  // namespace
}  // namespace barnabas::controller

#include "controller/decide/elect_leaders.h"

#include <gtest/gtest.h>

#include "controller/decide/retire_broker.h"
#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

class ElectLeadersTest : public ::testing::Test {
 protected:
  ElectLeadersTest() {
    for (int broker : {1, 2, 3}) cluster_.start(broker);
    cluster_.create("board", {{1, 2, 3}, {2, 3, 1}});
  }
  ~ElectLeadersTest() override { EXPECT_EQ(cluster_.broken(), ""); }

  void ask(const std::string& topic, std::initializer_list<int32_t> partitions) {
    proto::TopicPartitions* one = request_.add_topics();
    one->set_name(topic);
    for (int32_t index : partitions) one->add_partitions(index);
  }
  proto::ElectLeadersAnswer elect() {
    const auto decided = decide_elect_leaders(cluster_.image(), request_, cluster_.limits);
    cluster_.commit(decided.decision);
    request_.Clear();
    return decided.answer;
  }
  // Broker 1 was away and is in sync again, but does not lead.
  void move_away_from_1() {
    cluster_.register_broker(1, {});
    cluster_.unfence(1);
    ASSERT_TRUE(cluster_.partition("board").is_in_sync(BrokerId{1}));
    ASSERT_EQ(cluster_.partition("board").leader, BrokerId{2});
  }

  Cluster cluster_;
  proto::ElectLeadersRequest request_;
};

TEST_F(ElectLeadersTest, ThePreferredLeaderLeadsAgain) {
  move_away_from_1();
  ask("board", {0, 1, 7});
  ask("missing", {0});
  const proto::ElectLeadersAnswer answer = elect();
  ASSERT_EQ(answer.partitions_size(), 4);
  EXPECT_EQ(answer.partitions(0).error().code(), 0);
  EXPECT_EQ(answer.partitions(0).leader(), 1);
  EXPECT_EQ(answer.partitions(1).error().code(), 84);
  EXPECT_EQ(answer.partitions(2).error().code(), 3);
  EXPECT_EQ(answer.partitions(3).error().code(), 3);
  EXPECT_EQ(cluster_.partition("board").leader, BrokerId{1});
  EXPECT_EQ(cluster_.partition("board").lineage, Lineage{0});
}

TEST_F(ElectLeadersTest, OfAllOnlyThoseThatNeedItAreAnswered) {
  move_away_from_1();
  request_.set_all(true);
  const proto::ElectLeadersAnswer answer = elect();
  ASSERT_EQ(answer.partitions_size(), 1);
  EXPECT_EQ(answer.partitions(0).partition(), 0);
  EXPECT_EQ(answer.partitions(0).error().code(), 0);
  request_.set_all(true);
  EXPECT_EQ(elect().partitions_size(), 0);
}

TEST_F(ElectLeadersTest, APreferredLeaderThatCannotLeadIsNamedWithTheReason) {
  cluster_.fence(1);
  ask("board", {0});
  proto::Error error = elect().partitions(0).error();
  EXPECT_EQ(error.code(), 80);
  EXPECT_NE(error.message().find("broker 1, is fenced"), std::string::npos) << error.message();
  cluster_.unfence(1);  // alive, but no more in sync
  ask("board", {0});
  error = elect().partitions(0).error();
  EXPECT_EQ(error.code(), 80);
  EXPECT_NE(error.message().find("not in sync"), std::string::npos) << error.message();
}

TEST_F(ElectLeadersTest, ADrainedBrokerIsNotMadeLeaderByAskingForThePreferredOne) {
  proto::DrainBrokerRequest drain;
  drain.set_broker(1);
  cluster_.commit(decide_drain_broker(cluster_.image(), drain, cluster_.limits).decision);
  ASSERT_EQ(cluster_.partition("board").leader, BrokerId{2});
  ask("board", {0});
  const proto::Error error = elect().partitions(0).error();
  EXPECT_EQ(error.code(), 80);
  EXPECT_NE(error.message().find("drained"), std::string::npos) << error.message();
}

TEST_F(ElectLeadersTest, S13_AnUncleanElectionIsForLeaderlessPartitionsAndCountsTheLineage) {
  request_.set_type(proto::ElectLeadersRequest::UNCLEAN);
  ask("board", {0});
  EXPECT_EQ(elect().partitions(0).error().code(), 84);
  // Everybody else is out of sync when the last member dies.
  for (int broker : {2, 3, 1}) cluster_.fence(broker);
  ASSERT_EQ(cluster_.partition("board").eligible, brokers({1}));
  request_.set_type(proto::ElectLeadersRequest::UNCLEAN);
  ask("board", {0});
  EXPECT_EQ(elect().partitions(0).error().code(), 83);
  cluster_.unfence(3);
  ASSERT_EQ(cluster_.partition("board").leader, kNoBroker);
  cluster_.allow_unclean_elections();
  request_.set_type(proto::ElectLeadersRequest::UNCLEAN);
  ask("board", {0});
  const proto::ElectLeadersAnswer answer = elect();
  EXPECT_EQ(answer.partitions(0).error().code(), 0) << answer.partitions(0).error().message();
  EXPECT_EQ(answer.partitions(0).leader(), 3);
  EXPECT_EQ(cluster_.partition("board").leader, BrokerId{3});
  EXPECT_EQ(cluster_.partition("board").lineage, Lineage{1});
}

TEST_F(ElectLeadersTest, WhatDoesNotFitOneDecisionIsRefusedWithTheLimit) {
  cluster_.create("other", {{1, 2, 3}, {1, 3, 2}});
  move_away_from_1();
  cluster_.limits.max_changes = 1;
  ask("other", {0, 1});
  const proto::ElectLeadersAnswer answer = elect();
  EXPECT_EQ(answer.partitions(0).error().code(), 0);
  EXPECT_EQ(answer.partitions(1).error().code(), 44);
}

}  // namespace
}  // namespace barnabas::controller

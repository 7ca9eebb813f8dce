#include "controller/decide/retire_broker.h"

#include <gtest/gtest.h>

#include "controller/decide/partition_sweep.h"
#include "controller/decide/preferred_election.h"
#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

class RetireBrokerTest : public ::testing::Test {
 protected:
  RetireBrokerTest() {
    for (int broker : {1, 2, 3}) cluster_.start(broker);
    cluster_.create("board", {{1, 2, 3}, {1, 3, 2}, {2, 3, 1}});
  }
  ~RetireBrokerTest() override { EXPECT_EQ(cluster_.broken(), ""); }

  DecidedOrRefused<proto::DrainBrokerAnswer> drain(int32_t broker, bool undo = false) {
    proto::DrainBrokerRequest request;
    request.set_broker(broker);
    request.set_undo(undo);
    auto decided = decide_drain_broker(cluster_.image(), request, cluster_.limits);
    cluster_.commit(decided.decision);
    return decided;
  }
  DecidedOrRefused<proto::UnregisterBrokerAnswer> unregister(int32_t broker) {
    proto::UnregisterBrokerRequest request;
    request.set_broker(broker);
    auto decided = decide_unregister_broker(cluster_.image(), request);
    cluster_.commit(decided.decision);
    return decided;
  }
  bool draining(int32_t broker) const {
    return cluster_.image().broker(BrokerId{broker})->draining;
  }

  Cluster cluster_;
};

TEST_F(RetireBrokerTest, ADrainedBrokerStaysInSyncAndLeadsNothing) {
  EXPECT_EQ(drain(1).answer.still_leading(), 0);
  for (int32_t i = 0; i < 3; ++i) {
    EXPECT_NE(cluster_.partition("board", i).leader, BrokerId{1});
    EXPECT_EQ(cluster_.partition("board", i).in_sync.size(), 3u);
  }
  // The balance does not bring it back.
  EXPECT_FALSE(prefers_another_leader(cluster_.image(), cluster_.id("board")));
  EXPECT_TRUE(repair(cluster_.image(), cluster_.limits).records().empty());
}

TEST_F(RetireBrokerTest, DrainingAgainIsNoMistakeAndMovesWhatCanMoveMeanwhile) {
  cluster_.create("alone", {{1}});
  EXPECT_EQ(drain(1).answer.still_leading(), 1);
  EXPECT_EQ(cluster_.partition("alone").leader, BrokerId{1});
  const auto again = drain(1);
  EXPECT_TRUE(again.decision.records().empty());
  EXPECT_EQ(again.answer.still_leading(), 1);
}

TEST_F(RetireBrokerTest, ADrainOutlivesARestartAndIsUndone) {
  drain(1);
  cluster_.start(1);
  EXPECT_TRUE(draining(1));
  EXPECT_FALSE(prefers_another_leader(cluster_.image(), cluster_.id("board")));
  drain(1, /*undo=*/true);
  EXPECT_FALSE(draining(1));
  EXPECT_TRUE(prefers_another_leader(cluster_.image(), cluster_.id("board")));
  EXPECT_TRUE(drain(1, /*undo=*/true).decision.records().empty());
}

TEST_F(RetireBrokerTest, ANewTopicIsLedByOneThatIsNotDrained) {
  drain(1);
  cluster_.create("fresh", {{1, 2, 3}});
  EXPECT_EQ(cluster_.partition("fresh").leader, BrokerId{2});
}

TEST_F(RetireBrokerTest, S1_ADrainTooLargeForOneDecisionIsCompletedFromTheImageAlone) {
  cluster_.limits.max_changes = 1;
  const auto first = drain(1);
  EXPECT_TRUE(first.decision.has_unfinished());
  EXPECT_EQ(first.answer.still_leading(), 1);
  cluster_.commit(repair(cluster_.image(), cluster_.limits));
  EXPECT_TRUE(repair(cluster_.image(), cluster_.limits).records().empty());
  for (int32_t i = 0; i < 3; ++i) EXPECT_NE(cluster_.partition("board", i).leader, BrokerId{1});
}

TEST_F(RetireBrokerTest, OnlyAFencedBrokerIsUnregistered) {
  const auto refused = unregister(1);
  EXPECT_EQ(refused.failure.code, ErrorCode::kInvalidRequest);
  EXPECT_NE(refused.failure.message.find("Broker 1 is running"), std::string::npos);
  cluster_.register_broker(1, {});  // fenced, but about to serve
  EXPECT_TRUE(unregister(1).failure.failed());
  cluster_.set_config(4, "1", "log.retention.ms", "5");
  cluster_.fence(1);
  EXPECT_FALSE(unregister(1).failure.failed());
  EXPECT_EQ(cluster_.image().broker(BrokerId{1}), nullptr);
  EXPECT_EQ(cluster_.image().configs(metadata::ResourceType::kBroker, "1"), nullptr);
}

TEST_F(RetireBrokerTest, WhoeverIsNotThereCanNeitherBeDrainedNorUnregistered) {
  EXPECT_EQ(drain(9).failure.code, ErrorCode::kBrokerIdNotRegistered);
  EXPECT_EQ(unregister(9).failure.code, ErrorCode::kBrokerIdNotRegistered);
}

// The cluster has forgotten which epoch it served last, so nothing tells its directory from an
// older copy of it.
TEST_F(RetireBrokerTest, S10_OneThatComesBackAfterItWasUnregisteredIsTrustedInNothing) {
  cluster_.set_config(2, "board", "min.insync.replicas", "3");
  cluster_.fence(1);
  ASSERT_EQ(cluster_.partition("board").eligible, brokers({1}));
  unregister(1);
  cluster_.register_broker(1, {});
  EXPECT_TRUE(cluster_.partition("board").eligible.empty());
  EXPECT_FALSE(cluster_.partition("board").is_in_sync(BrokerId{1}));
}

}  // namespace
}  // namespace barnabas::controller

#include "controller/decide/registration.h"

#include <gtest/gtest.h>

#include "controller/decide/features.h"
#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

class RegistrationTest : public ::testing::Test {
 protected:
  RegistrationTest() {
    cluster_.commit(decide_bootstrap(cluster_.image(), {}));
    for (int broker : {1, 2, 3}) cluster_.start(broker);
    cluster_.create("board", {{1, 2, 3}}, {{"min.insync.replicas", "3"}});
    cluster_.create("fast", {{1, 2, 3}},
                    {{"min.insync.replicas", "3"}, {"acks.durability", "replicated"}});
    cluster_.create("alone", {{1}});
    cluster_.create("fastalone", {{1}}, {{"acks.durability", "replicated"}});
  }
  ~RegistrationTest() override { EXPECT_EQ(cluster_.broken(), ""); }

  Registration decide(const proto::Register& command) {
    return decide_registration(cluster_.image(), command, "cluster", cluster_.limits);
  }

  Cluster cluster_;
};

TEST_F(RegistrationTest, S9_ANewIncarnationLosesEveryLeadershipInTheSameDecision) {
  const LeaderEpoch before = cluster_.partition("board").leader_epoch;
  const LeaderEpoch alone_before = cluster_.partition("alone").leader_epoch;
  const Registration decided = decide(cluster_.command(1, {.clean = true}));
  EXPECT_FALSE(decided.again);
  cluster_.commit(decided.decision);
  EXPECT_TRUE(cluster_.image().broker(BrokerId{1})->fenced);
  EXPECT_EQ(cluster_.partition("board").leader, BrokerId{2});
  EXPECT_EQ(cluster_.partition("board").leader_epoch, before.next());
  // Also with one replica, and after a clean stop.
  EXPECT_EQ(cluster_.partition("alone").leader, kNoBroker);
  EXPECT_EQ(cluster_.partition("alone").leader_epoch, alone_before.next());
  cluster_.unfence(1);
  EXPECT_EQ(cluster_.partition("alone").leader, BrokerId{1});
  EXPECT_EQ(cluster_.partition("alone").leader_epoch, alone_before.next().next());
  EXPECT_EQ(cluster_.partition("alone").lineage, Lineage{0});
}

TEST_F(RegistrationTest, S10_ACrashKeepsItsPlaceWhereAcknowledgedMeansOnDisk) {
  cluster_.register_broker(1, {});
  EXPECT_EQ(cluster_.partition("board").in_sync, brokers({1, 2, 3}));
  EXPECT_EQ(cluster_.partition("board").leader, BrokerId{2});
  EXPECT_EQ(cluster_.partition("fast").in_sync, brokers({2, 3}));
  EXPECT_TRUE(cluster_.partition("fast").eligible.empty());
}

TEST_F(RegistrationTest, S10_AnEligibleReplicaThatComesBackStaysEligible) {
  cluster_.fence(1);
  EXPECT_EQ(cluster_.partition("board").eligible, brokers({1}));
  cluster_.register_broker(1, {});
  EXPECT_EQ(cluster_.partition("board").in_sync, brokers({2, 3}));
  EXPECT_EQ(cluster_.partition("board").eligible, brokers({1}));
}

TEST_F(RegistrationTest, S10_ACleanStopKeepsItsPlaceInEitherMode) {
  cluster_.register_broker(1, {.clean = true});
  EXPECT_EQ(cluster_.partition("board").in_sync, brokers({1, 2, 3}));
  EXPECT_EQ(cluster_.partition("fast").in_sync, brokers({1, 2, 3}));
}

TEST_F(RegistrationTest, S10_OneThatComesBackAndDiesBeforeItServesIsInSyncNoMore) {
  cluster_.register_broker(1, {});
  cluster_.fence(1);
  EXPECT_EQ(cluster_.partition("board").in_sync, brokers({2, 3}));
  EXPECT_EQ(cluster_.partition("board").eligible, brokers({1}));
  EXPECT_EQ(cluster_.partition("alone").eligible, brokers({1}));
  cluster_.unfence(1);
  EXPECT_EQ(cluster_.partition("alone").leader, BrokerId{1});
}

// The wiped one was in sync with those that hold everything. Whichever comes back first, and
// although min ISR asks for nobody else.
TEST_F(RegistrationTest, S10_WithOneWipedDiskAndAllKilledAPartitionOfMinInSyncOneGetsALeader) {
  for (const std::vector<int>& order :
       {std::vector<int>{1, 2, 3}, {1, 3, 2}, {3, 2, 1}, {3, 1, 2}, {2, 1, 3}, {2, 3, 1}}) {
    const std::string topic = "thin" + std::to_string(order[0]) + std::to_string(order[1]);
    cluster_.create(topic, {{1, 2, 3}}, {{"min.insync.replicas", "1"}});
    for (int broker : order) cluster_.register_broker(broker, {.wiped = broker == 3});
    EXPECT_EQ(cluster_.partition(topic).in_sync, brokers({1, 2}));
    EXPECT_EQ(cluster_.partition(topic).leader, kNoBroker);
    for (int broker : order) cluster_.unfence(broker);
    EXPECT_NE(cluster_.partition(topic).leader, kNoBroker);
    EXPECT_EQ(cluster_.partition(topic).lineage, Lineage{0});
    EXPECT_FALSE(cluster_.partition(topic).is_in_sync(BrokerId{3}));
  }
}

TEST_F(RegistrationTest, S10_AllBrokersKilledAtOnceComeBackWithoutAnUncleanElection) {
  for (int broker : {1, 2, 3}) cluster_.register_broker(broker, {});
  EXPECT_EQ(cluster_.partition("board").leader, kNoBroker);
  EXPECT_EQ(cluster_.partition("board").in_sync, brokers({1, 2, 3}));
  EXPECT_EQ(cluster_.partition("alone").leader, kNoBroker);
  for (int broker : {3, 1, 2}) cluster_.unfence(broker);
  EXPECT_EQ(cluster_.partition("board").leader, BrokerId{3});
  EXPECT_EQ(cluster_.partition("board").lineage, Lineage{0});
  EXPECT_EQ(cluster_.partition("alone").leader, BrokerId{1});
  // Replicated, all crashed: nothing that was acknowledged is sure to exist, and nobody may decide
  // that but the operator.
  EXPECT_EQ(cluster_.partition("fast").leader, kNoBroker);
  // Unless there is only one copy, which is then the best there is.
  EXPECT_EQ(cluster_.partition("fastalone").leader, BrokerId{1});
  EXPECT_EQ(cluster_.partition("fastalone").lineage, Lineage{1});
}

TEST_F(RegistrationTest, S10_AWipedDiskUnderTheSameBrokerIdIsTrustedInNothing) {
  cluster_.register_broker(1, {.clean = true, .wiped = true});
  EXPECT_TRUE(cluster_.partition("board").eligible.empty());
  const auto& directories = cluster_.image().broker(BrokerId{1})->directories;
  EXPECT_EQ(cluster_.partition("board").directories.front(), directories.front());
  cluster_.unfence(1);
  EXPECT_EQ(cluster_.partition("alone").leader, kNoBroker);
}

TEST_F(RegistrationTest, S10_AnOlderCopyOfTheDirectoryIsNotTrusted) {
  cluster_.register_broker(1, {.clean = true, .forgot_epoch = true});
  EXPECT_TRUE(cluster_.partition("board").eligible.empty());
}

TEST_F(RegistrationTest, S10_AStartThatWasKilledBeforeItServedDoesNoHarm) {
  // Registered, but killed before its directory held the new epoch; then once more.
  cluster_.register_broker(1, {});
  cluster_.register_broker(1, {});
  EXPECT_EQ(cluster_.partition("board").in_sync, brokers({1, 2, 3}));
}

TEST_F(RegistrationTest, S1_TooManyPartitionsAreFencedFirstAndRegisteredLast) {
  cluster_.limits.max_changes = 2;
  const proto::Register command = cluster_.command(1, {});
  const Registration first = decide(command);
  EXPECT_TRUE(first.again);
  EXPECT_TRUE(first.decision.records(0).broker_change().fenced());
  cluster_.commit(first.decision);
  int rounds = 1;
  for (;; ++rounds) {
    ASSERT_LT(rounds, 10);
    const Registration next = decide(command);
    cluster_.commit(next.decision);
    if (!next.again) break;
    EXPECT_FALSE(next.decision.records().empty());
  }
  EXPECT_EQ(cluster_.image().broker(BrokerId{1})->incarnation.view(), command.incarnation());
  // What the fence has taken out before the rest was looked at is eligible, the rest is in sync.
  EXPECT_TRUE(cluster_.partition("board").is_in_sync(BrokerId{1}) ||
              cluster_.partition("board").eligible == brokers({1}));
}

TEST_F(RegistrationTest, TheSameIncarnationIsRegisteredOnce) {
  const proto::Register command = cluster_.command(1, {});
  cluster_.commit(decide(command).decision);
  const Registration again = decide(command);
  EXPECT_TRUE(again.decision.records().empty());
  EXPECT_EQ(again.known, cluster_.epoch(1));
}

TEST_F(RegistrationTest, WhatIsWrongWithARegistrationIsSaid) {
  const auto code = [&](const proto::Register& command) { return decide(command).failure.code; };
  proto::Register foreign = cluster_.command(1, {});
  foreign.set_cluster_id("other");
  EXPECT_EQ(code(foreign), ErrorCode::kInconsistentClusterId);
  const std::string sentence = decide(foreign).failure.message;
  EXPECT_NE(sentence.find("other"), std::string::npos);
  EXPECT_NE(sentence.find("cluster cluster"), std::string::npos);

  proto::Register homeless = cluster_.command(1, {});
  homeless.clear_directories();
  EXPECT_EQ(code(homeless), ErrorCode::kInvalidRegistration);

  proto::Register copied = cluster_.command(4, {});
  copied.set_directories(0, cluster_.image().broker(BrokerId{1})->directories.front().bytes());
  EXPECT_EQ(code(copied), ErrorCode::kInvalidRegistration);

  proto::Register negative = cluster_.command(4, {});
  negative.set_broker(-4);
  EXPECT_EQ(code(negative), ErrorCode::kInvalidRegistration);

  proto::Register nameless = cluster_.command(4, {});
  nameless.set_incarnation("short");
  EXPECT_EQ(code(nameless), ErrorCode::kInvalidRegistration);

  proto::Register newer = cluster_.command(4, {});
  (*newer.mutable_features())[kMetadataVersion].set_min(2);
  (*newer.mutable_features())[kMetadataVersion].set_max(3);
  EXPECT_EQ(code(newer), ErrorCode::kUnsupportedVersion);
}

}  // namespace
}  // namespace barnabas::controller

#include "controller/decide/configs.h"

#include <gtest/gtest.h>

#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

using metadata::Durability;

class ConfigsTest : public ::testing::Test {
 protected:
  ConfigsTest() {
    for (int broker : {1, 2, 3}) cluster_.start(broker);
    cluster_.create("board", {{1, 2, 3}}, {{"min.insync.replicas", "2"}});
  }
  ~ConfigsTest() override { EXPECT_EQ(cluster_.broken(), ""); }

  proto::ConfigResource* resource(int type, const std::string& name) {
    proto::ConfigResource* out = request_.add_resources();
    out->set_type(type);
    out->set_name(name);
    return out;
  }
  void change(proto::ConfigResource* resource, const std::string& key, const std::string& value,
              proto::ConfigChange::Operation operation = proto::ConfigChange::SET) {
    proto::ConfigChange* out = resource->add_changes();
    out->set_key(key);
    out->set_value(value);
    out->set_operation(operation);
  }
  proto::AlterConfigsAnswer alter() {
    const auto decided = decide_alter_configs(cluster_.image(), request_, cluster_.limits);
    records_ = decided.decision.records_size();
    cluster_.commit(decided.decision);
    request_.Clear();
    return decided.answer;
  }
  int code() {
    const proto::AlterConfigsAnswer answer = alter();
    return answer.resources(0).error().code();
  }
  const metadata::ConfigMap& of_topic() {
    return *cluster_.image().configs(metadata::ResourceType::kTopic, "board");
  }

  Cluster cluster_;
  proto::AlterConfigsRequest request_;
  int records_ = 0;
};

TEST_F(ConfigsTest, KeysAreSetAndDeletedOneByOne) {
  change(resource(2, "board"), "retention.ms", "5");
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(of_topic().at("retention.ms"), "5");
  EXPECT_EQ(of_topic().size(), 2u);
  change(resource(2, "board"), "retention.ms", "", proto::ConfigChange::DELETE);
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(of_topic().count("retention.ms"), 0u);
}

TEST_F(ConfigsTest, ListsGrowAndShrink) {
  change(resource(2, "board"), "cleanup.policy", "compact", proto::ConfigChange::APPEND);
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(of_topic().at("cleanup.policy"), "delete,compact");
  change(resource(2, "board"), "cleanup.policy", "delete", proto::ConfigChange::SUBTRACT);
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(of_topic().at("cleanup.policy"), "compact");
  change(resource(2, "board"), "retention.ms", "1", proto::ConfigChange::APPEND);
  EXPECT_EQ(code(), 40);
}

TEST_F(ConfigsTest, ReplacingResetsWhatIsNotNamed) {
  request_.set_replace(true);
  change(resource(2, "board"), "retention.ms", "5");
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(of_topic().size(), 1u);
}

TEST_F(ConfigsTest, WhatIsWrongIsRefusedPerResource) {
  change(resource(2, "board"), "retention.ms", "5");
  change(resource(2, "missing"), "retention.ms", "5");
  change(resource(4, ""), "num.partitions", "0");
  change(resource(4, "1"), "num.partitions", "1");
  change(resource(9, ""), "num.partitions", "1");
  const proto::AlterConfigsAnswer answer = alter();
  EXPECT_EQ(answer.resources(0).error().code(), 0);
  EXPECT_EQ(answer.resources(1).error().code(), 3);
  EXPECT_EQ(answer.resources(2).error().code(), 40);
  EXPECT_EQ(answer.resources(3).error().code(), 42);
  EXPECT_EQ(answer.resources(4).error().code(), 42);
  EXPECT_EQ(records_, 1);
}

TEST_F(ConfigsTest, OneBrokerHasSettingsOfItsOwnWhereNothingElseDependsOnThem) {
  change(resource(4, "1"), "log.retention.ms", "5");
  change(resource(4, "1x"), "log.retention.ms", "5");
  change(resource(4, "9"), "log.retention.ms", "5");
  proto::AlterConfigsAnswer answer = alter();
  EXPECT_EQ(answer.resources(0).error().code(), 0);
  EXPECT_EQ(answer.resources(1).error().code(), 42);
  EXPECT_EQ(answer.resources(2).error().code(), 102);
  EXPECT_EQ(cluster_.image().configs(metadata::ResourceType::kBroker, "1")->size(), 1u);

  change(resource(4, "1"), "min.insync.replicas", "2");
  change(resource(4, "2"), "listeners", "PLAINTEXT://:1");
  change(resource(4, "3"), "log.retention.ms", "-2");
  change(resource(4, ""), "node.id", "7");
  answer = alter();
  EXPECT_EQ(answer.resources(0).error().code(), 42);
  EXPECT_EQ(answer.resources(1).error().code(), 42);
  EXPECT_EQ(answer.resources(2).error().code(), 40);
  EXPECT_EQ(answer.resources(2).error().message(),
            "Invalid value '-2' for 'log.retention.ms': it must be at least -1.");
  EXPECT_EQ(answer.resources(3).error().code(), 42);
}

TEST_F(ConfigsTest, AResourceAndAKeyAreNamedOnce) {
  proto::ConfigResource* twice = resource(2, "board");
  change(twice, "retention.ms", "5");
  change(twice, "retention.ms", "6");
  EXPECT_EQ(code(), 42);
  change(resource(2, "board"), "retention.ms", "5");
  change(resource(2, "board"), "retention.ms", "6");
  EXPECT_EQ(alter().resources(1).error().code(), 42);
}

TEST_F(ConfigsTest, ValidateOnlyChangesNothing) {
  request_.set_validate_only(true);
  change(resource(2, "board"), "retention.ms", "5");
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(records_, 0);
}

TEST_F(ConfigsTest, WhatIsAlreadySoIsNoRecord) {
  change(resource(2, "board"), "min.insync.replicas", "2");
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(records_, 0);
}

TEST_F(ConfigsTest, S19_ChangingMinInSyncClearsTheEligibleSetInTheSameDecision) {
  cluster_.fence(2);
  cluster_.fence(3);
  ASSERT_EQ(cluster_.partition("board").eligible, brokers({3}));
  change(resource(2, "board"), "min.insync.replicas", "1");
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(records_, 2);
  EXPECT_TRUE(cluster_.partition("board").eligible.empty());
}

TEST_F(ConfigsTest, S19_TheBrokersDefaultCountsForTopicsThatHaveNoneOfTheirOwn) {
  cluster_.create("plain", {{1, 2, 3}});
  cluster_.set_config(4, "", "min.insync.replicas", "3");
  cluster_.fence(2);
  cluster_.fence(3);
  ASSERT_EQ(cluster_.partition("plain").eligible, brokers({2, 3}));
  cluster_.set_config(4, "", "min.insync.replicas", "2");
  EXPECT_TRUE(cluster_.partition("plain").eligible.empty());
  EXPECT_EQ(cluster_.partition("board").eligible, brokers({3}));
}

TEST_F(ConfigsTest, S19_OfALeaderlessPartitionTheEligibleStay) {
  for (int broker : {1, 2, 3}) cluster_.fence(broker);
  cluster_.set_config(2, "board", "min.insync.replicas", "1");
  EXPECT_EQ(cluster_.partition("board").eligible, brokers({2, 3}));
  cluster_.unfence(2);
  EXPECT_EQ(cluster_.partition("board").leader, BrokerId{2});
  EXPECT_TRUE(cluster_.partition("board").eligible.empty());
}

TEST_F(ConfigsTest, S11_DurabilityIsPartOfThePartitionsState) {
  change(resource(2, "board"), "acks.durability", "replicated");
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(records_, 2);
  EXPECT_EQ(cluster_.partition("board").durability, Durability::kReplicated);
  change(resource(2, "board"), "acks.durability", "durable");
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(cluster_.partition("board").durability, Durability::kReplicated);
  EXPECT_EQ(cluster_.partition("board").durability_wanted, Durability::kDurable);
}

TEST_F(ConfigsTest, AllowingUncleanElectionElectsAtOnce) {
  cluster_.create("lost", {{1, 2}}, {{"min.insync.replicas", "2"}});
  cluster_.fence(2);
  cluster_.fence(1);
  for (int broker : {1, 2}) cluster_.register_broker(broker, {.forgot_epoch = true});
  cluster_.unfence(2);
  EXPECT_EQ(cluster_.partition("lost").leader, kNoBroker);
  cluster_.set_config(2, "lost", "unclean.leader.election.enable", "true");
  EXPECT_EQ(cluster_.partition("lost").leader, BrokerId{2});
  EXPECT_EQ(cluster_.partition("lost").lineage, Lineage{1});
}

TEST_F(ConfigsTest, AChangeTooLargeForOneDecisionIsRefusedAsAWhole) {
  cluster_.create("many", {{1}, {1}, {1}});
  cluster_.limits.max_changes = 2;
  change(resource(2, "many"), "acks.durability", "replicated");
  EXPECT_EQ(code(), 44);
  EXPECT_EQ(records_, 0);
}

}  // namespace
}  // namespace barnabas::controller

#include "tests/simulation/checks/metadata_history.h"

#include <gtest/gtest.h>

#include "proto/metadata.pb.h"

namespace barnabas::simulation {
namespace {

std::string id(char c) { return std::string(16, c); }

class MetadataHistoryTest : public ::testing::Test {
 protected:
  MetadataHistoryTest() : history_(findings_) {
    state_.replicas = {BrokerId(1), BrokerId(2)};
    state_.in_sync = {BrokerId(1), BrokerId(2)};
    state_.leader = BrokerId(1);
    state_.leader_epoch = LeaderEpoch(5);
    state_.partition_epoch = PartitionEpoch(7);
  }
  std::string look(bool leader_is_fenced = false) {
    history_.partition(Place(), state_, leader_is_fenced);
    return findings_.text();
  }
  void change() { state_.partition_epoch = state_.partition_epoch.next(); }
  std::string look_at(const proto::Image& image) {
    history_.committed(metadata::Image::from_proto(image));
    return findings_.text();
  }

  Findings findings_;
  MetadataHistory history_;
  metadata::PartitionImage state_;
};

proto::Image broker_with_epoch(int64_t epoch, int64_t index) {
  proto::Image image;
  image.set_index(index);
  proto::RegisterBroker& record = *image.add_records()->mutable_register_broker();
  record.set_id(2);
  record.set_epoch(epoch);
  record.set_incarnation(id('i'));
  return image;
}

proto::Image one_topic(char topic_id, int64_t index) {
  proto::Image image;
  image.set_index(index);
  proto::Topic& topic = *image.add_records()->mutable_topic();
  topic.set_name("t");
  topic.set_id(id(topic_id));
  return image;
}

TEST_F(MetadataHistoryTest, AcceptsALeaderChangeInANewEpoch) {
  EXPECT_EQ(look(), "");
  state_.leader = BrokerId(2);
  state_.leader_epoch = LeaderEpoch(6);
  change();
  EXPECT_EQ(look(), "");
}

TEST_F(MetadataHistoryTest, I29_ReportsABrokerEpochThatGoesBack) {
  EXPECT_EQ(look_at(broker_with_epoch(9, 10)), "");
  EXPECT_NE(look_at(broker_with_epoch(8, 20)).find("I29"), std::string::npos);
}

TEST_F(MetadataHistoryTest, I30_ReportsATopicIdThatComesBack) {
  EXPECT_EQ(look_at(one_topic('1', 10)), "");
  EXPECT_EQ(look_at(one_topic('2', 20)), "");
  EXPECT_NE(look_at(one_topic('1', 30)).find("I30"), std::string::npos);
}

TEST_F(MetadataHistoryTest, I30_ReportsProducerIdsThatAreGivenOutTwice) {
  proto::Image image;
  image.set_index(10);
  image.add_records()->mutable_producer_ids()->set_next(2000);
  EXPECT_EQ(look_at(image), "");
  image.set_index(20);
  image.mutable_records(0)->mutable_producer_ids()->set_next(1000);
  EXPECT_NE(look_at(image).find("I30"), std::string::npos);
}

TEST_F(MetadataHistoryTest, I31_ReportsALeaderOutsideTheInSyncSet) {
  state_.in_sync = {BrokerId(2)};
  EXPECT_NE(look().find("I31"), std::string::npos);
}

TEST_F(MetadataHistoryTest, I31_ReportsAnInSyncBrokerWithoutAReplica) {
  state_.in_sync.push_back(BrokerId(3));
  EXPECT_NE(look().find("I31"), std::string::npos);
}

TEST_F(MetadataHistoryTest, I31_ReportsAChangeWithoutAnEpoch) {
  look();
  state_.in_sync = {BrokerId(1)};
  EXPECT_NE(look().find("I31"), std::string::npos);
}

TEST_F(MetadataHistoryTest, I32_ReportsANewLeaderInTheOldEpoch) {
  look();
  state_.leader = BrokerId(2);
  change();
  EXPECT_NE(look().find("I32"), std::string::npos);
}

TEST_F(MetadataHistoryTest, I32_ReportsEpochsThatGoBack) {
  look();
  state_.leader_epoch = LeaderEpoch(4);
  change();
  EXPECT_NE(look().find("I32"), std::string::npos);
}

TEST_F(MetadataHistoryTest, I33_ReportsAFencedLeader) {
  EXPECT_NE(look(/*leader_is_fenced=*/true).find("I33"), std::string::npos);
}

TEST_F(MetadataHistoryTest, P29_ReportsALeaderThatWasNeitherInSyncNorEligible) {
  state_.in_sync = {BrokerId(1)};
  look();
  state_.in_sync = {BrokerId(2)};
  state_.leader = BrokerId(2);
  state_.leader_epoch = state_.leader_epoch.next();
  change();
  EXPECT_NE(look().find("I34"), std::string::npos);
}

TEST_F(MetadataHistoryTest, P29_AnEligibleReplicaMayBeElected) {
  state_.in_sync = {BrokerId(1)};
  state_.eligible = {BrokerId(2)};
  look();
  state_.in_sync = {BrokerId(2)};
  state_.eligible = {BrokerId(1)};
  state_.leader = BrokerId(2);
  state_.leader_epoch = state_.leader_epoch.next();
  change();
  EXPECT_EQ(look(), "");
}

TEST_F(MetadataHistoryTest, I34_ReportsAnUncleanElection) {
  look();
  state_.lineage = Lineage(1);
  change();
  EXPECT_NE(look().find("I34"), std::string::npos);
}

}  // namespace
}  // namespace barnabas::simulation

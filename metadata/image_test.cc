#include "metadata/image.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/random.h"
#include "metadata/records.h"

namespace barnabas::metadata {
namespace {

class ImageTest : public ::testing::Test {
 protected:
  Uuid id() { return Uuid::make(*random_); }

  proto::RegisterBroker* add_broker(proto::Decision& decision, int32_t broker) {
    proto::RegisterBroker* record = decision.add_records()->mutable_register_broker();
    record->set_id(broker);
    record->set_incarnation(id().bytes());
    record->add_directories(id().bytes());
    (*record->mutable_features())["metadata.version"].set_max(1);
    (*record->mutable_features())["another"].set_max(2);
    return record;
  }

  void add_topic(proto::Decision& decision, const std::string& name, const Uuid& topic,
                 int partitions) {
    proto::Topic* record = decision.add_records()->mutable_topic();
    record->set_name(name);
    record->set_id(topic.bytes());
    for (int i = 0; i < partitions; ++i) {
      proto::Partition* partition = decision.add_records()->mutable_partition();
      partition->set_topic_id(topic.bytes());
      partition->set_index(i);
      for (int broker : {1, 2}) {
        partition->add_replicas(broker);
        partition->add_in_sync(broker);
        partition->add_directories(id().bytes());
      }
      partition->set_leader(1);
    }
  }

  void set_config(proto::Decision& decision, const std::string& topic, const std::string& key,
                  const std::string& value) {
    proto::Config* record = decision.add_records()->mutable_config();
    record->set_type(proto::RESOURCE_TOPIC);
    record->set_name(topic);
    record->set_key(key);
    if (!value.empty()) record->set_value(value);
  }

  std::unique_ptr<Random> random_ = seeded_random(7);
  Image image_;
};

TEST_F(ImageTest, I29_ABrokersEpochIsTheIndexOfItsRegistration) {
  proto::Decision decision;
  add_broker(decision, 1);
  const Delta delta = image_.apply(LogIndex{5}, decision);
  EXPECT_EQ(image_.broker(BrokerId{1})->epoch, BrokerEpoch{5});
  EXPECT_TRUE(image_.broker(BrokerId{1})->fenced);
  EXPECT_EQ(image_.broker(BrokerId{1})->served, kNoBrokerEpoch);
  EXPECT_EQ(delta.brokers, std::set<BrokerId>{BrokerId{1}});
}

TEST_F(ImageTest, S10_TheEpochThatServedSurvivesLaterRegistrationsThatNeverServe) {
  proto::Decision decision;
  add_broker(decision, 1);
  image_.apply(LogIndex{5}, decision);
  proto::Decision unfence;
  unfence.add_records()->mutable_broker_change()->set_id(1);
  unfence.mutable_records(0)->mutable_broker_change()->set_epoch(5);
  unfence.mutable_records(0)->mutable_broker_change()->set_fenced(false);
  image_.apply(LogIndex{6}, unfence);
  proto::Decision again;
  add_broker(again, 1);
  image_.apply(LogIndex{9}, again);
  EXPECT_EQ(image_.broker(BrokerId{1})->epoch, BrokerEpoch{9});
  EXPECT_EQ(image_.broker(BrokerId{1})->served, BrokerEpoch{5});
}

TEST_F(ImageTest, S10_ABrokerIsReturningUntilItIsUnfencedOrFencedAlsoInASnapshot) {
  for (const bool fenced : {false, true}) {
    Image image;
    proto::Decision decision;
    add_broker(decision, 1)->set_returning(true);
    image.apply(LogIndex{5}, decision);
    EXPECT_TRUE(image.broker(BrokerId{1})->returning);
    EXPECT_TRUE(image.broker(BrokerId{1})->may_be_in_sync());
    EXPECT_FALSE(image.broker(BrokerId{1})->may_lead());
    image = Image::from_proto(image.to_proto());
    EXPECT_TRUE(image.broker(BrokerId{1})->returning);
    proto::Decision change;
    change.add_records()->mutable_broker_change()->set_id(1);
    change.mutable_records(0)->mutable_broker_change()->set_epoch(5);
    change.mutable_records(0)->mutable_broker_change()->set_fenced(fenced);
    image.apply(LogIndex{6}, change);
    EXPECT_FALSE(image.broker(BrokerId{1})->returning);
    EXPECT_EQ(image.broker(BrokerId{1})->may_be_in_sync(), !fenced);
  }
}

TEST_F(ImageTest, ADrainIsOfTheIdAndSurvivesRegistrationsAndSnapshots) {
  proto::Decision decision;
  add_broker(decision, 1);
  image_.apply(LogIndex{5}, decision);
  proto::Decision drain;
  drain.add_records()->mutable_broker_change()->set_id(1);
  drain.mutable_records(0)->mutable_broker_change()->set_epoch(5);
  drain.mutable_records(0)->mutable_broker_change()->set_draining(true);
  image_.apply(LogIndex{6}, drain);
  EXPECT_TRUE(image_.broker(BrokerId{1})->fenced);
  proto::Decision again;
  add_broker(again, 1);
  image_.apply(LogIndex{7}, again);
  EXPECT_TRUE(image_.broker(BrokerId{1})->draining);
  EXPECT_TRUE(Image::from_proto(image_.to_proto()).broker(BrokerId{1})->draining);
}

TEST_F(ImageTest, TopicsAreFoundByNameByIdAndByBroker) {
  const Uuid topic = id();
  proto::Decision decision;
  add_topic(decision, "board", topic, 3);
  const Delta delta = image_.apply(LogIndex{1}, decision);
  EXPECT_EQ(image_.topic_by_name("board")->id, topic);
  EXPECT_EQ(image_.topic(topic)->partitions.size(), 3u);
  EXPECT_EQ(image_.partitions_of(BrokerId{2}).size(), 3u);
  EXPECT_TRUE(image_.partitions_of(BrokerId{3}).empty());
  EXPECT_EQ(image_.partition_count(), 3u);
  EXPECT_EQ(delta.partitions.size(), 3u);
  EXPECT_EQ(delta.new_topics.at(topic), "board");
  EXPECT_EQ(image_.partition({topic, PartitionIndex{3}}), nullptr);
  EXPECT_EQ(image_.partition({topic, PartitionIndex{-1}}), nullptr);
}

TEST_F(ImageTest, ARemovedTopicTakesItsConfigurationWithIt) {
  const Uuid topic = id();
  proto::Decision decision;
  add_topic(decision, "board", topic, 3);
  set_config(decision, "board", "retention.ms", "1");
  image_.apply(LogIndex{1}, decision);
  proto::Decision removal;
  removal.add_records()->mutable_remove_topic()->set_id(topic.bytes());
  const Delta delta = image_.apply(LogIndex{2}, removal);
  EXPECT_EQ(image_.topic_by_name("board"), nullptr);
  EXPECT_EQ(image_.configs(ResourceType::kTopic, "board"), nullptr);
  EXPECT_TRUE(image_.partitions_of(BrokerId{1}).empty());
  EXPECT_EQ(image_.partition_count(), 0u);
  EXPECT_EQ(delta.removed_topics.at(topic), "board");
  EXPECT_TRUE(delta.partitions.empty());
  EXPECT_EQ(delta.configs.size(), 1u);
}

TEST_F(ImageTest, ATopicCanBeReplacedByItsNamesakeInOneDecision) {
  const Uuid first = id(), second = id();
  proto::Decision decision;
  add_topic(decision, "board", first, 1);
  image_.apply(LogIndex{1}, decision);
  proto::Decision swap;
  swap.add_records()->mutable_remove_topic()->set_id(first.bytes());
  add_topic(swap, "board", second, 2);
  const Delta delta = image_.apply(LogIndex{2}, swap);
  EXPECT_EQ(image_.topic_by_name("board")->id, second);
  EXPECT_EQ(delta.removed_topics.count(first), 1u);
  EXPECT_EQ(delta.new_topics.count(second), 1u);
}

TEST_F(ImageTest, AConfigurationWithoutValueIsRemoved) {
  proto::Decision decision;
  set_config(decision, "board", "retention.ms", "1");
  image_.apply(LogIndex{1}, decision);
  EXPECT_EQ(image_.configs(ResourceType::kTopic, "board")->at("retention.ms"), "1");
  proto::Decision removal;
  set_config(removal, "board", "retention.ms", "");
  image_.apply(LogIndex{2}, removal);
  EXPECT_EQ(image_.configs(ResourceType::kTopic, "board"), nullptr);
}

TEST_F(ImageTest, S3_TheNewestRequestOfEachClientIsRemembered) {
  const Uuid client = id();
  proto::Decision decision;
  decision.mutable_request()->set_client(client.bytes());
  decision.mutable_request()->set_sequence(4);
  decision.set_outcome("done");
  image_.apply(LogIndex{1}, decision);
  decision.mutable_request()->set_sequence(5);
  decision.set_outcome("again");
  image_.apply(LogIndex{2}, decision);
  ASSERT_NE(image_.request(client), nullptr);
  EXPECT_EQ(image_.request(client)->sequence, 5u);
  EXPECT_EQ(image_.request(client)->outcome, "again");
  EXPECT_EQ(image_.requests().size(), 1u);
}

TEST_F(ImageTest, S3_RememberedClientsAreBoundedAndTheLeastRecentIsForgotten) {
  const Uuid first = id();
  int64_t index = 0;
  auto remember = [&](const Uuid& client) {
    proto::Decision decision;
    decision.mutable_request()->set_client(client.bytes());
    decision.mutable_request()->set_sequence(1);
    image_.apply(LogIndex{++index}, decision);
  };
  const Uuid second = id();
  remember(first);
  remember(second);
  remember(first);
  for (size_t i = 0; i < Image::kMaxRememberedClients - 1; ++i) remember(id());
  EXPECT_EQ(image_.requests().size(), Image::kMaxRememberedClients);
  EXPECT_NE(image_.request(first), nullptr);
  EXPECT_EQ(image_.request(second), nullptr);
}

TEST_F(ImageTest, I22_GoesThroughASnapshotUnchanged) {
  const Uuid topic = id();
  proto::Decision decision;
  decision.add_records()->mutable_feature_level()->set_name("metadata.version");
  add_broker(decision, 1);
  add_broker(decision, 2)->set_rack("north");
  add_topic(decision, "board", topic, 2);
  set_config(decision, "board", "retention.ms", "1");
  decision.add_records()->mutable_producer_ids()->set_next(1000);
  decision.mutable_request()->set_client(id().bytes());
  decision.mutable_request()->set_sequence(9);
  image_.apply(LogIndex{3}, decision);
  image_.advance_to(LogIndex{4});
  const proto::Image snapshot = image_.to_proto();
  const Image copy = Image::from_proto(snapshot);
  EXPECT_EQ(serialize(copy.to_proto()), serialize(snapshot));
  EXPECT_EQ(copy.hash(), image_.hash());
  EXPECT_EQ(copy.index(), LogIndex{4});
  EXPECT_EQ(copy.brokers(), image_.brokers());
  EXPECT_EQ(copy.partitions_of(BrokerId{1}), image_.partitions_of(BrokerId{1}));
  EXPECT_EQ(copy.partition_count(), image_.partition_count());
}

TEST_F(ImageTest, ASnapshotsBytesAreThoseOfItsMessage) {
  proto::Decision decision;
  add_broker(decision, 1);
  add_broker(decision, 2);
  add_topic(decision, "board", id(), 70);
  add_topic(decision, "castle", id(), 3);
  set_config(decision, "board", "retention.ms", "1");
  image_.apply(LogIndex{5}, decision);
  proto::Image whole = image_.to_proto();
  whole.set_term(9);
  EXPECT_EQ(image_.serialized(Term{9}), serialize(whole));
}

// An active controller decides on a copy of the committed image.
TEST_F(ImageTest, I28_ACopyGoesItsOwnWay) {
  proto::Decision decision;
  const Uuid topic = id();
  add_topic(decision, "board", topic, 70);
  image_.apply(LogIndex{5}, decision);
  const uint64_t before = image_.hash();
  Image copy = image_;
  proto::Decision change;
  proto::PartitionChange* changed = change.add_records()->mutable_partition_change();
  changed->set_topic_id(topic.bytes());
  changed->set_index(40);
  changed->set_partition_epoch(1);
  changed->set_leader(2);
  changed->set_leader_epoch(1);
  copy.apply(LogIndex{6}, change);
  EXPECT_EQ(image_.hash(), before);
  EXPECT_EQ(image_.partition({topic, PartitionIndex{40}})->leader, BrokerId{1});
  image_.apply(LogIndex{6}, change);
  EXPECT_EQ(image_.hash(), copy.hash());
}

TEST_F(ImageTest, ABrokersPartitionsAreFoundAlsoWhereItHoldsAPartOfTheTopic) {
  proto::Decision decision;
  const Uuid board = id();
  const Uuid castle = id();
  add_topic(decision, "board", board, 3);
  add_topic(decision, "castle", castle, 2);
  image_.apply(LogIndex{5}, decision);
  proto::Decision moved;
  proto::PartitionChange* change = moved.add_records()->mutable_partition_change();
  change->set_topic_id(board.bytes());
  change->set_index(1);
  change->set_partition_epoch(1);
  for (int broker : {1, 3}) {
    change->mutable_replicas()->add_ids(broker);
    change->add_directories(id().bytes());
  }
  change->mutable_in_sync()->add_ids(1);
  const Delta delta = image_.apply(LogIndex{6}, moved);
  EXPECT_EQ(delta.partitions.size(), 1u);
  EXPECT_EQ(image_.partitions_of(BrokerId{1}).size(), 5u);
  EXPECT_EQ(image_.partitions_of(BrokerId{2}).size(), 4u);
  EXPECT_EQ(image_.partitions_of(BrokerId{3}),
            (std::vector<TopicPartition>{{board, PartitionIndex{1}}}));
  const std::vector<TopicPartition> held = image_.partitions_of(BrokerId{2});
  EXPECT_TRUE(std::is_sorted(held.begin(), held.end()));
  EXPECT_EQ(std::count(held.begin(), held.end(), TopicPartition{board, PartitionIndex{1}}), 0);
  proto::Decision removal;
  removal.add_records()->mutable_remove_topic()->set_id(board.bytes());
  image_.apply(LogIndex{7}, removal);
  EXPECT_TRUE(image_.partitions_of(BrokerId{3}).empty());
  EXPECT_EQ(image_.partitions_of(BrokerId{2}).size(), 2u);
}

TEST_F(ImageTest, TheHashTellsImagesApart) {
  proto::Decision decision;
  add_broker(decision, 1);
  image_.apply(LogIndex{1}, decision);
  const uint64_t before = image_.hash();
  proto::Decision change;
  set_config(change, "board", "retention.ms", "1");
  image_.apply(LogIndex{2}, change);
  EXPECT_NE(image_.hash(), before);
}

using ImageDeathTest = ImageTest;

TEST_F(ImageDeathTest, ARecordThatDoesNotFitAborts) {
  proto::Decision decision;
  add_topic(decision, "board", id(), 1);
  image_.apply(LogIndex{1}, decision);
  proto::Decision again;
  add_topic(again, "board", id(), 1);
  auto twice = [&] { image_.apply(LogIndex{2}, again); };
  EXPECT_DEATH(twice(), "which exists");

  proto::Decision old_incarnation;
  add_broker(old_incarnation, 1);
  image_.apply(LogIndex{3}, old_incarnation);
  proto::Decision change;
  change.add_records()->mutable_broker_change()->set_id(1);
  change.mutable_records(0)->mutable_broker_change()->set_epoch(2);
  auto stale = [&] { image_.apply(LogIndex{4}, change); };
  EXPECT_DEATH(stale(), "has epoch 3, not 2");

  auto backwards = [&] { image_.advance_to(LogIndex{3}); };
  EXPECT_DEATH(backwards(), "applied after");
}

TEST_F(ImageDeathTest, I31_ALeaderOutsideTheInSyncSetAborts) {
  const Uuid topic = id();
  proto::Decision decision;
  add_topic(decision, "board", topic, 1);
  image_.apply(LogIndex{1}, decision);
  proto::Decision change;
  proto::PartitionChange* record = change.add_records()->mutable_partition_change();
  record->set_topic_id(topic.bytes());
  record->set_partition_epoch(1);
  record->mutable_in_sync()->add_ids(2);
  auto headless = [&] { image_.apply(LogIndex{2}, change); };
  EXPECT_DEATH(headless(), "leader 1 is not in sync");
}

}  // namespace
}  // namespace barnabas::metadata

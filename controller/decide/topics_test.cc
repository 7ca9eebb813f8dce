#include <gtest/gtest.h>

#include "controller/decide/create_topics.h"
#include "controller/decide/delete_topics.h"
#include "controller/decide/testing/cluster.h"
#include "controller/decide/topic_name.h"

namespace barnabas::controller {
namespace {

class TopicsTest : public ::testing::Test {
 protected:
  TopicsTest() {
    for (int broker : {1, 2, 3}) cluster_.start(broker);
  }
  ~TopicsTest() override { EXPECT_EQ(cluster_.broken(), ""); }

  proto::NewTopic* add(const std::string& name, int partitions = 1, int factor = 1) {
    proto::NewTopic* topic = request_.add_topics();
    topic->set_name(name);
    topic->set_partitions(partitions);
    topic->set_replication_factor(factor);
    return topic;
  }
  void assign(proto::NewTopic* topic, int partition, std::initializer_list<int> brokers) {
    topic->set_partitions(-1);
    topic->set_replication_factor(-1);
    proto::ReplicaAssignment* one = topic->add_assignments();
    one->set_partition(partition);
    for (int broker : brokers) one->add_brokers(broker);
  }

  proto::CreateTopicsAnswer create() {
    const auto decided =
        decide_create_topics(cluster_.image(), request_, cluster_.random(), cluster_.limits);
    cluster_.commit(decided.decision);
    request_.Clear();
    return decided.answer;
  }
  ErrorCode code() {
    const proto::CreateTopicsAnswer answer = create();
    return static_cast<ErrorCode>(answer.topics(0).error().code());
  }

  Cluster cluster_;
  proto::CreateTopicsRequest request_;
};

TEST_F(TopicsTest, ATopicIsCreatedWithItsPartitionsAndConfiguration) {
  proto::NewTopic* topic = add("board", 3, 2);
  proto::ConfigEntry* entry = topic->add_configs();
  entry->set_key("retention.ms");
  entry->set_value("1000");
  const proto::CreateTopicsAnswer answer = create();
  EXPECT_EQ(answer.topics(0).error().code(), 0);
  EXPECT_EQ(answer.topics(0).partitions(), 3);
  EXPECT_EQ(answer.topics(0).replication_factor(), 2);
  const metadata::TopicImage* made = cluster_.image().topic_by_name("board");
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->id.bytes(), answer.topics(0).id());
  ASSERT_EQ(made->partitions.size(), 3u);
  for (const auto& partition : made->partitions) {
    EXPECT_EQ(partition.in_sync, partition.replicas);
    EXPECT_EQ(partition.leader, partition.replicas.front());
    EXPECT_EQ(partition.directories.front(),
              cluster_.image().broker(partition.leader)->directories.front());
  }
  EXPECT_EQ(cluster_.image().configs(metadata::ResourceType::kTopic, "board")->size(), 1u);
}

TEST_F(TopicsTest, MinusOneTakesTheBrokersDefaults) {
  cluster_.set_config(4, "", "num.partitions", "4");
  cluster_.set_config(4, "", "default.replication.factor", "3");
  add("board", -1, -1);
  const proto::CreateTopicsAnswer answer = create();
  EXPECT_EQ(answer.topics(0).partitions(), 4);
  EXPECT_EQ(answer.topics(0).replication_factor(), 3);
}

TEST_F(TopicsTest, ABadNameIsRefused) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a b"), std::string("a/b"),
        std::string("\xc3\xa4"), std::string(250, 'a'), std::string("a\0b", 3)}) {
    add(name);
    EXPECT_EQ(code(), ErrorCode::kInvalidTopic) << name;
  }
  add(std::string(249, 'a'));
  EXPECT_EQ(code(), ErrorCode::kNone);
}

TEST_F(TopicsTest, NamesThatDifferOnlyInDotAndUnderscoreCollide) {
  add("a.b");
  EXPECT_EQ(code(), ErrorCode::kNone);
  add("a_b");
  EXPECT_EQ(code(), ErrorCode::kInvalidTopic);
  add("x_y.z");
  add("x.y_z");
  const proto::CreateTopicsAnswer answer = create();
  EXPECT_EQ(answer.topics(0).error().code(), 0);
  EXPECT_EQ(answer.topics(1).error().code(), 17);
}

TEST_F(TopicsTest, ATopicThatExistsIsRefused) {
  add("board");
  create();
  add("board");
  EXPECT_EQ(code(), ErrorCode::kTopicAlreadyExists);
}

TEST_F(TopicsTest, ANameThatStandsThereTwiceIsRefusedOnceAndTheOthersAreCreated) {
  add("twice");
  add("once");
  add("twice");
  const proto::CreateTopicsAnswer answer = create();
  ASSERT_EQ(answer.topics_size(), 2);
  EXPECT_EQ(answer.topics(0).error().code(), 42);
  EXPECT_EQ(answer.topics(1).error().code(), 0);
  EXPECT_EQ(cluster_.image().topic_by_name("twice"), nullptr);
  EXPECT_NE(cluster_.image().topic_by_name("once"), nullptr);
}

TEST_F(TopicsTest, CountsOutOfRangeAreRefused) {
  add("a", 0, 1);
  EXPECT_EQ(code(), ErrorCode::kInvalidPartitions);
  add("a", -2, 1);
  EXPECT_EQ(code(), ErrorCode::kInvalidPartitions);
  add("a", 2'000'000'000, 1);
  EXPECT_EQ(code(), ErrorCode::kPolicyViolation);
  add("a", 1, 0);
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicationFactor);
  add("a", 1, 4);
  const proto::CreateTopicsAnswer answer = create();
  EXPECT_EQ(answer.topics(0).error().code(), 38);
  EXPECT_EQ(answer.topics(0).error().message(),
            "Unable to replicate the partition 4 time(s): only 3 broker(s) are registered.");
}

TEST_F(TopicsTest, WithoutALiveBrokerNothingIsCreated) {
  for (int broker : {1, 2, 3}) cluster_.fence(broker);
  add("a");
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicationFactor);
}

TEST_F(TopicsTest, AFencedReplicaIsNotInSync) {
  cluster_.fence(1);
  add("a", 1, 3);
  EXPECT_EQ(code(), ErrorCode::kNone);
  EXPECT_EQ(cluster_.partition("a").in_sync.size(), 2u);
  EXPECT_NE(cluster_.partition("a").leader, BrokerId{1});
}

TEST_F(TopicsTest, AManualAssignmentIsTakenAsItIs) {
  proto::NewTopic* topic = add("a");
  assign(topic, 1, {3, 1});
  assign(topic, 0, {2, 3});
  EXPECT_EQ(code(), ErrorCode::kNone);
  EXPECT_EQ(cluster_.partition("a", 0).replicas, brokers({2, 3}));
  EXPECT_EQ(cluster_.partition("a", 1).replicas, brokers({3, 1}));
}

TEST_F(TopicsTest, AManualAssignmentIsChecked) {
  assign(add("gap"), 1, {1});
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  assign(add("unknown"), 0, {9});
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  assign(add("twice"), 0, {1, 1});
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  assign(add("empty"), 0, {});
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  proto::NewTopic* uneven = add("uneven");
  assign(uneven, 0, {1, 2});
  assign(uneven, 1, {1});
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  proto::NewTopic* both = add("both");
  assign(both, 0, {1});
  both->set_partitions(1);
  EXPECT_EQ(code(), ErrorCode::kInvalidRequest);
  proto::NewTopic* repeated = add("repeated");
  assign(repeated, 0, {1});
  assign(repeated, 0, {2});
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
}

TEST_F(TopicsTest, AnUnknownConfigurationKeyIsRefusedWithTheNearest) {
  proto::ConfigEntry* entry = add("a")->add_configs();
  entry->set_key("min.insync.replica");
  entry->set_value("1");
  const proto::CreateTopicsAnswer answer = create();
  EXPECT_EQ(answer.topics(0).error().code(), 40);
  EXPECT_NE(answer.topics(0).error().message().find("'min.insync.replicas'"), std::string::npos);
}

TEST_F(TopicsTest, TheOffsetsTopicIsCreatedLikeAnyOtherAndTheControllersLogIsNot) {
  proto::NewTopic* offsets = add("__consumer_offsets", 50, 3);
  for (const auto& [key, value] :
       {std::pair{"cleanup.policy", "compact"}, std::pair{"segment.bytes", "104857600"},
        std::pair{"compression.type", "producer"}}) {
    proto::ConfigEntry* entry = offsets->add_configs();
    entry->set_key(key);
    entry->set_value(value);
  }
  EXPECT_EQ(code(), ErrorCode::kNone);
  EXPECT_EQ(cluster_.image().topic_by_name("__consumer_offsets")->partitions.size(), 50u);
  add("__cluster_metadata");
  EXPECT_NE(code(), ErrorCode::kNone);
}

TEST_F(TopicsTest, ValidateOnlyChecksEverythingAndCreatesNothing) {
  add("fine", 2, 2);
  add("bad", 1, 9);
  request_.set_validate_only(true);
  const proto::CreateTopicsAnswer answer = create();
  EXPECT_EQ(answer.topics(0).error().code(), 0);
  EXPECT_EQ(answer.topics(0).partitions(), 2);
  EXPECT_EQ(answer.topics(1).error().code(), 38);
  EXPECT_EQ(cluster_.image().topic_by_name("fine"), nullptr);
}

TEST_F(TopicsTest, S1_TheAnswerEndsBeforeTheFirstTopicThatDoesNotFitTheDecision) {
  cluster_.limits.max_changes = 10;
  add("large", 11);
  add("a", 6);
  add("b", 6);
  add("c", 4);
  const proto::CreateTopicsAnswer answer = create();
  ASSERT_EQ(answer.topics_size(), 2);
  EXPECT_EQ(answer.topics(0).error().code(), 44);
  EXPECT_NE(answer.topics(0).error().message().find("At most 10"), std::string::npos);
  EXPECT_EQ(answer.topics(1).error().code(), 0);
  // Only to check takes no room.
  add("b", 6);
  add("c", 6);
  request_.set_validate_only(true);
  EXPECT_EQ(create().topics_size(), 2);
}

TEST_F(TopicsTest, TopicsAreDeletedByNameOrById) {
  add("a");
  add("b");
  create();
  proto::DeleteTopicsRequest request;
  request.add_topics()->set_name("a");
  request.add_topics()->set_id(cluster_.id("b").topic.bytes());
  request.add_topics()->set_name("c");
  request.add_topics()->set_id(std::string(16, 'x'));
  request.add_topics()->set_name("a");
  request.add_topics();
  const auto decided = decide_delete_topics(cluster_.image(), request, cluster_.limits);
  cluster_.commit(decided.decision);
  EXPECT_EQ(decided.answer.topics(0).error().code(), 0);
  EXPECT_EQ(decided.answer.topics(1).error().code(), 0);
  EXPECT_EQ(decided.answer.topics(1).name(), "b");
  EXPECT_EQ(decided.answer.topics(2).error().code(), 3);
  EXPECT_EQ(decided.answer.topics(3).error().code(), 100);
  EXPECT_EQ(decided.answer.topics(4).error().code(), 42);
  EXPECT_EQ(decided.answer.topics(5).error().code(), 42);
  EXPECT_TRUE(cluster_.image().topics_by_name().empty());
}

TEST_F(TopicsTest, I30_ATopicThatIsCreatedAgainHasAnotherId) {
  add("a");
  create();
  const Uuid first = cluster_.id("a").topic;
  proto::DeleteTopicsRequest request;
  request.add_topics()->set_name("a");
  cluster_.commit(decide_delete_topics(cluster_.image(), request, cluster_.limits).decision);
  add("a");
  create();
  EXPECT_NE(cluster_.id("a").topic, first);
}

}  // namespace
}  // namespace barnabas::controller

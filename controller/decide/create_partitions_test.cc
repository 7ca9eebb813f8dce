#include "controller/decide/create_partitions.h"

#include <gtest/gtest.h>

#include <set>

#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

class CreatePartitionsTest : public ::testing::Test {
 protected:
  CreatePartitionsTest() {
    for (int broker : {1, 2, 3, 4}) {
      cluster_.start(broker, {.rack = broker % 2 == 0 ? "even" : "odd"});
    }
    cluster_.create("board", {{1, 2}, {2, 3}}, {{"acks.durability", "replicated"}});
  }
  ~CreatePartitionsTest() override { EXPECT_EQ(cluster_.broken(), ""); }

  proto::MorePartitions* grow(const std::string& name, int32_t count) {
    proto::MorePartitions* topic = request_.add_topics();
    topic->set_name(name);
    topic->set_count(count);
    return topic;
  }
  static void assign(proto::MorePartitions* topic, std::initializer_list<int32_t> brokers) {
    proto::ReplicaAssignment* one = topic->add_assignments();
    for (int32_t broker : brokers) one->add_brokers(broker);
  }
  proto::CreatePartitionsAnswer decide() {
    const auto decided =
        decide_create_partitions(cluster_.image(), request_, cluster_.random(), cluster_.limits);
    cluster_.commit(decided.decision);
    request_.Clear();
    return decided.answer;
  }
  proto::Error error() { return decide().topics(0).error(); }
  ErrorCode code() { return static_cast<ErrorCode>(error().code()); }
  size_t count() const { return cluster_.image().topic_by_name("board")->partitions.size(); }

  Cluster cluster_;
  proto::CreatePartitionsRequest request_;
};

TEST_F(CreatePartitionsTest, NewPartitionsAreLikeThoseThatAreThere) {
  grow("board", 6);
  const proto::CreatePartitionsAnswer answer = decide();
  EXPECT_EQ(answer.topics(0).error().code(), 0) << answer.topics(0).error().message();
  EXPECT_EQ(answer.topics(0).count(), 6);
  ASSERT_EQ(count(), 6u);
  std::set<BrokerId> leaders;
  for (int32_t i = 2; i < 6; ++i) {
    const metadata::PartitionImage& partition = cluster_.partition("board", i);
    ASSERT_EQ(partition.replicas.size(), 2u);
    EXPECT_NE(partition.replicas[0].value() % 2, partition.replicas[1].value() % 2) << "racks";
    EXPECT_EQ(partition.leader, partition.replicas.front());
    EXPECT_EQ(partition.durability, metadata::Durability::kReplicated);
    leaders.insert(partition.leader);
  }
  EXPECT_EQ(leaders.size(), 4u);
}

TEST_F(CreatePartitionsTest, ACountThatIsNoIncreaseIsRefusedWithThePresentOne) {
  grow("board", 2);
  EXPECT_EQ(code(), ErrorCode::kInvalidPartitions);
  grow("board", 1);
  const proto::Error shrink = error();
  EXPECT_EQ(shrink.code(), 37);
  EXPECT_NE(shrink.message().find("2 partition(s)"), std::string::npos);
  grow("board", -1);
  EXPECT_EQ(code(), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(count(), 2u);
}

TEST_F(CreatePartitionsTest, AnUnknownTopicAndOneNamedTwiceAreRefusedAndTheOthersGrow) {
  cluster_.create("other", {{1}});
  grow("missing", 3);
  grow("board", 3);
  grow("other", 2);
  grow("board", 4);
  const proto::CreatePartitionsAnswer answer = decide();
  ASSERT_EQ(answer.topics_size(), 3);
  EXPECT_EQ(answer.topics(0).error().code(), 3);
  EXPECT_EQ(answer.topics(1).error().code(), 42);
  EXPECT_EQ(answer.topics(2).error().code(), 0);
  EXPECT_EQ(count(), 2u);
  EXPECT_EQ(cluster_.image().topic_by_name("other")->partitions.size(), 2u);
}

TEST_F(CreatePartitionsTest, AnAssignmentByHandIsTakenAsItIs) {
  proto::MorePartitions* topic = grow("board", 4);
  assign(topic, {4, 1});
  assign(topic, {3, 1});
  EXPECT_EQ(code(), ErrorCode::kNone);
  EXPECT_EQ(cluster_.partition("board", 2).replicas, brokers({4, 1}));
  EXPECT_EQ(cluster_.partition("board", 3).replicas, brokers({3, 1}));
}

TEST_F(CreatePartitionsTest, AnAssignmentByHandIsChecked) {
  assign(grow("board", 4), {4, 1});  // one for two
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  assign(grow("board", 3), {4});  // fewer replicas than the others have
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  assign(grow("board", 3), {4, 4});
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  assign(grow("board", 3), {4, 9});
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  cluster_.fence(3);
  cluster_.fence(4);
  assign(grow("board", 3), {4, 3});
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicaAssignment);
  EXPECT_EQ(count(), 2u);
}

TEST_F(CreatePartitionsTest, ValidateOnlyChecksEverythingAndAddsNothing) {
  request_.set_validate_only(true);
  grow("board", 4);
  EXPECT_EQ(code(), ErrorCode::kNone);
  EXPECT_EQ(count(), 2u);
  request_.set_validate_only(true);
  grow("board", 1);
  EXPECT_EQ(code(), ErrorCode::kInvalidPartitions);
}

TEST_F(CreatePartitionsTest, WithoutALiveBrokerNothingIsAdded) {
  for (int broker : {1, 2, 3, 4}) cluster_.fence(broker);
  grow("board", 4);
  EXPECT_EQ(code(), ErrorCode::kInvalidReplicationFactor);
}

TEST_F(CreatePartitionsTest, S1_MoreThanOneDecisionHoldsIsRefusedWithTheLimit) {
  cluster_.limits.max_changes = 5;
  grow("board", 8);
  const proto::Error refused = error();
  EXPECT_EQ(refused.code(), 37);
  EXPECT_NE(refused.message().find("at most 5"), std::string::npos);
  grow("board", 7);
  EXPECT_EQ(code(), ErrorCode::kNone);
}

}  // namespace
}  // namespace barnabas::controller

#include <gtest/gtest.h>

#include "controller/testing/controller_fixture.h"
#include "metadata/records.h"

namespace barnabas::controller {
namespace {

class AdminTest : public ControllerTest {};

TEST_F(AdminTest, TheClusterIsDescribedFromCommittedState) {
  lead_with_brokers();
  call(create("foo", 4, 3));
  run(seconds(1));
  kill_broker(3);
  run(milliseconds(100));
  proto::AdminRequest request;
  request.mutable_describe_cluster();
  call(request);
  request.mutable_describe_topics()->add_names("foo");
  request.mutable_describe_topics()->add_names("bar");
  request.mutable_describe_topics()->set_partitions(true);
  call(request);
  request.mutable_describe_configs()->add_resources()->set_type(2);
  request.mutable_describe_configs()->mutable_resources(0)->set_name("bar");
  call(request);
  request.mutable_describe_quorum();
  call(request);
  run(milliseconds(10));
  ASSERT_EQ(answers_.size(), 5u);
  // The quorum is described at once, the rest after a read-index round.
  const proto::DescribeQuorumAnswer& quorum = answers_[1].describe_quorum();
  EXPECT_EQ(quorum.role(), "leader");
  const proto::DescribeClusterAnswer& cluster = answers_[2].describe_cluster();
  EXPECT_EQ(cluster.cluster_id(), "cluster");
  EXPECT_EQ(cluster.controller(), 1);
  EXPECT_EQ(cluster.topics(), 1);
  EXPECT_EQ(cluster.partitions(), 4);
  EXPECT_EQ(cluster.under_replicated(), 4);
  EXPECT_EQ(cluster.leaderless(), 0);
  ASSERT_EQ(cluster.brokers_size(), 3);
  EXPECT_EQ(cluster.brokers(0).state(), "running");
  EXPECT_EQ(cluster.brokers(0).listeners(0), "PLAINTEXT://broker1:9092");
  EXPECT_EQ(cluster.brokers(2).state(), "fenced");
  EXPECT_EQ(cluster.brokers(2).since_heartbeat_ms(), -1);
  EXPECT_EQ(cluster.brokers(0).leaders() + cluster.brokers(1).leaders(), 4);
  const proto::DescribeTopicsAnswer& topics = answers_[3].describe_topics();
  EXPECT_EQ(topics.topics(0).partitions_size(), 4);
  EXPECT_EQ(topics.topics(0).replication_factor(), 3);
  EXPECT_EQ(topics.topics(0).under_replicated(), 4);
  EXPECT_EQ(topics.topics(1).error().code(), 3);
  EXPECT_EQ(answers_[4].describe_configs().resources(0).error().code(), 3);
}

TEST_F(AdminTest, S3_AnErrorWaitsForWhatItWasDecidedOnAndAReadIndexRound) {
  lead_with_brokers();
  node_->commits_by_itself = false;
  node_->reads_by_itself = false;
  call(create("foo"));
  call(create("foo"));
  run(milliseconds(50));
  EXPECT_TRUE(answers_.empty());
  node_->commit();
  run(milliseconds(50));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(code(0), 0);
  node_->end_reads();
  run(milliseconds(1));
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_EQ(code(1), 36);
}

TEST_F(AdminTest, S3_WhatWasDecidedOnUncommittedStateIsNotAnsweredByADeposedController) {
  lead_with_brokers();
  node_->commits_by_itself = false;
  call(create("foo"));
  call(create("foo"));
  node_->lose();
  run(milliseconds(50));
  ASSERT_EQ(answers_.size(), 2u);
  // Of the first the outcome is unknown; the second was never true.
  EXPECT_EQ(code(0), 7);
  EXPECT_EQ(code(1), 41);
  EXPECT_EQ(image().topic_by_name("foo"), nullptr);
}

TEST_F(AdminTest, S3_ARepeatedRequestGetsTheFirstAnswer) {
  lead_with_brokers();
  const proto::AdminRequest request = numbered(1, create("foo"));
  call(request);
  run(milliseconds(10));
  call(request);
  run(milliseconds(10));
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_EQ(metadata::serialize(answers_[0]), metadata::serialize(answers_[1]));
  EXPECT_EQ(code(1), 0);
  call(numbered(2, create("foo")));
  run(milliseconds(10));
  EXPECT_EQ(code(2), 36);
}

TEST_F(AdminTest, P32_ARequestOfUnknownOutcomeIsDoneOnceHoweverOftenItIsRepeated) {
  lead_with_brokers();
  const proto::AdminRequest request = numbered(1, create("foo"));
  call(request);
  run(milliseconds(10));
  const Uuid id = image().topic_by_name("foo")->id;
  // The answer is lost with the leader; the next one knows of it from the log alone.
  node_->lose();
  run(milliseconds(10));
  node_->lead();
  call(request);
  run(milliseconds(100));
  EXPECT_EQ(code(answers_.size() - 1), 0);
  EXPECT_EQ(answers_.back().create_topics().topics(0).id(), id.bytes());
}

TEST_F(AdminTest, AnOlderRequestThanTheLastIsRefused) {
  lead_with_brokers();
  call(numbered(2, create("foo")));
  call(numbered(1, create("foo")));
  proto::AdminRequest nameless = numbered(1, create("foo"));
  nameless.set_client("short");
  call(nameless);
  run(milliseconds(10));
  ASSERT_EQ(answers_.size(), 3u);
  EXPECT_EQ(code(1), 42);
  EXPECT_EQ(code(2), 42);
}

TEST_F(AdminTest, WhenTooMuchIsInFlightTheRequestIsRefusedAndNothingIsRemembered) {
  lead_with_brokers();
  node_->busy = true;
  call(create("foo"));
  run(milliseconds(10));
  EXPECT_EQ(code(0), 89);
  node_->busy = false;
  call(create("foo"));
  run(milliseconds(10));
  EXPECT_EQ(code(1), 0);
}

TEST_F(AdminTest, S1_TopicsTooManyForOneDecisionAreCreatedInSeveral) {
  limits_.max_changes = 4;
  restart();
  lead_with_brokers();
  proto::AdminRequest request = numbered(1, create("a", 3));
  for (const char* name : {"b", "c", "d", "a.b", "a_b"}) {
    request.mutable_create_topics()->mutable_topics()->Add()->CopyFrom(
        create(name, 2).create_topics().topics(0));
  }
  const proto::AdminAnswer answer = ask(request);
  ASSERT_EQ(answer.create_topics().topics_size(), 6);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(answer.create_topics().topics(i).error().code(), 0) << i;
    EXPECT_EQ(answer.create_topics().topics(i).name(), request.create_topics().topics(i).name());
  }
  EXPECT_EQ(answer.create_topics().topics(5).error().code(), 17);
  EXPECT_EQ(answer.create_topics().index(), image().index().value());
  EXPECT_EQ(image().partition_count(), 11u);
  EXPECT_EQ(metadata::serialize(ask(request)), metadata::serialize(answer));
}

// The second controller knows from the log how far the first has come.
TEST_F(AdminTest, P32_ARequestThatWasDoneInPartIsCompletedByWhoeverIsAskedAgain) {
  limits_.max_changes = 4;
  restart();
  lead_with_brokers();
  node_->commits_by_itself = false;
  proto::AdminRequest request = numbered(1, create("a", 3));
  request.mutable_create_topics()->mutable_topics()->Add()->CopyFrom(
      create("b", 3).create_topics().topics(0));
  call(request);
  node_->commit_first();
  node_->lose();
  run(milliseconds(50));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_NE(answers_[0].error().code(), 0);
  ASSERT_NE(image().topic_by_name("a"), nullptr);
  ASSERT_EQ(image().topic_by_name("b"), nullptr);
  node_->commits_by_itself = true;
  node_->lead();
  const proto::AdminAnswer answer = ask(request);
  ASSERT_EQ(answer.create_topics().topics_size(), 2);
  EXPECT_EQ(answer.create_topics().topics(0).error().code(), 0);
  EXPECT_EQ(answer.create_topics().topics(0).id(), image().topic_by_name("a")->id.bytes());
  EXPECT_EQ(answer.create_topics().topics(1).error().code(), 0);
  EXPECT_NE(image().topic_by_name("b"), nullptr);
}

TEST_F(AdminTest, PartitionsAreAddedAndTheAnswerNamesTheIndexAtWhichTheyExist) {
  lead_with_brokers();
  ask(create("foo", 2, 3));
  proto::AdminRequest request;
  proto::MorePartitions* more = request.mutable_create_partitions()->add_topics();
  more->set_name("foo");
  more->set_count(5);
  const proto::AdminAnswer answer = ask(request);
  EXPECT_EQ(answer.create_partitions().topics(0).error().code(), 0);
  EXPECT_EQ(answer.create_partitions().index(), image().index().value());
  EXPECT_EQ(image().partition_count(), 5u);
  EXPECT_TRUE(run_until([&] { return brokers_[2].broker->image().partition_count() == 5; }));
}

TEST_F(AdminTest, ADrainedBrokerLeadsNothingUntilThatIsUndone) {
  lead_with_brokers();
  ask(create("foo", 6, 3));
  proto::AdminRequest drain;
  drain.mutable_drain_broker()->set_broker(1);
  EXPECT_EQ(ask(drain).drain_broker().still_leading(), 0);
  proto::AdminRequest describe;
  describe.mutable_describe_cluster();
  const auto first_broker = [&] { return ask(describe).describe_cluster().brokers(0); };
  EXPECT_TRUE(first_broker().draining());
  EXPECT_EQ(first_broker().leaders(), 0);
  // Not the balance, not a restart of it bring anything back.
  kill_broker(1);
  start_broker(1);
  run(seconds(5));
  EXPECT_EQ(first_broker().leaders(), 0);
  EXPECT_TRUE(first_broker().draining());
  drain.mutable_drain_broker()->set_undo(true);
  ask(drain);
  EXPECT_FALSE(first_broker().draining());
}

TEST_F(AdminTest, WhatIsRefusedAsAWholeSaysSoInsteadOfAnAnswer) {
  lead_with_brokers();
  proto::AdminRequest request;
  request.mutable_unregister_broker()->set_broker(2);
  EXPECT_EQ(ask(request).error().code(), 42);
  EXPECT_FALSE(answers_.back().has_unregister_broker());
  request.mutable_unregister_broker()->set_broker(9);
  EXPECT_EQ(ask(request).error().code(), 102);
  request.mutable_drain_broker()->set_broker(9);
  EXPECT_EQ(ask(request).error().code(), 102);
  kill_broker(2);
  EXPECT_TRUE(run_until([&] { return image().broker(BrokerId{2})->fenced; }));
  request.mutable_unregister_broker()->set_broker(2);
  EXPECT_EQ(ask(request).error().code(), 0);
  EXPECT_EQ(answers_.back().unregister_broker().index(), image().index().value());
  EXPECT_EQ(image().broker(BrokerId{2}), nullptr);
  // The store forgets it as well.
  ASSERT_TRUE(controller_->machine().flush().ok());
  EXPECT_EQ(load_image(store_)->hash(), image().hash());
}

TEST_F(AdminTest, AnElectionThatIsNotNeededIsAnsweredPerPartition) {
  lead_with_brokers();
  ask(create("foo", 1, 3));
  proto::AdminRequest request;
  proto::TopicPartitions* topic = request.mutable_elect_leaders()->add_topics();
  topic->set_name("foo");
  topic->add_partitions(0);
  const proto::AdminAnswer answer = ask(request);
  EXPECT_EQ(answer.error().code(), 0);
  EXPECT_EQ(answer.elect_leaders().partitions(0).error().code(), 84);
}

}  // namespace
}  // namespace barnabas::controller

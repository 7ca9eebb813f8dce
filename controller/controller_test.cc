#include <gtest/gtest.h>

#include <algorithm>

#include "controller/testing/controller_fixture.h"

namespace barnabas::controller {
namespace {

TEST_F(ControllerTest, S2_AControllerThatIsNotActiveDecidesNothing) {
  call(create("foo"));
  run(milliseconds(10));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(code(0), 41);
  EXPECT_EQ(node_->in_flight(), 0u);
}

TEST_F(ControllerTest, TheFirstActiveControllerFinalizesTheFeatureLevel) {
  node_->lead();
  run(milliseconds(10));
  EXPECT_EQ(image().feature_level("metadata.version"), 1);
}

TEST_F(ControllerTest, S1_OneDecisionIsOneEntry) {
  lead_with_brokers();
  node_->commits_by_itself = false;
  call(create("foo", 100, 3));
  EXPECT_EQ(node_->in_flight(), 1u);
  node_->commit();
  run(milliseconds(1));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(code(0), 0);
  EXPECT_EQ(image().partition_count(), 100u);
  EXPECT_EQ(answers_[0].create_topics().index(), image().index().value());
}

TEST_F(ControllerTest, S1_AFenceTooLargeForOneDecisionIsCompletedByALaterActiveController) {
  limits_.max_changes = 4;
  restart();
  lead_with_brokers();
  for (int i = 0; i < 4; ++i) call(create("topic-" + std::to_string(i), 4, 3));
  run(seconds(3));
  node_->commits_by_itself = false;
  kill_broker(2);
  run(milliseconds(100));
  // The fence and its first elections are one entry, what is left is behind it; this controller
  // gets no further than the fence.
  EXPECT_GT(node_->in_flight(), 0u);
  node_->commit_first();
  node_->lose();
  EXPECT_TRUE(image().broker(BrokerId{2})->fenced);
  const auto led_by_2 = [&] {
    int count = 0;
    for (const auto& [name, id] : image().topics_by_name()) {
      for (const auto& partition : image().topic(id)->partitions) {
        count += partition.is_in_sync(BrokerId{2});
      }
    }
    return count;
  };
  EXPECT_EQ(led_by_2(), 12);
  run(milliseconds(10));
  node_->commits_by_itself = true;
  node_->lead();
  run(milliseconds(50));
  EXPECT_EQ(led_by_2(), 0);
}

TEST_F(ControllerTest, I28_WhatIsNotCommittedIsNeitherShownNorKept) {
  lead_with_brokers();
  node_->commits_by_itself = false;
  call(create("foo"));
  proto::AdminRequest describe;
  describe.mutable_describe_topics();
  call(describe);
  run(milliseconds(10));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].describe_topics().topics_size(), 0);
  node_->lose();
  run(milliseconds(10));
  node_->commits_by_itself = true;
  node_->lead();
  call(create("foo"));
  run(milliseconds(50));
  EXPECT_EQ(code(answers_.size() - 1), 0);
}

TEST_F(ControllerTest, TheStoreHoldsExactlyTheCommittedImage) {
  lead_with_brokers();
  call(create("foo", 3, 3));
  call(create("bar", 2, 1));
  proto::AdminRequest removal;
  removal.mutable_delete_topics()->add_topics()->set_name("foo");
  run(milliseconds(10));
  call(removal);
  run(milliseconds(50));
  const auto loaded = load_image(store_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->hash(), image().hash());
  EXPECT_EQ(loaded->index(), image().index());
}

// Answers do not wait for the store; what it lacks, the log has. But what is flushed is all of it.
TEST_F(ControllerTest, S4_FlushedIsEverythingThatIsApplied) {
  lead_with_brokers();
  call(create("foo", 3, 3));
  ASSERT_TRUE(run_until([this] { return !answers_.empty(); }));
  ASSERT_TRUE(controller_->machine().flush().ok());
  EXPECT_EQ(controller_->machine().durable_applied(), controller_->machine().applied());
  store_.lose_power();
  EXPECT_EQ(load_image(store_)->hash(), image().hash());
}

TEST_F(ControllerTest, ASnapshotReplacesEverything) {
  lead_with_brokers();
  call(create("foo", 3, 3));
  run(milliseconds(10));
  const std::string snapshot = controller_->machine().snapshot();
  FakeStore other_store;
  Controller other(options(), loop_, transport_, *random_, other_store);
  ASSERT_TRUE(other.load().ok());
  ASSERT_TRUE(other.machine().restore(image().index(), Term{3}, snapshot).ok());
  EXPECT_EQ(other.committed_image().hash(), image().hash());
  EXPECT_EQ(load_image(other_store)->hash(), image().hash());
  EXPECT_FALSE(other.machine().restore(image().index(), Term{3}, "garbage").ok());
}

TEST_F(ControllerTest, I30_ProducerIdsAreNeverGivenTwiceAlsoAcrossLeaders) {
  lead_with_brokers();
  std::vector<int64_t> firsts;
  const auto note = [&](const proto::AllocateProducerIdsAnswer& answer) {
    firsts.push_back(answer.first());
  };
  brokers_[1].broker->allocate(note);
  run(milliseconds(10));
  node_->lose();
  run(milliseconds(10));
  node_->lead();
  EXPECT_TRUE(run_until([&] { return brokers_[2].broker->joined(); }));
  brokers_[2].broker->allocate(note);
  run(milliseconds(10));
  EXPECT_EQ(firsts, (std::vector<int64_t>{0, 1000}));
}

TEST_F(ControllerTest, GarbageOnABrokersLinkEndsThatLinkOnly) {
  lead_with_brokers();
  struct Sink final : LinkSink {
    void opened() override { is_open = true; }
    void frame(Buffer) override {}
    void closed(Close) override { is_closed = true; }
    bool is_open = false, is_closed = false;
  } sink;
  SimExecutor& loop = simulation_.start_node("stranger");
  SimTransport transport(network_, "stranger");
  LinkPtr link = transport.dial(kController, Channel::kController, loop, sink);
  EXPECT_TRUE(run_until([&] { return sink.is_open; }));
  link->send({Buffer::own("\xff\xff\xff garbage")});
  EXPECT_TRUE(run_until([&] { return sink.is_closed; }));
  run(milliseconds(500));
  for (auto& [id, process] : brokers_) EXPECT_TRUE(process.broker->joined());
  simulation_.kill("stranger");
}

}  // namespace
}  // namespace barnabas::controller

#include <gtest/gtest.h>

#include <algorithm>

#include "controller/testing/controller_fixture.h"

namespace barnabas::controller {
namespace {

class BrokersTest : public ControllerTest {};

TEST_F(BrokersTest, S9_ARestartedBrokerIsRegisteredOnceItsOldSelfIsKnownToBeGone) {
  lead_with_brokers();
  const int64_t before = brokers_[1].broker->epoch();
  kill_broker(1);
  FakeBroker& again = start_broker(1);
  const Instant since = simulation_.now();
  EXPECT_TRUE(run_until([&] { return again.unfenced(); }));
  EXPECT_GT(again.epoch(), before);
  // The refused connection says so; nobody waits for a timeout.
  EXPECT_LT(simulation_.now() - since, milliseconds(300));
}

TEST_F(BrokersTest, S12_ADuplicateOfALivingBrokerIsToldToExit) {
  lead_with_brokers();
  FakeBroker::Identity stolen = brokers_[1].identity;
  SimExecutor& loop = simulation_.start_node("thief");
  SimTransport transport(network_, "thief");
  FakeBroker thief(stolen, {kController}, 9093, loop, transport, *random_);
  thief.start();
  EXPECT_TRUE(run_until([&] { return thief.refused().has_value(); }));
  EXPECT_EQ(thief.refused(), 101);
  EXPECT_TRUE(brokers_[1].broker->unfenced());
  EXPECT_FALSE(brokers_[1].broker->refused().has_value());
  simulation_.kill("thief");
}

// The old self is silent and its address does not answer: a broker that gives up and asks again on
// another link has nevertheless waited since it first asked.
TEST_F(BrokersTest, S12_WaitingForTheOldSelfEndsHoweverOftenTheNewOneAsksAgain) {
  lead_with_brokers();
  run(seconds(1));
  FakeBroker::Identity identity = brokers_[1].identity;
  kill_broker(1, Simulation::Death::kPower);
  SimExecutor& loop = simulation_.start_node("elsewhere");
  network_.assign({"broker1", 9092}, "broker1");
  SimTransport transport(network_, "elsewhere");
  FakeBroker again(identity, {kController}, 9094, loop, transport, *random_);
  again.start();
  const Instant since = simulation_.now();
  for (int i = 0; i < 50 && !again.unfenced(); ++i) {
    run(milliseconds(100));
    if (!again.joined()) network_.break_links("controller1", "elsewhere");
  }
  EXPECT_TRUE(again.unfenced());
  EXPECT_LT(simulation_.now() - since, milliseconds(3500));
  simulation_.kill("elsewhere");
}

TEST_F(BrokersTest, ADeadProcessIsFencedWithinMilliseconds) {
  lead_with_brokers();
  call(create("foo", 3, 3));
  run(seconds(1));
  kill_broker(2);
  const Instant since = simulation_.now();
  EXPECT_TRUE(run_until([&] { return image().broker(BrokerId{2})->fenced; }));
  EXPECT_LT(simulation_.now() - since, milliseconds(50));
  for (const auto& partition : image().topic_by_name("foo")->partitions) {
    EXPECT_NE(partition.leader, BrokerId{2});
    EXPECT_EQ(partition.in_sync.size(), 2u);
  }
}

TEST_F(BrokersTest, ASilentBrokerIsFencedAfterTheSessionTimeout) {
  lead_with_brokers();
  run(seconds(1));
  simulation_.pause("broker2");
  const Instant since = simulation_.now();
  EXPECT_TRUE(run_until([&] { return image().broker(BrokerId{2})->fenced; }));
  EXPECT_GE(simulation_.now() - since, milliseconds(1500));
  EXPECT_LE(simulation_.now() - since, milliseconds(2100));
  // The same incarnation comes back when it is heard again.
  simulation_.resume("broker2");
  EXPECT_TRUE(run_until([&] { return !image().broker(BrokerId{2})->fenced; }));
}

// The fence of the first waits for the second; the heartbeats of the third, which lives, have it
// looked at again, long after it was due. That is no sign that this process stood still.
TEST_F(BrokersTest, S10_TwoSilencesThatOverlapEndWhileAnotherBrokerGoesOnSpeaking) {
  lead_with_brokers();
  run(seconds(1));
  simulation_.pause("broker2");
  run(milliseconds(700));
  simulation_.pause("broker3");
  const Instant since = simulation_.now();
  EXPECT_TRUE(run_until(
      [&] { return image().broker(BrokerId{2})->fenced && image().broker(BrokerId{3})->fenced; }));
  EXPECT_LE(simulation_.now() - since, seconds(5));
  EXPECT_FALSE(image().broker(BrokerId{1})->fenced);
}

TEST_F(BrokersTest, S12_ThreeBrokersDyingAtOnceConvergeByTimeouts) {
  lead_with_brokers();
  for (int id : {1, 2, 3}) kill_broker(id);
  run(milliseconds(300));
  int fenced = 0;
  for (const auto& [id, broker] : image().brokers()) fenced += broker.fenced;
  EXPECT_EQ(fenced, 1);
  EXPECT_TRUE(run_until([&] {
    for (const auto& [id, broker] : image().brokers()) {
      if (!broker.fenced) return false;
    }
    return true;
  }));
}

TEST_F(BrokersTest, S12_ANewActiveControllerProbesWhoDoesNotAttach) {
  lead_with_brokers();
  node_->lose();
  kill_broker(3);
  run(milliseconds(100));
  node_->lead();
  const Instant since = simulation_.now();
  EXPECT_TRUE(run_until([&] { return image().broker(BrokerId{3})->fenced; }));
  EXPECT_LT(simulation_.now() - since, milliseconds(300));
  run(seconds(3));
  EXPECT_FALSE(image().broker(BrokerId{1})->fenced);
  EXPECT_FALSE(image().broker(BrokerId{2})->fenced);
}

TEST_F(BrokersTest, AControllerThatStoodStillItselfFencesNobodyForThat) {
  lead_with_brokers();
  run(seconds(1));
  simulation_.pause("controller1");
  run(seconds(5));
  simulation_.resume("controller1");
  run(seconds(2));
  for (const auto& [id, broker] : image().brokers()) EXPECT_FALSE(broker.fenced) << id;
}

TEST_F(BrokersTest, ABrokerMayStopWhenItLeadsNothingAndAllOthersKnow) {
  lead_with_brokers();
  call(create("foo", 6, 3));
  run(milliseconds(10));
  brokers_[1].broker->want_shutdown();
  EXPECT_TRUE(run_until([&] { return brokers_[1].broker->may_shut_down(); }));
  for (const auto& partition : image().topic_by_name("foo")->partitions) {
    EXPECT_NE(partition.leader, BrokerId{1});
  }
  for (int id : {2, 3}) {
    EXPECT_EQ(brokers_[id].broker->image().broker(BrokerId{1})->in_controlled_shutdown, true);
  }
}

// One is fenced by its refused probe; the others look like a broken path and get time, in which
// they are back: they never leave the in-sync sets, and lead again what they are preferred for.
TEST_F(BrokersTest, S10_BrokersThatAreBackInTimeKeepTheirPlacesAndLeadAgainSoon) {
  lead_with_brokers();
  call(create("foo", 3, 3));
  run(seconds(2));
  for (int id : {1, 2, 3}) kill_broker(id);
  run(milliseconds(100));
  start_brokers();
  const auto& partitions = image().topic_by_name("foo")->partitions;
  for (const auto& partition : partitions) {
    EXPECT_EQ(partition.in_sync.size(), 2u);
    EXPECT_NE(partition.leader, kNoBroker);
    EXPECT_EQ(partition.lineage, Lineage{0});
  }
  EXPECT_TRUE(run_until([&] {
    return std::all_of(partitions.begin(), partitions.end(), [](const auto& partition) {
      const BrokerId preferred = partition.replicas.front();
      return partition.leader == preferred || !partition.is_in_sync(preferred);
    });
  }));
}

TEST_F(BrokersTest, S10_ABrokerThatComesBackAndDiesBeforeItServesIsFencedLikeAnyOther) {
  lead_with_brokers();
  call(create("foo", 3, 3));
  run(seconds(2));
  kill_broker(1);
  FakeBroker& again = start_broker(1);
  again.stay_unready();
  EXPECT_TRUE(run_until([&] { return again.joined(); }));
  ASSERT_TRUE(image().broker(BrokerId{1})->returning);
  kill_broker(1);
  EXPECT_TRUE(run_until([&] { return !image().broker(BrokerId{1})->returning; }, seconds(3)));
  for (const auto& partition : image().topic_by_name("foo")->partitions) {
    EXPECT_FALSE(partition.is_in_sync(BrokerId{1}));
  }
}

TEST_F(BrokersTest, S10_ABrokerThatComesBackButDoesNotServeHoldsTheOthersUpOnlySoLong) {
  lead_with_brokers();
  call(create("foo", 3, 3));
  run(seconds(2));
  kill_broker(1);
  FakeBroker& again = start_broker(1);
  again.stay_unready();
  EXPECT_TRUE(run_until([&] { return again.joined(); }));
  run(seconds(5));
  EXPECT_TRUE(image().broker(BrokerId{1})->returning);
  EXPECT_TRUE(run_until([&] { return !image().broker(BrokerId{1})->returning; }, seconds(7)));
}

TEST_F(BrokersTest, ThePreferredLeaderIsBackSoonAfterItIsInSyncAgain) {
  lead_with_brokers();
  proto::AdminRequest request;
  proto::NewTopic* topic = request.mutable_create_topics()->add_topics();
  topic->set_name("foo");
  topic->set_partitions(-1);
  topic->set_replication_factor(-1);
  for (int id : {1, 2, 3}) {
    if (topic->assignments().empty()) topic->add_assignments();
    topic->mutable_assignments(0)->add_brokers(id);
  }
  call(request);
  run(milliseconds(10));
  kill_broker(1);
  EXPECT_TRUE(run_until([&] { return image().broker(BrokerId{1})->fenced; }));
  start_broker(1);
  EXPECT_TRUE(run_until([&] { return brokers_[1].broker->unfenced(); }));
  const auto state = [&]() -> const metadata::PartitionImage& {
    return image().topic_by_name("foo")->partitions[0];
  };
  ASSERT_EQ(state().leader, BrokerId{2});
  proto::AlterPartitions proposal;
  proto::AlterPartition* asked = proposal.add_partitions();
  asked->set_topic_id(image().topic_by_name("foo")->id.bytes());
  asked->set_leader_epoch(state().leader_epoch.value());
  asked->set_partition_epoch(state().partition_epoch.value());
  for (int id : {2, 3, 1}) {
    proto::InSyncMember* member = asked->add_in_sync();
    member->set_broker(id);
    member->set_epoch(image().broker(BrokerId{id})->epoch.value());
  }
  int32_t code = -1;
  brokers_[2].broker->alter(proposal, [&](const proto::AlterPartitionsAnswer& answer) {
    code = answer.partitions(0).error().code();
  });
  run(milliseconds(500));
  EXPECT_EQ(code, 0);
  EXPECT_EQ(state().leader, BrokerId{2});
  run(milliseconds(700));
  EXPECT_EQ(state().leader, BrokerId{1});
}

TEST_F(BrokersTest, S13_AReplicaOutOfServiceHandsOverAndIsNotElectedOnItsBrokersReturn) {
  lead_with_brokers();
  ask(create("foo", 3, 3));
  const auto led_by_1 = [&] {
    const auto& partitions = image().topic_by_name("foo")->partitions;
    const auto at = std::find_if(partitions.begin(), partitions.end(), [](const auto& partition) {
      return partition.leader == BrokerId{1};
    });
    return at == partitions.end() ? -1 : static_cast<int32_t>(at - partitions.begin());
  };
  const int32_t lost = led_by_1();
  ASSERT_GE(lost, 0);
  const Uuid topic = image().topic_by_name("foo")->id;
  const Instant since = simulation_.now();
  brokers_[1].broker->lose({topic, PartitionIndex{lost}});
  EXPECT_TRUE(run_until([&] { return led_by_1() != lost; }));
  EXPECT_LT(simulation_.now() - since, milliseconds(50));
  const auto& partition = image().topic_by_name("foo")->partitions[static_cast<size_t>(lost)];
  EXPECT_FALSE(partition.is_in_sync(BrokerId{1}));
  EXPECT_NE(partition.leader, kNoBroker);
  run(seconds(3));
  EXPECT_FALSE(partition.is_in_sync(BrokerId{1}));
}

}  // namespace
}  // namespace barnabas::controller

#include "controller/controller.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/sim/sim_network.h"
#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "controller/testing/fake_broker.h"
#include "controller/testing/fake_node.h"
#include "controller/testing/fake_store.h"
#include "metadata/records.h"

namespace barnabas::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Endpoint kController{"controller1", 9640};

class ControllerTest : public ::testing::Test {
 protected:
  ControllerTest()
      : loop_(simulation_.start_node("controller1")), transport_(network_, "controller1") {
    restart();
  }

  void restart() {
    listening_.reset();
    controller_.emplace(options(), loop_, transport_, *random_, store_);
    EXPECT_TRUE(controller_->load().ok());
    node_.emplace(controller_->machine(), loop_);
    controller_->attach(*node_);
    listening_ =
        *transport_.listen(kController, {Channel::kController}, {&loop_},
                           [this](Channel, LinkPtr link) { controller_->accept(std::move(link)); });
  }

  Options options() const {
    Options options;
    options.limits = limits_;
    options.self = ControllerId{1};
    options.endpoints[ControllerId{1}] = kController;
    return options;
  }

  void run(Duration time) { simulation_.run_for(time); }
  bool run_until(absl::AnyInvocable<bool()> done, Duration limit = seconds(10)) {
    return simulation_.run_until(std::move(done), simulation_.now() + limit);
  }

  struct BrokerProcess {
    FakeBroker::Identity identity;
    std::unique_ptr<SimTransport> transport;
    std::unique_ptr<FakeBroker> broker;
  };
  FakeBroker& start_broker(int id) {
    BrokerProcess& process = brokers_[id];
    const std::string name = "broker" + std::to_string(id);
    process.identity.id = id;
    SimExecutor& loop = simulation_.start_node(name);
    network_.assign({name, 9092}, name);
    process.transport = std::make_unique<SimTransport>(network_, name);
    process.broker =
        std::make_unique<FakeBroker>(process.identity, std::vector<Endpoint>{kController}, 9092,
                                     loop, *process.transport, *random_);
    process.broker->start();
    return *process.broker;
  }
  void kill_broker(int id, Simulation::Death death = Simulation::Death::kProcess) {
    simulation_.kill("broker" + std::to_string(id), death);
    brokers_[id].broker.reset();
  }
  void start_brokers() {
    for (int id : {1, 2, 3}) start_broker(id);
    EXPECT_TRUE(run_until([this] {
      for (auto& [id, process] : brokers_) {
        if (!process.broker->unfenced()) return false;
      }
      return true;
    }));
  }

  proto::AdminRequest create(const std::string& name, int partitions = 1, int factor = 1) {
    proto::AdminRequest request;
    proto::NewTopic* topic = request.mutable_create_topics()->add_topics();
    topic->set_name(name);
    topic->set_partitions(partitions);
    topic->set_replication_factor(factor);
    return request;
  }
  // The answers in the order in which they came.
  void call(const proto::AdminRequest& request) {
    controller_->call(request,
                      [this](proto::AdminAnswer answer) { answers_.push_back(std::move(answer)); });
  }
  int32_t code(size_t answer) const {
    return answers_[answer].error().code() != 0
               ? answers_[answer].error().code()
               : answers_[answer].create_topics().topics(0).error().code();
  }
  const metadata::Image& image() const { return controller_->committed_image(); }

  Limits limits_;
  Simulation simulation_{1};
  SimNetwork network_{simulation_};
  SimExecutor& loop_;
  SimTransport transport_;
  std::unique_ptr<Random> random_ = seeded_random(5);
  FakeStore store_;
  std::optional<Controller> controller_;
  std::optional<FakeNode> node_;
  std::unique_ptr<Listening> listening_;
  std::map<int, BrokerProcess> brokers_;
  std::vector<proto::AdminAnswer> answers_;
};

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
  node_->lead();
  start_brokers();
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
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, TheClusterIsDescribedFromCommittedState) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, S3_AnErrorWaitsForWhatItWasDecidedOnAndAReadIndexRound) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, S3_WhatWasDecidedOnUncommittedStateIsNotAnsweredByADeposedController) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, S3_ARepeatedRequestGetsTheFirstAnswer) {
  node_->lead();
  start_brokers();
  proto::AdminRequest request = create("foo");
  request.set_client(std::string(16, 'c'));
  request.set_sequence(1);
  call(request);
  run(milliseconds(10));
  call(request);
  run(milliseconds(10));
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_EQ(metadata::serialize(answers_[0]), metadata::serialize(answers_[1]));
  EXPECT_EQ(code(1), 0);
  request.set_sequence(2);
  call(request);
  run(milliseconds(10));
  EXPECT_EQ(code(2), 36);
}

TEST_F(ControllerTest, P32_ARequestOfUnknownOutcomeIsDoneOnceHoweverOftenItIsRepeated) {
  node_->lead();
  start_brokers();
  proto::AdminRequest request = create("foo");
  request.set_client(std::string(16, 'c'));
  request.set_sequence(1);
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

TEST_F(ControllerTest, AnOlderRequestThanTheLastIsRefused) {
  node_->lead();
  start_brokers();
  proto::AdminRequest request = create("foo");
  request.set_client(std::string(16, 'c'));
  request.set_sequence(2);
  call(request);
  request.set_sequence(1);
  call(request);
  request.set_client("short");
  call(request);
  run(milliseconds(10));
  ASSERT_EQ(answers_.size(), 3u);
  EXPECT_EQ(code(1), 42);
  EXPECT_EQ(code(2), 42);
}

TEST_F(ControllerTest, I28_WhatIsNotCommittedIsNeitherShownNorKept) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, WhenTooMuchIsInFlightTheRequestIsRefusedAndNothingIsRemembered) {
  node_->lead();
  start_brokers();
  node_->busy = true;
  call(create("foo"));
  run(milliseconds(10));
  EXPECT_EQ(code(0), 89);
  node_->busy = false;
  call(create("foo"));
  run(milliseconds(10));
  EXPECT_EQ(code(1), 0);
}

TEST_F(ControllerTest, TheStoreHoldsExactlyTheCommittedImage) {
  node_->lead();
  start_brokers();
  call(create("foo", 3, 3));
  call(create("bar", 2, 1));
  proto::AdminRequest removal;
  removal.mutable_delete_topics()->add_topics()->set_name("foo");
  run(milliseconds(10));
  call(removal);
  run(milliseconds(10));
  const auto loaded = load_image(store_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->hash(), image().hash());
  EXPECT_EQ(loaded->index(), image().index());
}

TEST_F(ControllerTest, ASnapshotReplacesEverything) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, BrokersFollowFromASnapshotAndResumeWhereTheyStopped) {
  node_->lead();
  start_brokers();
  FakeBroker& broker = *brokers_[1].broker;
  call(create("foo", 3, 3));
  run(milliseconds(10));
  EXPECT_EQ(broker.image().hash(), image().hash());
  const int before = broker.snapshots();
  network_.break_links("controller1", "broker1");
  call(create("bar", 3, 3));
  run(milliseconds(300));
  EXPECT_TRUE(broker.joined());
  EXPECT_EQ(broker.image().hash(), image().hash());
  EXPECT_EQ(broker.snapshots(), before);
  EXPECT_GT(broker.links(), 1);
}

TEST_F(ControllerTest, S9_ARestartedBrokerIsRegisteredOnceItsOldSelfIsKnownToBeGone) {
  node_->lead();
  start_brokers();
  const int64_t before = brokers_[1].broker->epoch();
  kill_broker(1);
  FakeBroker& again = start_broker(1);
  const Instant since = simulation_.now();
  EXPECT_TRUE(run_until([&] { return again.unfenced(); }));
  EXPECT_GT(again.epoch(), before);
  // The refused connection says so; nobody waits for a timeout.
  EXPECT_LT(simulation_.now() - since, milliseconds(300));
}

TEST_F(ControllerTest, S12_ADuplicateOfALivingBrokerIsToldToExit) {
  node_->lead();
  start_brokers();
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
TEST_F(ControllerTest, S12_WaitingForTheOldSelfEndsHoweverOftenTheNewOneAsksAgain) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, ADeadProcessIsFencedWithinMilliseconds) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, ASilentBrokerIsFencedAfterTheSessionTimeout) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, S12_ThreeBrokersDyingAtOnceConvergeByTimeouts) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, S12_ANewActiveControllerProbesWhoDoesNotAttach) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, AControllerThatStoodStillItselfFencesNobodyForThat) {
  node_->lead();
  start_brokers();
  run(seconds(1));
  simulation_.pause("controller1");
  run(seconds(5));
  simulation_.resume("controller1");
  run(seconds(2));
  for (const auto& [id, broker] : image().brokers()) EXPECT_FALSE(broker.fenced) << id;
}

TEST_F(ControllerTest, ABrokerMayStopWhenItLeadsNothingAndAllOthersKnow) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, S8_ABrokerAheadOfTheControllerIsToldNothingOld) {
  node_->lead();
  start_brokers();
  MetadataFeed feed;
  feed.restart(LogIndex{10});
  feed.add(LogIndex{11}, Term{1}, "");
  feed.add(LogIndex{12}, Term{1}, "");
  struct CountingLink final : Link {
    void start(LinkSink&) override {}
    bool send(BufferChain) override { return ++sent % 3 != 0; }
    void mute(bool) override {}
    void close() override {}
    Endpoint local() const override { return {}; }
    Endpoint peer() const override { return {}; }
    int sent = 0;
  } link;
  const auto snapshot = [] {
    return FeedCursor::Snapshot{LogIndex{12}, Term{1},
                                std::make_shared<const std::string>(3 << 20, 'x')};
  };
  FeedCursor ahead(LogIndex{15});
  ahead.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 0);
  FeedCursor near(LogIndex{10});
  near.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 2);
  EXPECT_EQ(near.sent(), LogIndex{12});
  // A full link stops the stream until it has drained; then it goes on where it was.
  FeedCursor far(LogIndex{3});
  far.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 3);
  far.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 3);
  far.drained();
  far.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 5);
  EXPECT_EQ(far.sent(), LogIndex{12});
}

TEST_F(ControllerTest, I30_ProducerIdsAreNeverGivenTwiceAlsoAcrossLeaders) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, ThePreferredLeaderIsBackSoonAfterItIsInSyncAgain) {
  node_->lead();
  start_brokers();
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

// One is fenced by its refused probe; the others look like a broken path and get time, in which
// they are back: they never leave the in-sync sets, and lead again what they are preferred for.
TEST_F(ControllerTest, S10_BrokersThatAreBackInTimeKeepTheirPlacesAndLeadAgainSoon) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, S10_ABrokerThatComesBackAndDiesBeforeItServesIsFencedLikeAnyOther) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, S10_ABrokerThatComesBackButDoesNotServeHoldsTheOthersUpOnlySoLong) {
  node_->lead();
  start_brokers();
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

TEST_F(ControllerTest, GarbageOnABrokersLinkEndsThatLinkOnly) {
  node_->lead();
  start_brokers();
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

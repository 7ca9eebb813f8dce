// Three controllers with everything they have (Raft nodes, logs, vote files, stores, sessions) and
// brokers that speak their protocol, in one simulated thread.

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "common/sim/sim_network.h"
#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "controller/controller.h"
#include "controller/decide/testing/cluster.h"
#include "controller/testing/fake_broker.h"
#include "controller/testing/fake_store.h"
#include "raft/node.h"
#include "storage/memory_disk.h"

namespace barnabas::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Quorum {
 public:
  explicit Quorum(uint64_t seed)
      : simulation_(seed), network_(simulation_), random_(simulation_.random().fork("quorum")) {
    for (int id : {1, 2, 3}) {
      const Endpoint at{absl::StrCat("controller", id), 9640};
      network_.assign(at, at.host);
      endpoints_.push_back(at);
      Member& member = members_[id];
      member.directory = Uuid::make(*random_);
      EXPECT_TRUE(member.disk.make_directories("/data").ok());
      EXPECT_TRUE(member.disk.sync_and_wait({{}, {"/"}}).ok());
      member.disk.set_sync_latency(milliseconds(1));
    }
    for (int id : {1, 2, 3}) {
      brokers_[id].identity.id = id;
      network_.assign({absl::StrCat("broker", id), 9092}, absl::StrCat("broker", id));
    }
  }
  ~Quorum() {
    for (auto& [id, member] : members_) end(member);
    for (auto& [id, broker] : brokers_) broker.process.reset();
  }

  void start_controller(int id) {
    Member& member = members_[id];
    const std::string name = absl::StrCat("controller", id);
    SimExecutor& loop = simulation_.start_node(name);
    member.transport = std::make_unique<SimTransport>(network_, name);
    Options options;
    options.self = ControllerId{id};
    raft::Options raft;
    raft.self = ControllerId{id};
    raft.directory = "/data";
    raft.directory_id = member.directory;
    for (int peer : {1, 2, 3}) {
      options.endpoints[ControllerId{peer}] = endpoint(peer);
      raft.peers.push_back({ControllerId{peer}, Uuid(), endpoint(peer)});
    }
    member.controller =
        std::make_unique<Controller>(options, loop, *member.transport, *random_, member.store);
    ASSERT_TRUE(member.controller->load().ok());
    auto node = raft::Node::start(raft, member.disk, *member.transport, loop, *random_,
                                  member.controller->machine());
    ASSERT_TRUE(node.ok()) << node.status();
    member.node = *std::move(node);
    member.controller->attach(*member.node);
    member.listening = *member.transport->listen(
        endpoint(id), {Channel::kRaft, Channel::kRaftBulk, Channel::kController}, {&loop},
        [&member](Channel channel, LinkPtr link) {
          if (channel == Channel::kController) return member.controller->accept(std::move(link));
          member.node->accept(channel, std::move(link));
        });
  }
  void kill_controller(int id, Simulation::Death death = Simulation::Death::kProcess) {
    Member& member = members_[id];
    if (member.controller == nullptr) return;
    simulation_.kill(absl::StrCat("controller", id), death);
    end(member);
    if (death == Simulation::Death::kPower) {
      member.disk.crash(*random_);
      member.store.lose_power();
    } else {
      member.disk.kill();
    }
  }
  void start_broker(int id) {
    Broker& broker = brokers_[id];
    SimExecutor& loop = simulation_.start_node(absl::StrCat("broker", id));
    broker.transport = std::make_unique<SimTransport>(network_, absl::StrCat("broker", id));
    broker.process = std::make_unique<FakeBroker>(broker.identity, endpoints_, 9092, loop,
                                                  *broker.transport, *random_);
    broker.process->start();
  }
  void kill_broker(int id) {
    Broker& broker = brokers_[id];
    if (broker.process == nullptr) return;
    simulation_.kill(absl::StrCat("broker", id));
    broker.process.reset();
  }
  void start_all() {
    for (int id : {1, 2, 3}) {
      if (members_[id].controller == nullptr) start_controller(id);
      if (brokers_[id].process == nullptr) start_broker(id);
    }
  }

  bool run_until(absl::AnyInvocable<bool()> done, Duration limit = seconds(10)) {
    return simulation_.run_until(std::move(done), simulation_.now() + limit);
  }
  void run(Duration time) { simulation_.run_for(time); }

  Controller* active() {
    for (auto& [id, member] : members_) {
      if (member.controller != nullptr && member.controller->is_active()) {
        return member.controller.get();
      }
    }
    return nullptr;
  }
  int active_id() {
    for (auto& [id, member] : members_) {
      if (member.controller.get() == active() && active() != nullptr) return id;
    }
    return 0;
  }
  bool everybody_serves() {
    if (active() == nullptr) return false;
    for (auto& [id, broker] : brokers_) {
      if (broker.process == nullptr || !broker.process->joined() || !broker.process->unfenced()) {
        return false;
      }
    }
    return true;
  }
  // All nodes at the same index, with the same image.
  bool everybody_agrees() {
    if (active() == nullptr) return false;
    const metadata::Image& image = active()->committed_image();
    for (auto& [id, member] : members_) {
      if (member.controller->committed_image().index() != image.index()) return false;
    }
    for (auto& [id, broker] : brokers_) {
      if (broker.process->image().index() != image.index()) return false;
    }
    const uint64_t hash = image.hash();
    for (auto& [id, member] : members_) {
      EXPECT_EQ(member.controller->committed_image().hash(), hash) << "I22: controller " << id;
    }
    for (auto& [id, broker] : brokers_) {
      EXPECT_EQ(broker.process->image().hash(), hash) << "I22: broker " << id;
    }
    return true;
  }

  // By way of the broker, with a request id of its own: repeated until it is answered.
  void create(int broker, const std::string& name) {
    FakeBroker* process = brokers_[broker].process.get();
    if (process == nullptr) return;
    proto::AdminRequest request;
    request.set_client(Uuid::make(*random_).bytes());
    request.set_sequence(1);
    proto::NewTopic* topic = request.mutable_create_topics()->add_topics();
    topic->set_name(name);
    topic->set_partitions(2);
    topic->set_replication_factor(3);
    process->ask(request, [this, name](const proto::AdminAnswer& answer) {
      const int32_t code = answer.create_topics().topics(0).error().code();
      if (code == 0) created_[name] = answer.create_topics().topics(0).id();
      if (code == 36) exists_.insert(name);
    });
  }
  std::string lost() {
    const metadata::Image& image = active()->committed_image();
    for (const auto& [name, id] : created_) {
      const metadata::TopicImage* topic = image.topic_by_name(name);
      if (topic == nullptr) return absl::StrCat(name, " was acknowledged and is gone");
      if (topic->id.bytes() != id) return absl::StrCat(name, " was created twice");
    }
    for (const std::string& name : exists_) {
      return absl::StrCat(name, ": 'exists' was answered to the only request for it");
    }
    return broken_invariant(image, image, /*at_rest=*/true);
  }

  struct Member {
    storage::MemoryDisk disk;
    FakeStore store;
    Uuid directory;
    std::unique_ptr<SimTransport> transport;
    std::unique_ptr<Controller> controller;
    std::unique_ptr<raft::Node> node;
    std::unique_ptr<Listening> listening;
  };
  struct Broker {
    FakeBroker::Identity identity;
    std::unique_ptr<SimTransport> transport;
    std::unique_ptr<FakeBroker> process;
  };

  static void end(Member& member) {
    member.listening.reset();
    member.node.reset();
    member.controller.reset();
    member.transport.reset();
  }
  Endpoint endpoint(int id) const { return endpoints_[static_cast<size_t>(id - 1)]; }

  Simulation simulation_;
  SimNetwork network_;
  std::unique_ptr<Random> random_;
  std::vector<Endpoint> endpoints_;
  std::map<int, Member> members_;
  std::map<int, Broker> brokers_;
  std::map<std::string, std::string> created_;  // name -> id, as acknowledged
  std::set<std::string> exists_;
};

TEST(Quorum, SixProcessesStartIntoAClusterThatServes) {
  Quorum quorum(1);
  const Instant since = quorum.simulation_.now();
  quorum.start_all();
  EXPECT_TRUE(quorum.run_until([&] { return quorum.everybody_serves(); }));
  EXPECT_LT(quorum.simulation_.now() - since, milliseconds(700));
  EXPECT_TRUE(quorum.run_until([&] { return quorum.everybody_agrees(); }));
}

TEST(Quorum, S2_TopicsAreCreatedOnceWhileTheActiveControllerDiesTwentyTimes) {
  Quorum quorum(2);
  quorum.start_all();
  ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_serves(); }));
  size_t asked = 0;
  Duration worst{0};
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 5; ++i) {
      quorum.create(1 + static_cast<int>(asked % 3), absl::StrCat("topic-", asked));
      ++asked;
    }
    quorum.run(std::chrono::microseconds(100 * (round + 1)));
    const int active = quorum.active_id();
    quorum.kill_controller(active);
    const Instant since = quorum.simulation_.now();
    ASSERT_TRUE(quorum.run_until([&] { return quorum.created_.size() == asked; }))
        << "round " << round;
    worst = std::max(worst, Duration(quorum.simulation_.now() - since));
    quorum.start_controller(active);
    ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_serves(); }));
  }
  ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_agrees(); }));
  EXPECT_EQ(quorum.lost(), "");
  EXPECT_LT(worst, milliseconds(500));
  // Nobody was fenced for a controller's death.
  for (const auto& [id, broker] : quorum.active()->committed_image().brokers()) {
    EXPECT_EQ(broker.epoch.value(), quorum.brokers_[id.value()].process->epoch());
  }
}

TEST(Quorum, EverythingSurvivesTheDeathOfAllControllers) {
  for (const auto death : {Simulation::Death::kProcess, Simulation::Death::kPower}) {
    Quorum quorum(3);
    quorum.start_all();
    ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_serves(); }));
    for (int i = 0; i < 10; ++i) quorum.create(1, absl::StrCat("topic-", i));
    ASSERT_TRUE(quorum.run_until([&] { return quorum.created_.size() == 10; }));
    for (int id : {1, 2, 3}) quorum.kill_controller(id, death);
    quorum.run(seconds(3));
    for (int id : {1, 2, 3}) quorum.start_controller(id);
    ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_serves(); }));
    ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_agrees(); }));
    EXPECT_EQ(quorum.lost(), "");
    // The brokers were never gone: same incarnations, same leaders.
    for (auto& [id, broker] : quorum.brokers_) {
      EXPECT_EQ(quorum.active()->committed_image().broker(BrokerId{id})->epoch.value(),
                broker.process->epoch());
    }
  }
}

TEST(Quorum, S10_AllSixKilledAtOnceComeBackWithEveryPartitionLed) {
  Quorum quorum(4);
  quorum.start_all();
  ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_serves(); }));
  for (int i = 0; i < 10; ++i) quorum.create(1, absl::StrCat("topic-", i));
  ASSERT_TRUE(quorum.run_until([&] { return quorum.created_.size() == 10; }));
  for (int id : {1, 2, 3}) {
    quorum.kill_controller(id);
    quorum.kill_broker(id);
  }
  quorum.run(milliseconds(100));
  const Instant since = quorum.simulation_.now();
  quorum.start_all();
  ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_serves(); }));
  EXPECT_LT(quorum.simulation_.now() - since, milliseconds(1000));
  const metadata::Image& image = quorum.active()->committed_image();
  for (const auto& [name, id] : image.topics_by_name()) {
    for (const auto& partition : image.topic(id)->partitions) {
      EXPECT_NE(partition.leader, kNoBroker);
      EXPECT_EQ(partition.lineage, Lineage{0});
    }
  }
  EXPECT_EQ(quorum.lost(), "");
}

TEST(Quorum, WhatWasAcknowledgedSurvivesRandomFaults) {
  size_t acknowledged = 0;
  for (uint64_t seed = 10; seed < 210; ++seed) {
    Quorum quorum(seed);
    quorum.start_all();
    ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_serves(); })) << seed;
    const std::unique_ptr<Random> faults = seeded_random(seed);
    for (int step = 0; step < 40; ++step) {
      const int id = 1 + static_cast<int>(faults->below(3));
      switch (faults->below(8)) {
        case 0:
          quorum.kill_controller(id);
          break;
        case 1:
          quorum.kill_controller(id, Simulation::Death::kPower);
          break;
        case 2:
          quorum.kill_broker(id);
          break;
        case 3:
        case 4:
          quorum.start_all();
          break;
        case 5:
          quorum.network_.break_links(absl::StrCat("controller", id),
                                      absl::StrCat("broker", 1 + faults->below(3)));
          break;
        default:
          quorum.create(id, absl::StrCat("topic-", step));
      }
      quorum.run(milliseconds(faults->below(400)));
    }
    quorum.start_all();
    ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_serves(); }, seconds(20))) << seed;
    quorum.run(seconds(3));
    ASSERT_TRUE(quorum.run_until([&] { return quorum.everybody_agrees(); })) << seed;
    ASSERT_EQ(quorum.lost(), "") << seed;
    acknowledged += quorum.created_.size();
  }
  EXPECT_GT(acknowledged, 1000u);
}

}  // namespace
}  // namespace barnabas::controller

// Three controllers with everything they have (Raft nodes, logs, vote files, stores, sessions) and
// brokers that speak their protocol, in one simulated thread. More controllers may join.

#pragma once

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

using std::chrono::milliseconds;
using std::chrono::seconds;

class Quorum {
 public:
  explicit Quorum(uint64_t seed)
      : simulation_(seed), network_(simulation_), random_(simulation_.random().fork("quorum")) {
    for (int id : {1, 2, 3}) {
      prepare_controller(id);
      endpoints_.push_back(endpoint(id));
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

  // With an empty disk.
  void prepare_controller(int id) {
    network_.assign(endpoint(id), endpoint(id).host);
    members_.erase(id);
    Member& member = members_[id];
    member.directory = Uuid::make(*random_);
    EXPECT_TRUE(member.disk.make_directories("/data").ok());
    EXPECT_TRUE(member.disk.sync_and_wait({{}, {"/"}}).ok());
    member.disk.set_sync_latency(milliseconds(1));
  }
  // One more, whose file names the founders and itself.
  void join_controller(int id) {
    prepare_controller(id);
    start_controller(id);
  }
  void forget_controller(int id) {
    kill_controller(id);
    members_.erase(id);
  }

  void start_controller(int id) {
    Member& member = members_[id];
    const std::string name = absl::StrCat("controller", id);
    SimExecutor& loop = simulation_.start_node(name);
    member.transport = std::make_unique<SimTransport>(network_, name);
    Options options;
    options.limits = limits_;
    options.self = ControllerId{id};
    raft::Options raft;
    raft.self = ControllerId{id};
    raft.directory = "/data";
    raft.directory_id = member.directory;
    std::set<int> named = {1, 2, 3};
    named.insert(id);
    for (int peer : named) {
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
  // Asks whoever is active until it is done, as the command does. The code of a refusal, or 0.
  int32_t change(const proto::AdminRequest& request, Duration limit = seconds(30)) {
    struct Asking {
      std::optional<proto::AdminAnswer> answer;
    };
    const Instant until = simulation_.now() + limit;
    while (simulation_.now() < until) {
      if (!run_until([&] { return active() != nullptr; })) break;
      auto asking = std::make_shared<Asking>();
      active()->call(request, [asking](proto::AdminAnswer answer) { asking->answer = answer; });
      run_until([&] { return asking->answer.has_value() || active() == nullptr; }, seconds(2));
      if (!asking->answer.has_value()) continue;
      const int32_t code = asking->answer->error().code();
      if (code == 41) continue;
      if (code != 0) return code;
      if (asking->answer->quorum_change().state() == proto::QuorumChangeAnswer::DONE) return 0;
    }
    return -1;
  }
  int32_t add_voter(int id) {
    proto::AdminRequest request;
    request.mutable_add_voter()->set_id(id);
    return change(request);
  }
  int32_t remove_voter(int id, std::optional<Uuid> directory = {}) {
    proto::AdminRequest request;
    request.mutable_remove_voter()->set_id(id);
    if (directory) request.mutable_remove_voter()->set_directory(directory->bytes());
    return change(request);
  }
  int32_t transfer(int id) {
    proto::AdminRequest request;
    request.mutable_transfer_leadership()->set_to(id);
    return change(request);
  }
  std::vector<int> voters() {
    std::vector<int> out;
    for (const raft::ProgressView& member : members_[active_id()].node->status().members) {
      if (member.kind == raft::MemberKind::kVoter) out.push_back(member.id.value());
    }
    return out;
  }
  bool observed(int id) {
    if (active() == nullptr) return false;
    for (const raft::ProgressView& member : members_[active_id()].node->status().members) {
      if (member.kind == raft::MemberKind::kObserver && member.id.value() == id) return true;
    }
    return false;
  }
  Term term() { return members_[active_id()].node->term(); }

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
  static Endpoint endpoint(int id) { return {absl::StrCat("controller", id), 9640}; }

  Limits limits_;  // of controllers that start from now on
  Simulation simulation_;
  SimNetwork network_;
  std::unique_ptr<Random> random_;
  std::vector<Endpoint> endpoints_;
  std::map<int, Member> members_;
  std::map<int, Broker> brokers_;
  std::map<std::string, std::string> created_;  // name -> id, as acknowledged
  std::set<std::string> exists_;
};

}  // namespace barnabas::controller

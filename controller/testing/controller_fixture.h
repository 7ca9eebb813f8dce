// An active controller on a quorum of one and brokers that are protocol only, in one thread.

#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/sim/sim_network.h"
#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "controller/controller.h"
#include "controller/testing/fake_broker.h"
#include "controller/testing/fake_node.h"
#include "controller/testing/fake_store.h"

namespace barnabas::controller {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline const Endpoint kController{"controller1", 9640};

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
  // The request number `sequence` of the one client that these tests know.
  proto::AdminRequest numbered(uint64_t sequence, proto::AdminRequest request) {
    request.set_client(std::string(16, 'c'));
    request.set_sequence(sequence);
    return request;
  }
  void lead_with_brokers() {
    node_->lead();
    start_brokers();
  }
  // The answer to a request that nothing holds up.
  proto::AdminAnswer ask(const proto::AdminRequest& request) {
    const size_t before = answers_.size();
    call(request);
    EXPECT_TRUE(run_until([&] { return answers_.size() > before; }));
    return answers_.back();
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

}  // namespace barnabas::controller

// The faults of the simulated network; what every transport owes is in
// common/net/transport_contract_test.cc.

#include "common/sim/sim_network.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/sim/sim_transport.h"

namespace barnabas {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Endpoint kServer{"server", 9092};

struct Recorder final : LinkSink {
  bool is_open = false;
  std::vector<std::string> frames;
  std::optional<Close> why;
  void opened() override { is_open = true; }
  void frame(Buffer bytes) override { frames.emplace_back(bytes.view()); }
  void closed(Close reason) override { why = reason; }
};

// A client that sends, a server that records.
struct World {
  explicit World(uint64_t seed = 1, Channel channel = Channel::kFetch, NetworkOptions options = {})
      : simulation(seed), network(simulation, options), channel(channel) {
    simulation.start_node("client");
    start_server();
  }

  void start_server() {
    SimExecutor& loop = simulation.start_node("server");
    server.emplace(network, "server");
    auto result = server->listen(kServer, {channel}, {&loop}, [this](Channel, LinkPtr link) {
      server_link = std::move(link);
      server_link->start(server_sink);
    });
    ASSERT_TRUE(result.ok()) << result.status();
    listening = *std::move(result);
  }
  void kill_server(Simulation::Death death = Simulation::Death::kProcess) {
    simulation.kill("server", death);
    server_link.reset();
    listening.reset();
    server.reset();
  }
  void dial() {
    client_sink = {};
    link = client.dial(kServer, channel, *simulation.node("client"), client_sink);
  }
  void connect() {
    dial();
    simulation.run_for(milliseconds(10));
    ASSERT_TRUE(client_sink.is_open);
  }
  void run(Duration time) { simulation.run_for(time); }

  Simulation simulation;
  SimNetwork network;
  const Channel channel;
  Recorder client_sink, server_sink;
  SimTransport client{network, "client"};
  std::optional<SimTransport> server;
  std::unique_ptr<Listening> listening;
  LinkPtr link, server_link;
};

TEST(SimNetwork, APartitionDelaysFramesAndTheyArriveInOrderWhenItIsHealed) {
  World world;
  world.connect();
  world.network.reachability().cut("client", "server");
  for (int i = 0; i < 5; ++i) world.link->send({Buffer::copy(std::to_string(i))});
  world.run(seconds(30));
  EXPECT_TRUE(world.server_sink.frames.empty());
  EXPECT_FALSE(world.client_sink.why.has_value()) << "a partition is silent";
  world.network.reachability().heal();
  world.run(seconds(1));
  EXPECT_EQ(world.server_sink.frames, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
}

TEST(SimNetwork, OneWayCutsStopThatWayOnly) {
  World world;
  world.connect();
  world.network.reachability().cut_one_way("client", "server");
  world.link->send({Buffer::copy("there")});
  world.server_link->send({Buffer::copy("back")});
  world.run(seconds(1));
  EXPECT_TRUE(world.server_sink.frames.empty());
  EXPECT_EQ(world.client_sink.frames, std::vector<std::string>{"back"});
}

TEST(SimNetwork, DiallingAcrossAPartitionTimesOut) {
  World world;
  world.network.reachability().isolate("server");
  const Instant start = world.simulation.now();
  world.dial();
  ASSERT_TRUE(world.simulation.run_until([&] { return world.client_sink.why.has_value(); },
                                         start + seconds(60)));
  EXPECT_EQ(world.client_sink.why, Close::kTimeout);
  EXPECT_GE(world.simulation.now() - start, seconds(2));
}

TEST(SimNetwork, APartitionThatIsMendedInTimeOnlyDelaysTheConnection) {
  World world;
  world.network.reachability().isolate("server");
  world.dial();
  world.run(milliseconds(700));
  world.network.reachability().rejoin("server");
  world.run(seconds(1));
  EXPECT_TRUE(world.client_sink.is_open);
}

TEST(SimNetwork, ThePeersOfAKilledProcessHearOfItWithinTheLatencyAndDiallingItIsRefused) {
  World world;
  world.connect();
  world.kill_server();
  world.run(milliseconds(1));
  EXPECT_EQ(world.client_sink.why, Close::kPeer);
  world.dial();
  world.run(milliseconds(2));
  EXPECT_EQ(world.client_sink.why, Close::kRefused);
}

TEST(SimNetwork, ADeathBehindAPartitionIsSilentUntilItIsHealed) {
  World world;
  world.connect();
  world.network.reachability().cut("client", "server");
  world.kill_server();
  world.run(seconds(10));
  EXPECT_FALSE(world.client_sink.why.has_value());
  world.network.reachability().heal();
  world.run(seconds(1));
  EXPECT_EQ(world.client_sink.why, Close::kPeer);
}

TEST(SimNetwork, AMachineWithoutPowerIsSilentUntilItIsBack) {
  World world;
  world.connect();
  world.kill_server(Simulation::Death::kPower);
  world.run(seconds(10));
  EXPECT_FALSE(world.client_sink.why.has_value());
  Recorder second;
  const LinkPtr other =
      world.client.dial(kServer, Channel::kFetch, *world.simulation.node("client"), second);
  world.run(seconds(10));
  EXPECT_EQ(second.why, Close::kTimeout);
  world.start_server();
  world.run(seconds(1));
  EXPECT_EQ(world.client_sink.why, Close::kPeer);
  world.connect();
}

TEST(SimNetwork, WhatAKilledProcessSentMayBeLostFromAnyPointOnButKeepsItsOrder) {
  std::set<size_t> arrived;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    World world(seed);
    world.connect();
    for (int i = 0; i < 5; ++i) world.server_link->send({Buffer::copy(std::to_string(i))});
    world.kill_server();
    world.run(seconds(1));
    EXPECT_EQ(world.client_sink.why, Close::kPeer);
    for (size_t i = 0; i < world.client_sink.frames.size(); ++i) {
      EXPECT_EQ(world.client_sink.frames[i], std::to_string(i));
    }
    arrived.insert(world.client_sink.frames.size());
  }
  EXPECT_GE(arrived.size(), 4u) << "from none to nearly all";
}

TEST(SimNetwork, APausedNodeTakesKafkaConnectionsAndBytesAndReadsThemLater) {
  World world;
  world.simulation.pause("server");
  world.dial();
  world.run(seconds(1));
  EXPECT_TRUE(world.client_sink.is_open);
  world.link->send({Buffer::copy("wait")});
  world.run(seconds(30));
  EXPECT_TRUE(world.server_sink.frames.empty());
  world.simulation.resume("server");
  world.run(seconds(1));
  EXPECT_EQ(world.server_sink.frames, std::vector<std::string>{"wait"});
}

TEST(SimNetwork, AChannelOfGrpcToAPausedNodeTimesOut) {
  World world(1, Channel::kRaft);
  world.simulation.pause("server");
  world.dial();
  world.run(seconds(5));
  EXPECT_FALSE(world.client_sink.is_open);
  EXPECT_EQ(world.client_sink.why, Close::kTimeout);
}

TEST(SimNetwork, ABrokenLinkIsClosedOnBothSides) {
  World world;
  world.connect();
  world.link->send({Buffer::copy("under way")});
  world.network.break_links("server", "client");
  world.run(seconds(1));
  EXPECT_EQ(world.client_sink.why, Close::kPeer);
  EXPECT_EQ(world.server_sink.why, Close::kPeer);
  EXPECT_TRUE(world.server_sink.frames.empty());
}

TEST(SimNetwork, LinksBreakByChanceIfAsked) {
  NetworkOptions options;
  options.breaks_per_million_frames = 10000;
  World world(1, Channel::kFetch, options);
  world.connect();
  int sent = 0;
  while (!world.client_sink.why && sent < 10000) {
    world.link->send({Buffer::copy("x")});
    ++sent;
    world.run(milliseconds(1));
  }
  EXPECT_EQ(world.client_sink.why, Close::kPeer);
  EXPECT_EQ(world.server_sink.frames.size(), static_cast<size_t>(sent - 1));
}

TEST(SimNetwork, ProbesTellRefusedFromAcceptedFromSilent) {
  World world;
  std::vector<Probe> answers;
  const auto probe = [&](const Endpoint& to) {
    world.client.probe(to, *world.simulation.node("client"),
                       [&](Probe answer) { answers.push_back(answer); });
    world.run(seconds(1));
  };
  probe(kServer);
  probe({"server", 1});
  world.simulation.pause("server");
  probe(kServer);
  world.network.reachability().isolate("server");
  probe(kServer);
  world.network.reachability().heal();
  world.kill_server();
  probe(kServer);
  EXPECT_EQ(answers, (std::vector<Probe>{Probe::kAccepted, Probe::kRefused, Probe::kAccepted,
                                         Probe::kUnknown, Probe::kRefused}));
}

TEST(SimNetwork, ForgetsConnectionsThatAreOver) {
  World world;
  for (int i = 0; i < 20; ++i) {
    world.connect();
    world.link.reset();
    world.run(milliseconds(10));
    world.server_link.reset();
  }
  world.kill_server();
  world.dial();
  world.run(seconds(5));
  world.link.reset();
  world.run(seconds(5));
  EXPECT_EQ(world.network.connections(), 0u);
}

TEST(SimNetwork, LinksOvertakeEachOther) {
  std::set<std::string> orders;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Simulation simulation(seed);
    SimNetwork network(simulation);
    SimExecutor& client = simulation.start_node("client");
    SimExecutor& server = simulation.start_node("server");
    SimTransport from(network, "client"), to(network, "server");
    std::string order;
    struct Appending final : LinkSink {
      explicit Appending(std::string& order) : order(order) {}
      std::string& order;
      void opened() override {}
      void frame(Buffer bytes) override { order.append(bytes.view()); }
      void closed(Close) override {}
    } sink(order);
    std::vector<LinkPtr> accepted;
    auto listening = to.listen(kServer, {Channel::kKafka}, {&server}, [&](Channel, LinkPtr l) {
      l->start(sink);
      accepted.push_back(std::move(l));
    });
    Recorder ignored;
    const LinkPtr one = from.dial(kServer, Channel::kKafka, client, ignored);
    const LinkPtr two = from.dial(kServer, Channel::kKafka, client, ignored);
    simulation.run_for(seconds(1));
    one->send({Buffer::copy("1")});
    two->send({Buffer::copy("2")});
    simulation.run_for(seconds(1));
    orders.insert(order);
  }
  EXPECT_EQ(orders, (std::set<std::string>{"12", "21"}));
}

}  // namespace
}  // namespace barnabas

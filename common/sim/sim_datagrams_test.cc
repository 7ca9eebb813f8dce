#include "common/sim/sim_datagrams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace barnabas {
namespace {

using std::chrono::seconds;

struct World {
  explicit World(uint64_t seed, DatagramOptions options = {})
      : simulation(seed), net(simulation, options) {
    for (const char* name : {"a", "b"}) {
      net.attach(simulation.start_node(name),
                 [this, name](const std::string& from, std::string message) {
                   got[name].push_back(from + ":" + message);
                 });
    }
  }
  std::vector<std::string> send_numbers(int count) {
    for (int i = 0; i < count; ++i) net.send("a", "b", std::to_string(i));
    simulation.run_for(seconds(10));
    return got["b"];
  }
  Simulation simulation;
  SimDatagrams net;
  std::map<std::string, std::vector<std::string>> got;
};

TEST(SimDatagrams, DeliversWithDelayAndTheSendersName) {
  World world(1);
  world.net.send("a", "b", "hello");
  EXPECT_TRUE(world.got["b"].empty());
  world.simulation.run_for(seconds(1));
  EXPECT_EQ(world.got["b"], std::vector<std::string>{"a:hello"});
}

TEST(SimDatagrams, LosesDoublesAndReordersAsOftenAsItIsTold) {
  DatagramOptions options;
  options.loss_percent = 30;
  options.duplicate_percent = 20;
  World world(2, options);
  const std::vector<std::string> got = world.send_numbers(2000);
  const std::set<std::string> distinct(got.begin(), got.end());
  EXPECT_NEAR(static_cast<double>(distinct.size()), 1400, 120);
  EXPECT_NEAR(static_cast<double>(got.size()), 1400 * 1.2, 150);
  EXPECT_FALSE(std::is_sorted(got.begin(), got.end(), [](const auto& x, const auto& y) {
    return std::stoi(x.substr(2)) < std::stoi(y.substr(2));
  }));
}

TEST(SimDatagrams, WithoutFaultsEachMessageArrivesOnce) {
  World world(3);
  std::vector<std::string> got = world.send_numbers(500);
  EXPECT_EQ(got.size(), 500u);
  EXPECT_EQ(std::set<std::string>(got.begin(), got.end()).size(), 500u);
}

TEST(SimDatagrams, ACutWayStopsWhatIsUnderWayAndOnlyThatWay) {
  World world(4);
  world.net.send("a", "b", "under way");
  world.net.reachability().cut_one_way("a", "b");
  world.net.send("a", "b", "later");
  world.net.send("b", "a", "back");
  world.simulation.run_for(seconds(1));
  EXPECT_TRUE(world.got["b"].empty());
  EXPECT_EQ(world.got["a"], std::vector<std::string>{"b:back"});
  world.net.reachability().heal();
  world.net.send("a", "b", "healed");
  world.simulation.run_for(seconds(1));
  EXPECT_EQ(world.got["b"], std::vector<std::string>{"a:healed"});
}

TEST(SimDatagrams, NothingReachesAKilledNodeAndTheNextProcessGetsWhatComesLater) {
  World world(5);
  world.simulation.kill("b");
  world.net.send("a", "b", "lost");
  world.simulation.run_for(seconds(1));
  EXPECT_TRUE(world.got["b"].empty());
  std::string got;
  world.net.attach(world.simulation.start_node("b"),
                   [&](const std::string&, std::string message) { got = message; });
  world.net.send("a", "b", "found");
  world.simulation.run_for(seconds(1));
  EXPECT_EQ(got, "found");
}

TEST(SimDatagrams, ASeedAlwaysGivesTheSameDeliveries) {
  DatagramOptions options;
  options.loss_percent = 10;
  options.duplicate_percent = 10;
  options.slow_percent = 10;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    World first(seed, options), second(seed, options);
    EXPECT_EQ(first.send_numbers(200), second.send_numbers(200));
  }
}

}  // namespace
}  // namespace barnabas

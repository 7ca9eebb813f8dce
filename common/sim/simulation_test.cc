#include "common/sim/simulation.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace barnabas {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Simulation, TimePassesOnlyFromEventToEvent) {
  Simulation simulation(1);
  const Instant start = simulation.now();
  std::vector<int64_t> at;
  for (const int ms : {30, 10, 20}) {
    simulation.after(milliseconds(ms), [&] { at.push_back((simulation.now() - start).count()); });
  }
  while (simulation.step()) {
  }
  EXPECT_EQ(at, (std::vector<int64_t>{10000, 20000, 30000}));
}

TEST(Simulation, TasksOfOneNodeKeepTheirOrderAndNodesInterleave) {
  std::set<std::string> interleavings;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Simulation simulation(seed);
    SimExecutor& a = simulation.start_node("a");
    SimExecutor& b = simulation.start_node("b");
    std::string ran, of_a;
    for (const char c : {'1', '2', '3'}) {
      a.post([&ran, &of_a, c] {
        ran += c;
        of_a += c;
      });
      b.post([&ran] { ran += 'b'; });
    }
    simulation.run_for(seconds(1));
    EXPECT_EQ(of_a, "123");
    interleavings.insert(ran);
  }
  EXPECT_GT(interleavings.size(), 5u);
}

TEST(Simulation, ATaskNeverRunsInsidePost) {
  Simulation simulation(1);
  SimExecutor& node = simulation.start_node("a");
  bool ran = false;
  node.post([&] {
    EXPECT_TRUE(node.here());
    node.post([&] { ran = true; });
    EXPECT_FALSE(ran);
  });
  EXPECT_FALSE(node.here());
  simulation.run_for(seconds(0));
  EXPECT_TRUE(ran);
}

TEST(Simulation, ACancelledTimerNeverRuns) {
  Simulation simulation(1);
  SimExecutor& node = simulation.start_node("a");
  bool ran = false;
  const TimerId timer = node.after(seconds(1), [&] { ran = true; });
  EXPECT_NE(timer, 0u);
  node.cancel(timer);
  node.cancel(timer);
  node.cancel(0);
  simulation.run_for(seconds(2));
  EXPECT_FALSE(ran);
}

TEST(Simulation, AKilledProcessDoesNothingMore) {
  Simulation simulation(1);
  SimExecutor& node = simulation.start_node("a");
  auto payload = std::make_shared<int>(1);
  bool ran = false;
  node.post([payload, &ran] { ran = true; });
  node.after(seconds(1), [payload, &ran] { ran = true; });
  simulation.kill("a");
  EXPECT_EQ(payload.use_count(), 1) << "what it had in mind is destroyed with it";
  node.post([payload, &ran] { ran = true; });
  node.after(seconds(1), [payload, &ran] { ran = true; });
  SimExecutor& next = simulation.start_node("a");
  EXPECT_NE(&next, &node);
  bool next_ran = false;
  next.post([&] { next_ran = true; });
  simulation.run_for(seconds(5));
  EXPECT_FALSE(ran);
  EXPECT_TRUE(next_ran);
}

TEST(Simulation, APausedProcessDoesEverythingLater) {
  Simulation simulation(1);
  SimExecutor& node = simulation.start_node("a");
  std::vector<std::string> ran;
  const Instant start = simulation.now();
  node.after(seconds(1), [&] { ran.push_back("timer"); });
  simulation.pause("a");
  node.post([&] { ran.push_back("task"); });
  simulation.run_until(start + seconds(5));
  EXPECT_TRUE(ran.empty());
  simulation.resume("a");
  simulation.run_until(start + seconds(6));
  EXPECT_EQ(ran.size(), 2u);
}

TEST(Simulation, ClocksDifferInOffsetAndRateAndTimersFollowTheirOwn) {
  Simulation simulation(1);
  SimExecutor& exact = simulation.start_node("exact");
  SimExecutor& fast = simulation.start_node("fast", {seconds(3), 100000});  // +10 %
  SimExecutor& slow = simulation.start_node("slow", {seconds(-3), -100000});
  const Instant start = simulation.now();
  Instant exact_at, fast_at, slow_at;
  exact.after(seconds(10), [&] { exact_at = simulation.now(); });
  fast.after(seconds(10), [&] {
    fast_at = simulation.now();
    EXPECT_GE(fast.now(), Instant());
  });
  slow.after(seconds(10), [&] { slow_at = simulation.now(); });
  simulation.run_for(seconds(20));
  EXPECT_EQ(exact_at - start, seconds(10));
  EXPECT_NEAR(static_cast<double>((fast_at - start).count()), 10e6 / 1.1, 10);
  EXPECT_NEAR(static_cast<double>((slow_at - start).count()), 10e6 / 0.9, 10);
}

TEST(Simulation, ATimerNeverRunsBeforeItsTimeOnItsOwnClock) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Simulation simulation(seed);
    const auto random = seeded_random(seed);
    SimExecutor& node = simulation.start_node(
        "a", {Duration(random->below(1000000)), static_cast<int32_t>(random->below(2000)) - 1000});
    const Instant when = node.now() + Duration(random->below(100000000));
    bool ran = false;
    node.at(when, [&] {
      EXPECT_GE(node.now(), when);
      EXPECT_LE(node.now() - when, Duration(2));
      ran = true;
    });
    simulation.run_for(seconds(200));
    EXPECT_TRUE(ran);
  }
}

TEST(Simulation, ATimerThatNeverComesIsAllowed) {
  Simulation simulation(1);
  SimExecutor& node = simulation.start_node("a", {seconds(1), 50});
  node.at(Instant::max(), [] { FAIL(); });
  simulation.run_for(std::chrono::hours(1000));
}

TEST(Simulation, RunsUntilAConditionOrADeadline) {
  Simulation simulation(1);
  int count = 0;
  const Instant start = simulation.now();
  for (int i = 1; i <= 10; ++i) simulation.after(seconds(i), [&] { ++count; });
  EXPECT_TRUE(simulation.run_until([&] { return count == 3; }, start + seconds(100)));
  EXPECT_EQ(simulation.now(), start + seconds(3));
  EXPECT_FALSE(simulation.run_until([&] { return count == 30; }, start + seconds(5)));
  EXPECT_EQ(simulation.now(), start + seconds(5));
  EXPECT_EQ(count, 5);
}

// A little world whose course depends on every draw.
uint64_t run_world(uint64_t seed) {
  Simulation simulation(seed);
  const auto random = seeded_random(seed)->fork("world");
  std::vector<SimExecutor*> nodes;
  for (const char* name : {"a", "b", "c"}) nodes.push_back(&simulation.start_node(name));
  std::function<void(int)> hop = [&](int left) {
    if (left == 0) return;
    nodes[random->below(3)]->after(Duration(random->below(3)), [&, left] { hop(left - 1); });
    if (random->chance(10)) hop(left / 2);
  };
  hop(30);
  simulation.run_for(seconds(1));
  return simulation.fingerprint();
}

TEST(Simulation, ASeedAlwaysGivesTheSameRunAndSeedsDiffer) {
  std::set<uint64_t> seen;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const uint64_t first = run_world(seed);
    EXPECT_EQ(first, run_world(seed));
    seen.insert(first);
  }
  EXPECT_EQ(seen.size(), 20u);
}

}  // namespace
}  // namespace barnabas

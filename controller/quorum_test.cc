// Three controllers and their brokers, in one simulated thread: what was acknowledged survives.

#include <gtest/gtest.h>

#include "controller/testing/sim_quorum.h"

namespace barnabas::controller {
namespace {

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

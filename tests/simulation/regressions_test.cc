// Schedules that have hurt other systems, played with the whole cluster (the pitfalls of
// docs/faults-and-invariants.md, by their numbers).

#include <absl/strings/str_cat.h>
#include <glog/logging.h>
#include <gtest/gtest.h>

#include "tests/simulation/scenario.h"

namespace barnabas::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Regression : public ScenarioTest {
 protected:
  void set_up(uint64_t seed, int partitions = 3) {
    SwarmOptions options;
    options.seed = seed;
    options.workload.topics = 1;
    options.workload.partitions = partitions;
    options.workload.churn = churn_;
    ScenarioTest::set_up(std::move(options));
  }
  SimNetwork& network() { return cluster().network(); }
  bool churn_ = false;
};

// Whoever reads asks somebody who has applied what was acknowledged, or is told so; also from
// controllers that do not know yet that they are deposed.
TEST_F(Regression, P9_WhatWasAcknowledgedIsSeenWhileControllersAreDeposed) {
  churn_ = true;
  set_up(901);
  for (int i = 0; i < 6; ++i) {
    const std::string active = cluster().active_controller_name();
    if (active.empty()) {
      pass(milliseconds(100));
      continue;
    }
    for (const std::string& other : cluster().controller_names()) {
      if (other != active) network().reachability().cut(active, other);
    }
    pass(milliseconds(900 + 150 * i));
    network().reachability().heal();
    pass(milliseconds(300));
  }
  EXPECT_GT(run_->workload().topics_created(), 2U);
  finish();
}

// The leader changes again and again, each time right after it has taken something.
TEST_F(Regression, P21_FastSuccessiveFailOversOfAPartitionTakeNothingBack) {
  set_up(2101, 1);
  std::string down;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(reaches([this] { return !leader_of(0).empty(); }, seconds(15))) << run_->report();
    pass(milliseconds(40 + 61 * i));
    const std::string leader = leader_of(0);
    if (leader.empty()) continue;
    if (!down.empty() && !cluster().running(down)) cluster().start(down);
    if (i % 2 == 0) {
      cluster().kill(leader);
    } else {
      cluster().cut_power(leader);
    }
    down = leader;
  }
  if (!cluster().running(down)) cluster().start(down);
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  finish();
}

// What readers have been given is there for good: all machines lose their power under load, and
// nobody's view goes back behind it.
TEST_F(Regression, P24_WhatWasReadIsStillThereAfterRecovery) {
  set_up(2401);
  for (int i = 0; i < 4; ++i) {
    pass(milliseconds(600 + 97 * i));
    for (const std::string& name : cluster().broker_names()) cluster().cut_power(name);
    for (const std::string& name : cluster().broker_names()) cluster().start(name);
    ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  }
  finish();
}

// Answers to what was done are lost, and the producers ask again, across changes of the leader:
// nothing twice, nothing missing.
TEST_F(Regression, P25_AnswersThatAreLostDoubleNothing) {
  set_up(2501);
  for (int i = 0; i < 60; ++i) {
    pass(milliseconds(11 + i % 7));
    for (const std::string& broker : cluster().broker_names()) {
      network().break_links("programs", broker);
    }
    if (i % 20 == 10) {
      const std::string leader = leader_of(i % 3);
      if (leader.empty()) continue;
      cluster().kill(leader);
      pass(milliseconds(200));
      cluster().start(leader);
    }
  }
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  finish();
}

// A follower is killed and is back before anybody noticed, with fetches of its old self on their
// way: they say nothing about the new one.
TEST_F(Regression, P27_FetchesOfAnEarlierSelfReadmitNobody) {
  set_up(2701);
  for (int i = 0; i < 10; ++i) {
    pass(milliseconds(150 + 40 * i));
    const std::string leader = leader_of(0);
    for (const std::string& name : cluster().broker_names()) {
      if (name == leader) continue;
      cluster().cut_power(name);
      cluster().start(name);
      break;
    }
  }
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  finish();
}

// In-sync sets change while controllers change: a proposal reaches a controller that is not the
// one any more, or not yet.
TEST_F(Regression, P28_InSyncSetsChangeWhileControllersChange) {
  set_up(2801);
  for (int i = 0; i < 6; ++i) {
    const std::string slow = Cluster::broker_name(1 + i % 3);
    cluster().pause(slow);
    pass(milliseconds(1200));
    const std::string active = cluster().active_controller_name();
    if (!active.empty()) cluster().kill(active);
    cluster().resume(slow);
    pass(milliseconds(700));
    if (!active.empty()) cluster().start(active);
    pass(milliseconds(300));
  }
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  finish();
}

// Connections between brokers break all the time: what belongs to an earlier one arrives late or
// never, and is not taken for an answer to a later question.
TEST_F(Regression, P31_AnswersOfAnEarlierConnectionAreNotTaken) {
  set_up(3101);
  const std::vector<std::string> brokers = cluster().broker_names();
  for (int i = 0; i < 150; ++i) {
    pass(milliseconds(5 + i % 11));
    network().break_links(brokers[static_cast<size_t>(i) % brokers.size()],
                          brokers[static_cast<size_t>(i + 1) % brokers.size()]);
  }
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  finish();
}

}  // namespace
}  // namespace barnabas::simulation

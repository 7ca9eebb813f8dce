// Groups while their coordinators die (F50), and the mistakes that the checks of groups are there
// for.

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/sim/probes.h"
#include "tests/simulation/run.h"

namespace barnabas::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SwarmOptions with_groups(uint64_t seed) {
  SwarmOptions options;
  options.seed = seed;
  options.workload.topics = 1;
  options.workload.partitions = 4;
  options.workload.churn = false;
  options.workload.groups.groups = 2;
  options.workload.groups.members = 3;
  options.workload.groups.cooperative = true;
  options.workload.groups.statics = true;
  options.cluster.broker.offsets_partitions = 2;
  options.cluster.broker.group_min_session_timeout = milliseconds(100);
  options.cluster.broker.group_initial_rebalance_delay = milliseconds(200);
  return options;
}

class GroupScenario : public ::testing::Test {
 protected:
  GroupScenario() { FLAGS_minloglevel = google::GLOG_FATAL; }
};

// Whoever leads a partition of the offsets topic coordinates groups: each of them dies again and
// again, while members come and go.
TEST_F(GroupScenario, F50_CoordinatorsDieInTheMiddleOfRebalances) {
  SwarmOptions options = with_groups(41);
  options.workload.groups.life_max = seconds(2);
  simulation::Run run(std::move(options));
  ASSERT_TRUE(run.form()) << run.report();
  Cluster& cluster = run.cluster();
  for (int i = 0; i < 12; ++i) {
    run.until([] { return false; }, milliseconds(900 + 130 * (i % 4)), "");
    ASSERT_FALSE(run.findings().any()) << run.report();
    ControllerProcess* const active = cluster.active_controller();
    if (active == nullptr) continue;
    const auto* const topic =
        active->controller().committed_image().topic_by_name("__consumer_offsets");
    ASSERT_NE(topic, nullptr);
    const BrokerId leader = topic->partitions[static_cast<size_t>(i % 2)].leader;
    const std::string name = Cluster::broker_name(leader.value());
    if (leader == kNoBroker || !cluster.running(name)) continue;
    if (i % 3 == 0) {
      cluster.cut_power(name);
    } else {
      cluster.kill(name);
    }
    run.until([] { return false; }, milliseconds(400), "");
    if (!cluster.running(name)) cluster.start(name);
  }
  ASSERT_TRUE(run.finish()) << run.report();
  EXPECT_GT(run.workload().groups().generations_with_owners(), 20U);
  EXPECT_GT(run.workload().groups().commits(), 50U);
}

TEST_F(GroupScenario, GroupsThatAreLeftInPeaceProcessAndCommitEverything) {
  SwarmOptions options = with_groups(42);
  options.workload.groups.restless = false;
  simulation::Run run(std::move(options));
  ASSERT_TRUE(run.form()) << run.report();
  run.until([] { return false; }, seconds(8), "");
  ASSERT_TRUE(run.finish()) << run.report();
  EXPECT_GT(run.workload().groups().commits(), 50U);
}

// Without the mistake the same run is sound, or catching it would prove nothing. `first`: a seed
// not far before one that is known to catch it.
class GroupMistake : public GroupScenario {
 protected:
  void expect_caught(const std::string& mistake, const std::vector<Fault>& faults, uint64_t first) {
    for (uint64_t seed = first; seed < first + 20; ++seed) {
      const std::string violation = run(seed, mistake, faults);
      if (violation.empty()) continue;
      ASSERT_EQ(run(seed, "", faults), "") << "seed " << seed << " without the mistake";
      std::printf("%s: caught with seed %d: %s\n", mistake.c_str(), static_cast<int>(seed),
                  violation.c_str());
      return;
    }
    ADD_FAILURE() << mistake << ": no seed has caught it";
  }

 private:
  static std::string run(uint64_t seed, const std::string& mistake,
                         const std::vector<Fault>& faults) {
    SwarmOptions options = with_groups(seed);
    options.faults = faults;
    options.between_faults = milliseconds(1000);
    options.safety_phase = seconds(10);
    options.workload.groups.life_max = seconds(3);
    options.workload.groups.session_timeout = seconds(1);
    options.liveness_limit = seconds(20);
    const Planted planted(mistake);
    simulation::Run run(std::move(options));
    return run.execute();
  }
};

TEST_F(GroupMistake, ACoordinatorThatAnswersBeforeTheCommitIsSeen) {
  expect_caught("group: answers before the commit", {Fault::kPowerBroker, Fault::kThinOut}, 7);
}

TEST_F(GroupMistake, ACoordinatorThatKeepsTheGenerationIsSeen) {
  expect_caught("group: keeps the generation", {Fault::kKillBroker}, 1);
}

}  // namespace
}  // namespace barnabas::simulation

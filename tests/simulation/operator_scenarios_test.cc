// Operators at work while controllers die: commands take effect once, and who votes changes under
// load (F53).

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/simulation/run.h"

namespace barnabas::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SwarmOptions with_operators(uint64_t seed, std::vector<Operation> operations) {
  SwarmOptions options;
  options.seed = seed;
  options.workload.churn = false;
  options.workload.operators.operations = std::move(operations);
  options.workload.operators.every = milliseconds(150);
  return options;
}

class OperatorScenario : public ::testing::Test {
 protected:
  OperatorScenario() { FLAGS_minloglevel = google::GLOG_FATAL; }

  // The active controller dies again and again.
  void work_through_fail_overs(simulation::Run& run, int times) {
    ASSERT_TRUE(run.form()) << run.report();
    for (int i = 0; i < times; ++i) {
      run.until([] { return false; }, milliseconds(500 + 170 * (i % 5)), "");
      const std::string active = run.cluster().active_controller_name();
      if (active.empty()) continue;
      run.cluster().kill(active);
      run.until([] { return false; }, milliseconds(300), "");
      if (!run.cluster().running(active)) run.cluster().start(active);
      ASSERT_FALSE(run.findings().any()) << run.report();
    }
    ASSERT_TRUE(run.finish()) << run.report();
  }
};

TEST_F(OperatorScenario, S3_CommandsTakeEffectOnceAcrossFailOvers) {
  simulation::Run run(with_operators(51, {Operation::kCreateOnce}));
  work_through_fail_overs(run, 15);
  EXPECT_GT(run.workload().operators().done(Operation::kCreateOnce), 3U);
}

TEST_F(OperatorScenario, DrainsAndElectionsAndSettingsThroughFailOvers) {
  simulation::Run run(with_operators(52, {Operation::kDrain, Operation::kElectPreferred,
                                          Operation::kMinInSync, Operation::kAddPartitions}));
  work_through_fail_overs(run, 10);
  EXPECT_GT(run.workload().operators().done(Operation::kDrain), 1U);
  EXPECT_GT(run.workload().operators().done(), 8U);
}

TEST_F(OperatorScenario, F53_VotersChangeWhileLeadersDie) {
  SwarmOptions options = with_operators(53, {Operation::kChangeVoters, Operation::kTransfer});
  options.cluster.spare_controllers = 2;
  simulation::Run run(std::move(options));
  work_through_fail_overs(run, 12);
  EXPECT_GT(run.workload().operators().done(Operation::kChangeVoters), 2U);
}

// One controller after the other loses its disk and is replaced by itself with an empty one, as
// `barnabas quorum replace` does it, while others die.
TEST_F(OperatorScenario, F23_WipedControllersAreReplacedOneAfterTheOther) {
  uint64_t wiped = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    SwarmOptions options = with_operators(seed, {Operation::kChangeVoters});
    options.cluster.spare_controllers = 1;
    options.faults = {Fault::kWipeController, Fault::kWipeController, Fault::kKillController};
    options.between_faults = milliseconds(1000);
    simulation::Run run(std::move(options));
    run.execute();
    ASSERT_FALSE(run.findings().any()) << run.report();
    wiped += run.happened().faults[static_cast<size_t>(Fault::kWipeController)];
  }
  EXPECT_GT(wiped, 2U);
}

}  // namespace
}  // namespace barnabas::simulation

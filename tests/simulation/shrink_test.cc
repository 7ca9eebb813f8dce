#include "tests/simulation/shrink.h"

#include <glog/logging.h>
#include <gtest/gtest.h>

#include "tests/simulation/settings.h"

namespace barnabas::simulation {
namespace {

// A leader that counts what is not on disk loses records as soon as enough machines lose power.
TEST(Shrink, LeavesTheFewFaultsThatAMistakeNeeds) {
  FLAGS_minloglevel = google::GLOG_FATAL;
  const std::string settings =
      "faults=power-broker+power-all+isolate+kill-broker,between_faults_ms=300,sync_us=5000,"
      "churn=0,groups=0,calm_ms=0";
  Trial trial;
  trial.mistake = "partition: counts what is not on disk";
  Verdict verdict;
  for (uint64_t seed = 1; seed < 30 && verdict.outcome == Outcome::kPassed; ++seed) {
    trial.options = draw(seed);
    ASSERT_TRUE(apply_settings(settings, trial.options).ok());
    verdict = run_apart(trial);
  }
  ASSERT_NE(verdict.outcome, Outcome::kPassed);

  const Shrunk small = shrink(trial, settings, verdict, [](const std::string&) {});
  EXPECT_EQ(small.verdict.invariant, verdict.invariant);
  EXPECT_LT(small.verdict.struck.size(), verdict.struck.size());
  EXPECT_LE(small.verdict.struck.size(), 8U) << small.text();

  // What was found can be typed again, and is the same run.
  trial.options = draw(trial.options.seed);
  ASSERT_TRUE(apply_settings(small.settings, trial.options).ok());
  const Verdict again = run_apart(trial);
  EXPECT_EQ(again.finding, small.verdict.finding);
  EXPECT_EQ(again.fingerprint, small.verdict.fingerprint);
}

TEST(Settings, AreRefusedByNameAndByValue) {
  SwarmOptions options;
  EXPECT_TRUE(apply_settings("brokers=4,keep=1+3,faults=kill-all", options).ok());
  EXPECT_EQ(options.cluster.brokers, 4);
  EXPECT_EQ(options.keep_faults, (std::set<int>{1, 3}));
  EXPECT_EQ(options.faults, std::vector<Fault>{Fault::kKillAll});
  EXPECT_FALSE(apply_settings("brokers=many", options).ok());
  EXPECT_FALSE(apply_settings("faults=flood", options).ok());
  EXPECT_FALSE(apply_settings("colour=3", options).ok());
}

TEST(FaultPlan, LeavingOneOutChangesNoneOfTheOthers) {
  SwarmOptions options = draw(3);
  options.faults = {Fault::kKillBroker, Fault::kIsolate};
  const std::vector<PlannedFault> plan = plan_faults(options);
  ASSERT_GT(plan.size(), 3U);
  options.keep_faults = {2};
  EXPECT_EQ(plan_faults(options).size(), plan.size());
  EXPECT_EQ(plan_faults(options)[2].who, plan[2].who);
}

}  // namespace
}  // namespace barnabas::simulation

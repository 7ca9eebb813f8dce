#include "tests/simulation/trial.h"

#include <glog/logging.h>
#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

class TrialTest : public ::testing::Test {
 protected:
  TrialTest() { FLAGS_minloglevel = google::GLOG_FATAL; }
};

TEST_F(TrialTest, TheSameSeedIsTheSameRunInAnotherProcess) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Trial trial;
    trial.options = draw(seed);
    trial.options.calm_phase = Duration(0);
    const Verdict here = run_here(trial);
    const Verdict apart = run_apart(trial);
    EXPECT_EQ(here.outcome, Outcome::kPassed) << here.report;
    EXPECT_EQ(here.fingerprint, apart.fingerprint) << "seed " << seed;
    EXPECT_EQ(here.last_draw, apart.last_draw) << "seed " << seed;
    EXPECT_EQ(here.happened.events, apart.happened.events) << "seed " << seed;
    EXPECT_EQ(here.branches, apart.branches) << "seed " << seed;
  }
}

TEST_F(TrialTest, ARunThatDoesNotComeBackIsALivenessFailure) {
  Trial trial;
  trial.options = draw(1);
  trial.options.calm_phase = Duration(0);
  trial.options.liveness_limit = Duration(0);
  const Verdict verdict = run_apart(trial);
  EXPECT_EQ(verdict.outcome, Outcome::kLiveness);
  EXPECT_NE(verdict.report.find("seed 1"), std::string::npos);
}

}  // namespace
}  // namespace barnabas::simulation

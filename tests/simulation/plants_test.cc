// A check that has never seen the mistake that it is there for proves nothing. So each mistake is
// made on purpose, in runs whose faults make it hurt, and must be caught within so many seeds; the
// same runs without it must pass.

#include "tests/simulation/plants.h"

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string>

#include "tests/simulation/names.h"
#include "tests/simulation/settings.h"
#include "tests/simulation/trial.h"

namespace barnabas::simulation {
namespace {

Verdict run(const Plant& plant, uint64_t seed, const char* mistake) {
  FLAGS_minloglevel = google::GLOG_FATAL;
  Trial trial;
  trial.options = draw(seed);
  const absl::Status applied = apply_settings(plant.settings, trial.options);
  EXPECT_TRUE(applied.ok()) << applied;
  trial.mistake = mistake;
  return run_apart(trial);
}

class PlantedMistakeTest : public ::testing::TestWithParam<Plant> {};

TEST_P(PlantedMistakeTest, IsCaughtAndTheSameRunsPassWithoutIt) {
  const Plant& plant = GetParam();
  uint64_t moments = 0;
  for (uint64_t seed = 1; seed <= kSeedsForAPlant; ++seed) {
    const Verdict sound = run(plant, seed, "");
    ASSERT_EQ(sound.outcome, Outcome::kPassed) << "without the mistake\n" << sound.report;
    const Verdict verdict = run(plant, seed, plant.mistake);
    moments += verdict.moments;
    if (verdict.outcome == Outcome::kPassed) continue;
    std::printf("seed %d, %s: %s\n", static_cast<int>(seed), to_string(verdict.outcome),
                verdict.finding.c_str());
    return;
  }
  ADD_FAILURE() << "no seed has caught it; it had " << moments << " moments";
}

std::string test_name(const ::testing::TestParamInfo<Plant>& info) {
  std::string name;
  for (const char c : std::string(info.param.mistake)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      name += c;
    } else if (name.empty() || name.back() != '_') {
      name += '_';
    }
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Simulator, PlantedMistakeTest, ::testing::ValuesIn(kPlants), test_name);

TEST(Plants, AreAmongTheListedMistakes) {
  for (const Plant& plant : kPlants) {
    EXPECT_NE(std::find(kMistakes.begin(), kMistakes.end(), std::string(plant.mistake)),
              kMistakes.end())
        << plant.mistake;
  }
}

TEST(Canary, IsTold) {
  FLAGS_minloglevel = google::GLOG_FATAL;
  Trial trial;
  trial.options = draw(100);
  trial.options.faults.clear();
  trial.options.safety_phase = std::chrono::milliseconds(100);
  trial.options.calm_phase = Duration(0);
  trial.canary = true;
  const Verdict verdict = run_apart(trial);
  EXPECT_EQ(verdict.outcome, Outcome::kCorrectness);
  EXPECT_NE(verdict.report.find("on purpose"), std::string::npos);
  trial.canary = false;
  EXPECT_EQ(run_apart(trial).outcome, Outcome::kPassed);
}

}  // namespace
}  // namespace barnabas::simulation

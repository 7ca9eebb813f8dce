// Whole clusters from seeds, under faults, judged by all checks. BUILD.bazel splits the seeds into
// targets that run side by side.

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/names.h"
#include "tests/simulation/trial.h"

namespace barnabas::simulation {
namespace {

// A machine that is too slow for all of them does these in any case.
constexpr uint64_t kSeedsMin = 20;
constexpr std::chrono::seconds kTime(240);
constexpr uint64_t kTwicePerHundred = 5;

// Too rare for so few seeds: what simulates one part alone comes through them more often, and
// `simulate --marks` shows them over a campaign.
const std::vector<std::string> kRare = {
    "broker: an older image was refused",
    "controller: a proposed member had been restarted",
    "group: a commit of another generation was refused",
    "partition: a leader waits for an epoch that its log does not hold",
    "partition: a replica spoke of an epoch that is over",
    "partition: a replica was of another incarnation",
    "raft: a change of the voters was undone",
    "raft: a change was refused because of the one before",
    "raft: a learner was given up",
    "raft: one that is leaving campaigns",
    "storage: a flush completion was too old to count",
};

uint64_t number_of(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

TEST(SimulationTest, EverySeedKeepsItsPromisesUnderFaultsAndRecovers) {
  FLAGS_minloglevel = google::GLOG_FATAL;
  install_crash_report();
  const uint64_t first = number_of("FIRST_SEED", 1);
  const uint64_t seeds = number_of("SEEDS", 150);
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> took(0);
  Happenings total;
  std::map<std::string, uint64_t> branches;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    took = std::chrono::steady_clock::now() - start;
    if (seed >= first + kSeedsMin && took > kTime) break;
    Trial trial;
    trial.options = draw(seed);
    trial.twice = seed * 37 % 100 < kTwicePerHundred;
    const Verdict verdict = run_here(trial);
    ASSERT_EQ(verdict.outcome, Outcome::kPassed) << verdict.report;
    total += verdict.happened;
    for (const auto& [branch, times] : verdict.branches) branches[branch] += times;
  }
  took = std::chrono::steady_clock::now() - start;
  const double simulated = static_cast<double>(total.simulated.count()) / 1e6;
  std::printf("%s\n%.1f simulated hours in %.0f s: %.0f simulated seconds per real second\n",
              to_string(total).c_str(), simulated / 3600, took.count(), simulated / took.count());
  // Nothing is proved by runs in which nothing happens.
  EXPECT_GT(total.all_faults(), 5 * total.runs);
  EXPECT_GT(total.acknowledged, 100 * total.runs);
  EXPECT_GT(total.leaderships, 5 * total.runs);
  EXPECT_GT(total.images, 10 * total.runs);
  EXPECT_GT(total.topics_deleted, total.runs);
  if (total.runs < seeds) return;
  for (const char* mark : kMarks) {
    if (std::find(kRare.begin(), kRare.end(), mark) != kRare.end()) continue;
    EXPECT_GT(branches[mark], 0U) << "no seed came through: " << mark;
  }
}

}  // namespace
}  // namespace barnabas::simulation

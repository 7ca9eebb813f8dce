// The core on a brutal network with crashing disks, over many seeds; and the proof that this would
// notice: known mistakes are planted and must be caught.

#include "raft/testing/simulation.h"

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace barnabas::raft::testing {
namespace {

constexpr uint64_t kSeeds = 2000;

// A broken invariant inside the core aborts: say which seed it was.
uint64_t current_seed = 0;

// The GNU attribute is part of the type that glog asks for; the standard one is not.
__attribute__((noreturn)) void tell_seed_and_abort() {
  std::cerr << "seed " << current_seed << " (BARNABAS_SEED=" << current_seed << " runs it alone)\n";
  std::abort();
}

SimulationResult run(SimulationOptions options) {
  current_seed = options.seed;
  google::InstallFailureFunction(&tell_seed_and_abort);
  return simulate(options);
}

TEST(Simulation, KeepsItsPromisesOnEverySeedAndRecovers) {
  Happenings happened;
  uint64_t first = 1;
  uint64_t last = kSeeds;
  if (const char* alone = std::getenv("BARNABAS_SEED"))
    first = last = std::strtoull(alone, nullptr, 10);
  if (const char* count = std::getenv("BARNABAS_SEEDS")) last = std::strtoull(count, nullptr, 10);
  for (uint64_t seed = first; seed <= last; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    const SimulationResult result = run(options);
    ASSERT_EQ(result.violation, "") << "seed " << seed;
    happened += result.happened;
  }
  std::cout << "steps " << happened.steps << ", elections " << happened.elections << ", crashes "
            << happened.crashes << ", truncations " << happened.truncations << ", installs "
            << happened.installs << ", commits " << happened.commits << ", reads " << happened.reads
            << ", stale completions " << happened.stale_completions << "\n";
  if (first == last) return;
  // Nothing is proved by runs in which nothing happens.
  const uint64_t seeds = last - first + 1;
  EXPECT_GT(happened.elections, 2 * seeds);
  EXPECT_GT(happened.crashes, seeds);
  EXPECT_GT(happened.truncations, seeds / 10);
  EXPECT_GT(happened.installs, seeds / 10);
  EXPECT_GT(happened.commits, 20 * seeds);
  EXPECT_GT(happened.reads, 5 * seeds);
}

TEST(Simulation, TheSameSeedGivesTheSameRun) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    const SimulationResult once = run(options);
    const SimulationResult again = run(options);
    EXPECT_EQ(once.fingerprint, again.fingerprint) << "seed " << seed;
    EXPECT_EQ(once.happened.steps, again.happened.steps) << "seed " << seed;
  }
}

// Dies with the violation when the planted mistake shows; returns when no seed shows it.
void hunt(PlantedBugs planted, bool forget_votes) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    options.planted = planted;
    options.forget_votes = forget_votes;
    const std::string violation = run(options).violation;
    if (!violation.empty()) {
      std::cerr << "caught at seed " << seed << ": " << violation << "\n";
      std::abort();
    }
  }
}

struct Planted {
  const char* name;         // what the test is called
  bool PlantedBugs::* bug;  // nullptr: hard state is called durable and is not
  const char* caught_by;    // the invariants that may see it first
};

class SimulationDeathTest : public ::testing::TestWithParam<Planted> {
 protected:
  SimulationDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_P(SimulationDeathTest, IsCaught) {
  PlantedBugs bugs;
  if (GetParam().bug != nullptr) bugs.*GetParam().bug = true;
  EXPECT_DEATH(hunt(bugs, GetParam().bug == nullptr), GetParam().caught_by);
}

INSTANTIATE_TEST_SUITE_P(
    Planted, SimulationDeathTest,
    ::testing::Values(Planted{"P14_AcknowledgementBeforeTheSync",
                              &PlantedBugs::acknowledge_before_sync, "I9|I10|I11"},
                      Planted{"P1_OldTermsCommittedByCounting", &PlantedBugs::commit_old_terms,
                              "I5|I12|I14|I6|I4"},
                      Planted{"P20_TrustInAStaleAppendCompletion",
                              &PlantedBugs::trust_stale_append_done, "I9|I10|I11"},
                      Planted{"P16_VotesThatWereNotPersisted", nullptr, "I1:|I2|I10"},
                      Planted{"ASecondVoteInOneTerm", &PlantedBugs::vote_twice, "I1:|I2|I3|I10"},
                      Planted{"VotesForALogThatIsBehind", &PlantedBugs::ignore_log_when_voting,
                              "I5|I12|I14|I6|I4"},
                      Planted{"P6_ReadsWithoutARound", &PlantedBugs::read_without_round, "I19"},
                      Planted{"P15_AcknowledgementOfAnUnverifiedTail",
                              &PlantedBugs::acknowledge_unverified_tail,
                              "I9|I11|per peer|does not have"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace barnabas::raft::testing

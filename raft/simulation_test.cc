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

class SimulationDeathTest : public ::testing::Test {
 protected:
  SimulationDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(SimulationDeathTest, P14_CatchesAcknowledgementsBeforeTheSync) {
  PlantedBugs bugs;
  bugs.acknowledge_before_sync = true;
  EXPECT_DEATH(hunt(bugs, false), "I9|I10|I11");
}

TEST_F(SimulationDeathTest, P1_CatchesOldTermsCommittedByCounting) {
  PlantedBugs bugs;
  bugs.commit_old_terms = true;
  EXPECT_DEATH(hunt(bugs, false), "I5|I12|I14|I6|I4");
}

TEST_F(SimulationDeathTest, P20_CatchesTrustInAStaleAppendCompletion) {
  PlantedBugs bugs;
  bugs.trust_stale_append_done = true;
  EXPECT_DEATH(hunt(bugs, false), "I9|I10|I11");
}

TEST_F(SimulationDeathTest, P16_CatchesVotesThatWereNotPersisted) {
  EXPECT_DEATH(hunt(PlantedBugs(), true), "I1:|I2|I10");
}

TEST_F(SimulationDeathTest, CatchesASecondVoteInOneTerm) {
  PlantedBugs bugs;
  bugs.vote_twice = true;
  EXPECT_DEATH(hunt(bugs, false), "I1:|I2|I3|I10");
}

TEST_F(SimulationDeathTest, CatchesVotesForALogThatIsBehind) {
  PlantedBugs bugs;
  bugs.ignore_log_when_voting = true;
  EXPECT_DEATH(hunt(bugs, false), "I5|I12|I14|I6|I4");
}

TEST_F(SimulationDeathTest, P6_CatchesReadsWithoutARound) {
  PlantedBugs bugs;
  bugs.read_without_round = true;
  EXPECT_DEATH(hunt(bugs, false), "I19");
}

TEST_F(SimulationDeathTest, P15_CatchesAcknowledgementOfAnUnverifiedTail) {
  PlantedBugs bugs;
  bugs.acknowledge_unverified_tail = true;
  EXPECT_DEATH(hunt(bugs, false), "I9|I11|per peer|does not have");
}

}  // namespace
}  // namespace barnabas::raft::testing

// The core on a brutal network with crashing disks, over many seeds; and the proof that this would
// notice: known mistakes are planted and must be caught.

#include "raft/testing/simulation.h"

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "common/sim/probes.h"

namespace barnabas::raft::testing {
namespace {

constexpr uint64_t kSeeds = 2000;

// Of tests/simulation/marks.txt, those of the core.
constexpr const char* kBranches[] = {
    "raft: a change of the voters was undone",
    "raft: a change was refused because of the one before",
    "raft: a completion was too old to count",
    "raft: a leader left the quorum",
    "raft: a leader that is going refused a proposal",
    "raft: a leader without a working majority steps down",
    "raft: a learner needed another round",
    "raft: a learner was given up",
    "raft: a stranger's answer was dropped",
    "raft: a transfer was given up",
    "raft: a vote was refused for a live leader's sake",
    "raft: an old term's entry waited for one of the own term",
    "raft: leadership was offered",
    "raft: one that is leaving campaigns",
};

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
            << ", stale completions " << happened.stale_completions << ", changes of voters "
            << happened.changes << ", lost disks " << happened.wipes << ", transfers asked "
            << happened.transfers_asked << ", refused " << happened.transfers_refused << "\n";
  if (first == last) return;
  for (const char* branch : kBranches) {
    EXPECT_EQ(reached_branches().count(branch), 1U) << "no seed came through: " << branch;
  }
  // Nothing is proved by runs in which nothing happens.
  const uint64_t seeds = last - first + 1;
  EXPECT_GT(happened.elections, 2 * seeds);
  EXPECT_GT(happened.crashes, seeds);
  EXPECT_GT(happened.truncations, seeds / 10);
  EXPECT_GT(happened.installs, seeds / 10);
  EXPECT_GT(happened.commits, 20 * seeds);
  EXPECT_GT(happened.reads, 5 * seeds);
  EXPECT_GT(happened.changes, seeds);
  EXPECT_GT(happened.wipes, seeds / 10);
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
void hunt(const std::string& mistake) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    options.planted = mistake;
    const std::string violation = run(options).violation;
    if (!violation.empty()) {
      std::cerr << "caught at seed " << seed << ": " << violation << "\n";
      std::abort();
    }
  }
}

struct Mistake {
  const char* name;       // what the test is called
  const char* planted;    // tests/simulation/mistakes.txt
  const char* caught_by;  // the invariants that may see it first
};

class SimulationDeathTest : public ::testing::TestWithParam<Mistake> {
 protected:
  SimulationDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_P(SimulationDeathTest, IsCaught) {
  EXPECT_DEATH(hunt(GetParam().planted), GetParam().caught_by);
}

INSTANTIATE_TEST_SUITE_P(
    Planted, SimulationDeathTest,
    ::testing::Values(
        Mistake{"P14_AcknowledgementBeforeTheSync", "raft: acknowledges before the sync",
                "I9|I10|I11"},
        Mistake{"P1_OldTermsCommittedByCounting", "raft: commits old terms by counting",
                "I5|I12|I14|I6|I4"},
        Mistake{"P20_TrustInAStaleAppendCompletion", "raft: trusts a stale append completion",
                "I9|I10|I11"},
        Mistake{"P16_VotesThatWereNotPersisted", "raft: vote not persisted", "I1:|I2|I10"},
        Mistake{"ASecondVoteInOneTerm", "raft: votes twice", "I1:|I2|I3|I10"},
        Mistake{"VotesForALogThatIsBehind", "raft: ignores the log when voting",
                "I5|I12|I14|I6|I4"},
        Mistake{"P6_ReadsWithoutARound", "raft: reads without a round", "I19"},
        Mistake{"P15_AcknowledgementOfAnUnverifiedTail", "raft: acknowledges an unverified tail",
                "I9|I11|per peer|does not have"},
        Mistake{"P10_AChangeBeforeAnEntryOfTheOwnTermIsCommitted",
                "raft: change before an own-term commit", "I15"},
        Mistake{"I15_TwoChangesAtOnce", "raft: two changes at once", "I15"},
        Mistake{"I16_ALearnerThatCounts", "raft: learner counted", "I9"},
        Mistake{"I16_ARemovedVoterThatCounts", "raft: removed voter counted", "I9"},
        Mistake{"I17_TheVoteOfAnotherDirectory", "raft: vote of an unknown directory counted",
                "I16|I2|I1:"},
        Mistake{"P7_ATransferWithoutCatchingUp", "raft: transfer without catching up", "P7"},
        Mistake{"ASnapshotThatForgetsWhoVotes", "raft: snapshot without configuration",
                "I21|I16|I9|I1:|I5"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace barnabas::raft::testing

// The replication of one partition under everything that can go wrong, over many seeds, and proof
// that the checks would notice the known ways to build it wrongly.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "broker/partition/testing/replication_world.h"
#include "common/sim/probes.h"

namespace barnabas::partition::testing {
namespace {

uint64_t number_of(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

// S9, S13, S14, S15, S17, S18, S19, S21 and I35-I43 hold in every run.
TEST(ReplicationSimulation, NoAcknowledgedRecordIsLostChangedOrDoubledUnderAnyFault) {
  const uint64_t first = number_of("FIRST_SEED", 1);
  const uint64_t seeds = number_of("SEEDS", 300);
  uint64_t acknowledged = 0, crashes = 0, elections = 0, trims = 0;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    WorldOptions options;
    options.seed = seed;
    const WorldResult result = run_world(options);
    ASSERT_EQ(result.violation, "");
    acknowledged += result.acknowledged;
    crashes += result.crashes;
    elections += result.elections;
    trims += result.trims;
  }
  // A run in which nothing happens proves nothing.
  EXPECT_GT(crashes, seeds * 2);
  EXPECT_GT(elections, seeds * 2);
  EXPECT_GT(trims, seeds * 2);
  EXPECT_GT(acknowledged, seeds * 200);
  RecordProperty("acknowledged", std::to_string(acknowledged));
}

TEST(ReplicationSimulation, TheSameSeedGivesTheSameRun) {
  for (uint64_t seed : {11, 12, 13}) {
    WorldOptions options;
    options.seed = seed;
    const WorldResult once = run_world(options);
    const WorldResult again = run_world(options);
    EXPECT_EQ(once.fingerprint, again.fingerprint);
    EXPECT_EQ(once.acknowledged, again.acknowledged);
  }
}

// How many seeds it takes until a violation is seen; -1: none was.
int64_t seeds_until_caught(const char* mistake, uint64_t limit) {
  const Planted mistaken(mistake);
  for (uint64_t seed = 1; seed <= limit; ++seed) {
    WorldOptions options;
    options.seed = seed;
    if (!run_world(options).violation.empty()) return static_cast<int64_t>(seed);
  }
  return -1;
}

TEST(ReplicationSimulation, CatchesALeaderThatAcknowledgesBeforeItIsOnDisk) {
  EXPECT_GT(seeds_until_caught("partition: counts what is not on disk", 100), 0);
}

TEST(ReplicationSimulation, CatchesAFollowerThatTruncatesToItsHighWatermark) {
  EXPECT_GT(seeds_until_caught("partition: truncates to the high watermark", 100), 0);
}

TEST(ReplicationSimulation, CatchesAHighWatermarkOverASetThatIsOnlyProposed) {
  EXPECT_GT(seeds_until_caught("partition: trusts a proposed in-sync set", 200), 0);
}

TEST(ReplicationSimulation, CatchesReportsOfAnEarlierEpochThatCount) {
  EXPECT_GT(seeds_until_caught("partition: counts reports of an old epoch", 200), 0);
}

}  // namespace
}  // namespace barnabas::partition::testing

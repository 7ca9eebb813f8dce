// The replication of one partition under everything that can go wrong, over many seeds, and proof
// that the checks would notice the known ways to build it wrongly.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
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

// Each known way to build replication wrongly is made on purpose, and must be seen.
class PlantedMistakeTest : public ::testing::TestWithParam<const char*> {};

TEST_P(PlantedMistakeTest, IsCaught) {
  const Planted mistaken(GetParam());
  for (uint64_t seed = 1; seed <= number_of("PLANT_SEEDS", 100); ++seed) {
    WorldOptions options;
    options.seed = seed;
    const std::string violation = run_world(options).violation;
    if (violation.empty()) continue;
    std::printf("%s\n", violation.c_str());
    return;
  }
  ADD_FAILURE() << "no seed has caught it; it had " << Planted::moments() << " moments";
}

INSTANTIATE_TEST_SUITE_P(
    Replication, PlantedMistakeTest,
    ::testing::Values("partition: a duplicate is answered at once",
                      "partition: a follower never hears that it diverges",
                      "partition: a parked produce outlives its epoch",
                      "partition: answers when the leader has it",
                      "partition: counts reports of an old epoch",
                      "partition: counts what is not on disk",
                      "partition: forgets its producers at a restart",
                      "partition: remembers what producers wrote and truncation took",
                      "partition: takes any sequence", "partition: the fastest replica is enough",
                      "partition: truncates to the high watermark",
                      "partition: trusts a proposed in-sync set", "storage: a failed sync counts"),
    [](const auto& info) {
      std::string name = info.param;
      std::replace_if(
          name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
      return name;
    });

}  // namespace
}  // namespace barnabas::partition::testing

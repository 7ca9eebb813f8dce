// Faults that the design does not promise to survive (syncs that lie, old images of disks, bit rot,
// cut tails, disks wiped without regard): what was acknowledged may be lost, but nothing false is
// served.

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "tests/simulation/run.h"

namespace barnabas::simulation {
namespace {

TEST(BeyondTheAtlas, WhatIsServedIsTrue) {
  FLAGS_minloglevel = google::GLOG_FATAL;
  constexpr std::chrono::seconds kTime(8);
  constexpr uint64_t kSeedsMin = 4;
  const auto start = std::chrono::steady_clock::now();
  Happenings total;
  uint64_t passes = 0;
  uint64_t refusals = 0;
  uint64_t lost = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    if (seed > kSeedsMin && std::chrono::steady_clock::now() - start > kTime) break;
    simulation::Run run(draw_beyond_the_atlas(seed));
    run.execute();
    ASSERT_FALSE(run.findings().any()) << run.report();
    total += run.happened();
    RiskyRecords& risky = run.workload().risky();
    passes += risky.passes();
    refusals += risky.refusals();
    lost += risky.loss().lost();
  }
  std::printf("%s\n%d passes of reading, %d refusals, %d acknowledged records lost\n",
              to_string(total).c_str(), static_cast<int>(passes), static_cast<int>(refusals),
              static_cast<int>(lost));
  EXPECT_GT(passes, 10 * total.runs);
}

}  // namespace
}  // namespace barnabas::simulation

#include "tests/simulation/checks/fixed_offsets.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

const Place kPlace{Uuid(), 1};

TEST(FixedOffsets, AcceptsTheSameRecordAgain) {
  Findings findings;
  FixedOffsets offsets(findings);
  offsets.seen(kPlace, Offset(4), LeaderEpoch(1), "x");
  offsets.seen(kPlace, Offset(4), LeaderEpoch(1), "x");
  offsets.seen({Uuid(), 2}, Offset(4), LeaderEpoch(1), "y");
  EXPECT_FALSE(findings.any());
}

TEST(FixedOffsets, ReportsAnotherRecordAtTheSameOffset) {
  Findings findings;
  FixedOffsets offsets(findings);
  offsets.seen(kPlace, Offset(4), LeaderEpoch(1), "x");
  offsets.seen(kPlace, Offset(4), LeaderEpoch(1), "y");
  EXPECT_NE(findings.text().find("I40"), std::string::npos);
}

TEST(FixedOffsets, ReportsTheSameBytesFromAnotherLeadership) {
  Findings findings;
  FixedOffsets offsets(findings);
  offsets.seen(kPlace, Offset(4), LeaderEpoch(1), "x");
  offsets.seen(kPlace, Offset(4), LeaderEpoch(2), "x");
  EXPECT_TRUE(findings.any());
}

}  // namespace
}  // namespace barnabas::simulation

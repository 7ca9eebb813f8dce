#include "tests/simulation/checks/high_watermarks.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

const Place kPlace{Uuid(), 0};

TEST(HighWatermarks, AcceptsGrowthAndALowerOneOfANewLeader) {
  Findings findings;
  HighWatermarks marks(findings);
  marks.heard(1, kPlace, 1, Offset(5));
  marks.heard(1, kPlace, 1, Offset(9));
  marks.heard(1, kPlace, 2, Offset(7));  // what it knew so far
  EXPECT_FALSE(findings.any());
}

TEST(HighWatermarks, ReportsOneThatGoesBackWithinALeadership) {
  Findings findings;
  HighWatermarks marks(findings);
  marks.heard(1, kPlace, 1, Offset(5));
  marks.heard(1, kPlace, 1, Offset(4));
  EXPECT_NE(findings.text().find("from 5 to 4"), std::string::npos);
}

}  // namespace
}  // namespace barnabas::simulation

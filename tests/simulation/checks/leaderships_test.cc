#include "tests/simulation/checks/leaderships.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

const Place kPlace{Uuid(), 0};

TEST(Leaderships, AcceptsOneLeaderPerEpoch) {
  Findings findings;
  Leaderships leaderships(findings);
  leaderships.leads(kPlace, 1, "b1#1");
  leaderships.leads(kPlace, 1, "b1#1");
  leaderships.leads(kPlace, 2, "b2#1");
  EXPECT_FALSE(findings.any());
}

TEST(Leaderships, ReportsASecondLeaderInOneEpoch) {
  Findings findings;
  Leaderships leaderships(findings);
  leaderships.leads(kPlace, 1, "b1#1");
  leaderships.leads(kPlace, 1, "b2#1");
  EXPECT_NE(findings.text().find("b1#1 and b2#1"), std::string::npos);
}

TEST(Leaderships, S9_ReportsTheSameBrokerInItsOldEpochAfterARestart) {
  Findings findings;
  Leaderships leaderships(findings);
  leaderships.leads(kPlace, 1, "b1#1");
  leaderships.leads(kPlace, 1, "b1#2");
  EXPECT_TRUE(findings.any());
}

}  // namespace
}  // namespace barnabas::simulation

#include "common/sim/probes.h"

#include <gtest/gtest.h>

#include "common/probe.h"

namespace barnabas {
namespace {

TEST(Probes, AMistakeIsMadeWhileItIsPlanted) {
  EXPECT_FALSE(planted("votes twice"));
  {
    const Planted votes_twice("votes twice");
    EXPECT_TRUE(planted("votes twice"));
    EXPECT_FALSE(planted("votes"));
    EXPECT_EQ(Planted::moments(), 1u);
  }
  EXPECT_FALSE(planted("votes twice"));
  EXPECT_FALSE(planted(""));
}

TEST(Probes, BranchesAreCounted) {
  EXPECT_EQ(reached_branches().count("a rare branch"), 0u);
  reached("a rare branch");
  reached("a rare branch");
  EXPECT_EQ(reached_branches().find("a rare branch")->second, 2u);
}

}  // namespace
}  // namespace barnabas

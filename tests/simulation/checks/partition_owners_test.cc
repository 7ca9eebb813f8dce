#include "tests/simulation/checks/partition_owners.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

const GroupPlace kPlace{"g", "t", 0};

TEST(PartitionOwners, AnotherGenerationMayHaveAnotherOwner) {
  Findings findings;
  PartitionOwners owners(findings);
  owners.assigned(kPlace, 1, "a");
  owners.assigned(kPlace, 1, "a");
  owners.assigned(kPlace, 2, "b");
  owners.assigned({"g", "t", 1}, 1, "b");
  owners.assigned({"h", "t", 0}, 1, "b");
  EXPECT_FALSE(findings.any()) << findings.text();
}

TEST(PartitionOwners, TwoOwnersInOneGenerationAreSeen) {
  Findings findings;
  PartitionOwners owners(findings);
  owners.assigned(kPlace, 1, "a");
  owners.assigned(kPlace, 1, "b");
  EXPECT_EQ(findings.invariant(), "I51 in one generation a partition has one owner");
}

}  // namespace
}  // namespace barnabas::simulation

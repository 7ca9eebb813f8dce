#include "tests/simulation/checks/replica_bounds.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

ReplicaBounds::Replica replica(int64_t high_watermark, int64_t durable_end, int64_t log_end) {
  return {true, 3, Offset(0), Offset(high_watermark), Offset(durable_end), Offset(log_end)};
}

const Place kPlace{Uuid(), 0};

TEST(ReplicaBounds, SaysNothingOfAReplicaThatGrows) {
  Findings findings;
  ReplicaBounds check(findings);
  check.shows("b1#1", kPlace, replica(5, 8, 10));
  check.shows("b1#1", kPlace, replica(8, 10, 10));
  EXPECT_EQ(findings.text(), "");
  EXPECT_EQ(check.count(), 2U);
}

TEST(ReplicaBounds, SeesWhatLiesBeyondTheLog) {
  for (const auto& beyond : {replica(11, 8, 10), replica(5, 11, 10)}) {
    Findings findings;
    ReplicaBounds check(findings);
    check.shows("b1#1", kPlace, beyond);
    EXPECT_NE(findings.text().find("I13"), std::string::npos);
  }
}

TEST(ReplicaBounds, SeesAHighWatermarkGoBackWithinALeadership) {
  Findings findings;
  ReplicaBounds check(findings);
  check.shows("b1#1", kPlace, replica(8, 10, 10));
  check.shows("b1#1", kPlace, replica(7, 10, 10));
  EXPECT_NE(findings.text().find("I38"), std::string::npos);
}

TEST(ReplicaBounds, TakesAnotherEpochForAnotherLeadership) {
  Findings findings;
  ReplicaBounds check(findings);
  check.shows("b1#1", kPlace, replica(8, 10, 10));
  ReplicaBounds::Replica later = replica(7, 10, 10);
  later.epoch = 4;
  check.shows("b1#1", kPlace, later);
  EXPECT_EQ(findings.text(), "");
}

}  // namespace
}  // namespace barnabas::simulation

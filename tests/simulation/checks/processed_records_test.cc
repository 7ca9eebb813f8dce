#include "tests/simulation/checks/processed_records.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

const GroupPlace kPlace{"g", "t", 0};

TEST(ProcessedRecords, WhatIsProcessedTwiceIsNotSkipped) {
  Findings findings;
  ProcessedRecords records(findings);
  records.begins(kPlace, Offset(0));
  records.processed(kPlace, Offset(0), Offset(7));
  records.begins(kPlace, Offset(4));
  records.processed(kPlace, Offset(4), Offset(9));
  EXPECT_EQ(records.end(kPlace), Offset(9));
  EXPECT_FALSE(findings.any()) << findings.text();
}

TEST(ProcessedRecords, AMemberThatBeginsTooFarOnIsSeen) {
  Findings findings;
  ProcessedRecords records(findings);
  records.processed(kPlace, Offset(0), Offset(7));
  records.begins(kPlace, Offset(8));
  EXPECT_EQ(findings.invariant(), "I52 no record is skipped");
}

TEST(ProcessedRecords, AHoleWithinWhatAMemberReadsIsSeen) {
  Findings findings;
  ProcessedRecords records(findings);
  records.processed(kPlace, Offset(0), Offset(7));
  records.processed(kPlace, Offset(9), Offset(10));
  EXPECT_EQ(findings.invariant(), "I52 no record is skipped");
}

}  // namespace
}  // namespace barnabas::simulation

#include "tests/simulation/checks/acknowledged_records.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

const AcknowledgedRecords::Partition kPlace{"t", 0};

class AcknowledgedRecordsTest : public ::testing::Test {
 protected:
  AcknowledgedRecordsTest() {
    records_.sent(kPlace, "a0", 1, 0);
    records_.sent(kPlace, "a1", 1, 1);
    records_.sent(kPlace, "a2", 1, 2);
    records_.acknowledged(kPlace, "a0", Offset(0));
    records_.acknowledged(kPlace, "a1", Offset(1));
  }
  std::string judge(const std::vector<AcknowledgedRecords::Stored>& content) {
    Findings findings;
    records_.judge(kPlace, content, findings);
    return findings.text();
  }
  AcknowledgedRecords records_;
};

TEST_F(AcknowledgedRecordsTest, AcceptsWhatWasAcknowledgedWithAndWithoutWhatWasNot) {
  EXPECT_EQ(judge({{Offset(0), "a0"}, {Offset(1), "a1"}}), "");
  EXPECT_EQ(judge({{Offset(0), "a0"}, {Offset(1), "a1"}, {Offset(2), "a2"}}), "");
}

TEST_F(AcknowledgedRecordsTest, ReportsALostRecord) {
  EXPECT_NE(judge({{Offset(0), "a0"}}).find("lacks sequence 1"), std::string::npos);
}

TEST_F(AcknowledgedRecordsTest, ReportsARepeatedRecord) {
  EXPECT_NE(judge({{Offset(0), "a0"}, {Offset(1), "a1"}, {Offset(2), "a1"}}).find("repeats"),
            std::string::npos);
}

TEST_F(AcknowledgedRecordsTest, ReportsAnotherOrder) {
  EXPECT_NE(judge({{Offset(0), "a1"}, {Offset(1), "a0"}}).find("expected 0"), std::string::npos);
}

TEST_F(AcknowledgedRecordsTest, ReportsAGap) {
  EXPECT_NE(judge({{Offset(0), "a0"}, {Offset(2), "a2"}}).find("expected 1"), std::string::npos);
}

TEST_F(AcknowledgedRecordsTest, ReportsAnotherOffset) {
  EXPECT_NE(judge({{Offset(1), "a0"}, {Offset(2), "a1"}}).find("acknowledged at offset 0"),
            std::string::npos);
}

TEST_F(AcknowledgedRecordsTest, ReportsAChangedOrForeignRecord) {
  EXPECT_NE(judge({{Offset(0), "b0"}, {Offset(1), "a1"}}).find("nobody sent"), std::string::npos);
}

}  // namespace
}  // namespace barnabas::simulation

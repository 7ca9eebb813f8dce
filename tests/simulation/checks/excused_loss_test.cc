#include "tests/simulation/checks/excused_loss.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

class ExcusedLossTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* value : {"a", "b", "c"}) loss_.sent("p", value, Lineage(0));
    loss_.acknowledged("p", "a");
    loss_.acknowledged("p", "b");
  }
  Findings findings_;
  ExcusedLoss loss_{findings_};
};

TEST_F(ExcusedLossTest, WhatWasNotAcknowledgedMayBeThereOrNot) {
  loss_.judge("p", {"a", "b"}, Lineage(0), false);
  loss_.judge("p", {"a", "b", "c"}, Lineage(0), false);
  EXPECT_FALSE(findings_.any()) << findings_.text();
  EXPECT_EQ(loss_.lost(), 0U);
}

TEST_F(ExcusedLossTest, ALossIsExcusedByALineageThatHasMoved) {
  loss_.judge("p", {"a"}, Lineage(1), false);
  loss_.judge("p", {"a"}, Lineage(0), true);
  EXPECT_FALSE(findings_.any()) << findings_.text();
  EXPECT_EQ(loss_.lost(), 2U);
}

TEST_F(ExcusedLossTest, ALossWithoutARecordedCauseIsSeen) {
  loss_.judge("p", {"a"}, Lineage(0), false);
  EXPECT_EQ(findings_.invariant(),
            "S13 acknowledged records are lost only where the lineage has moved");
}

TEST_F(ExcusedLossTest, WhatWasSentAfterTheLineageMovedIsNotExcusedByIt) {
  loss_.sent("p", "d", Lineage(1));
  loss_.acknowledged("p", "d");
  loss_.judge("p", {"a", "b"}, Lineage(1), false);
  EXPECT_TRUE(findings_.any());
}

TEST_F(ExcusedLossTest, ASecondCopyIsSeen) {
  loss_.judge("p", {"a", "b", "a"}, Lineage(1), true);
  EXPECT_EQ(findings_.invariant(), "I43 what was sent once is there once");
}

TEST_F(ExcusedLossTest, WhatWasGivenUpMayComeLate) {
  loss_.sent("p", "d", Lineage(0));
  loss_.acknowledged("p", "d");
  loss_.judge("p", {"a", "b", "d", "c"}, Lineage(0), false);
  EXPECT_FALSE(findings_.any()) << findings_.text();
}

TEST_F(ExcusedLossTest, AnotherOrderIsSeen) {
  loss_.judge("p", {"b", "a"}, Lineage(1), true);
  EXPECT_EQ(findings_.invariant(), "I43 records stand in the order in which they were sent");
}

TEST_F(ExcusedLossTest, WhatIsServedAndNobodySentIsSeen) {
  loss_.served("p", "a");
  EXPECT_FALSE(findings_.any()) << findings_.text();
  loss_.served("p", "x");
  EXPECT_EQ(findings_.invariant(), "I53 nothing is there that nobody sent");
}

TEST_F(ExcusedLossTest, WhatNobodySentIsSeen) {
  loss_.judge("p", {"a", "b", "x"}, Lineage(1), true);
  EXPECT_EQ(findings_.invariant(), "I53 nothing is there that nobody sent");
}

}  // namespace
}  // namespace barnabas::simulation

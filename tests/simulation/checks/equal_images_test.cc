#include "tests/simulation/checks/equal_images.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

TEST(EqualImages, AcceptsEqualHashesAtEqualIndexes) {
  Findings findings;
  EqualImages images(findings);
  images.holds("c1", LogIndex(3), 77);
  images.holds("b1", LogIndex(3), 77);
  images.holds("b1", LogIndex(4), 78);
  EXPECT_FALSE(findings.any());
}

TEST(EqualImages, ReportsTwoImagesOfOneIndex) {
  Findings findings;
  EqualImages images(findings);
  images.holds("c1", LogIndex(3), 77);
  images.holds("b1", LogIndex(3), 78);
  EXPECT_NE(findings.text().find("c1 and b1 differ"), std::string::npos);
}

}  // namespace
}  // namespace barnabas::simulation

#include "common/nearest.h"

#include <gtest/gtest.h>

namespace barnabas {
namespace {

TEST(EditDistance, CountsSingleEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("ab", "ba"), 1u);
  EXPECT_EQ(edit_distance("ab", "ba"), edit_distance("ba", "ab"));
}

TEST(NearestMatch, NamesWhatWasProbablyMeantOrNothing) {
  const std::vector<std::string> known = {"node.id", "listeners", "log.dirs", "log.retention.ms"};
  EXPECT_EQ(nearest_match("nodeid", known), "node.id");
  EXPECT_EQ(nearest_match("log.dir", known), "log.dirs");
  EXPECT_EQ(nearest_match("quite.different", known), std::nullopt);
}

}  // namespace
}  // namespace barnabas

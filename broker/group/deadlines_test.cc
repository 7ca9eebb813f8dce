#include "broker/group/deadlines.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace barnabas::group {
namespace {

Instant at(int64_t time) { return Instant(Duration(time)); }

TEST(Deadlines, ComeUpInTheOrderOfTheirTimes) {
  Deadlines<std::string> deadlines;
  deadlines.set(deadlines.add("late"), at(20));
  deadlines.set(deadlines.add("early"), at(10));
  EXPECT_EQ(deadlines.earliest(), at(10));
  EXPECT_EQ(deadlines.take_due(at(9)), std::nullopt);
  EXPECT_EQ(deadlines.take_due(at(30)), "early");
  EXPECT_EQ(deadlines.take_due(at(30)), "late");
  EXPECT_EQ(deadlines.take_due(at(30)), std::nullopt);
  EXPECT_EQ(deadlines.earliest(), std::nullopt);
}

TEST(Deadlines, PutOffDoNotComeUpAtTheirOldTime) {
  Deadlines<int> deadlines;
  const auto handle = deadlines.add(1);
  deadlines.set(handle, at(10));
  deadlines.set(handle, at(20));
  EXPECT_EQ(deadlines.take_due(at(19)), std::nullopt);
  EXPECT_EQ(deadlines.take_due(at(20)), 1);
}

TEST(Deadlines, BroughtForwardComeUpOnce) {
  Deadlines<int> deadlines;
  const auto handle = deadlines.add(1);
  deadlines.set(handle, at(20));
  deadlines.set(handle, at(10));
  EXPECT_EQ(deadlines.take_due(at(10)), 1);
  EXPECT_EQ(deadlines.take_due(at(30)), std::nullopt);
}

TEST(Deadlines, RemovedNeverComeUpNotEvenWhenTheirPlaceIsTakenByAnother) {
  Deadlines<int> deadlines;
  const auto handle = deadlines.add(1);
  deadlines.set(handle, at(10));
  deadlines.remove(handle);
  EXPECT_EQ(deadlines.add(2), handle);
  EXPECT_EQ(deadlines.take_due(at(30)), std::nullopt);
}

TEST(Deadlines, EntriesThatNothingWillComeOfDoNotPileUp) {
  Deadlines<int> deadlines;
  const auto handle = deadlines.add(1);
  for (int64_t now = 0; now < 50'000; now += 50) {
    deadlines.set(handle, at(now + 30));  // both are brought forward,
    deadlines.set(handle, at(now + 10));
    deadlines.set(handle, at(now + 1'000));  // and put off again
    EXPECT_EQ(deadlines.take_due(at(now + 20)), std::nullopt);
    ASSERT_LE(deadlines.queued(), 50U);
  }
}

// Against a map that holds each deadline where it is.
TEST(Deadlines, AgreeWithAPlainMapOnRandomHistories) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto draw = [&](uint32_t below) { return random() % below; };
    Deadlines<int> deadlines;
    std::map<uint32_t, int> payloads;
    std::map<uint32_t, Instant> plain;
    int64_t time = 0;
    for (int step = 0; step < 500; ++step) {
      const uint32_t what = draw(10);
      if (payloads.size() < 3 || what == 0) {
        payloads[deadlines.add(step)] = step;
        continue;
      }
      const auto chosen = std::next(payloads.begin(), draw(static_cast<uint32_t>(payloads.size())));
      const uint32_t handle = chosen->first;
      if (what < 6) {
        plain[handle] = at(time + draw(50));
        deadlines.set(handle, plain[handle]);
      } else if (what == 6) {
        plain.erase(handle);
        deadlines.cancel(handle);
      } else if (what == 7) {
        plain.erase(handle);
        payloads.erase(handle);
        deadlines.remove(handle);
      } else {
        time += draw(30);
        for (const auto& [other, when] : plain) {
          ASSERT_TRUE(deadlines.earliest().has_value() && *deadlines.earliest() <= when);
        }
        std::multimap<int, int> expected;
        for (auto each = plain.begin(); each != plain.end();) {
          if (each->second > at(time)) {
            ++each;
            continue;
          }
          expected.emplace(payloads[each->first], 0);
          each = plain.erase(each);
        }
        std::multimap<int, int> taken;
        while (const auto due = deadlines.take_due(at(time))) taken.emplace(*due, 0);
        ASSERT_EQ(taken, expected) << "seed " << seed << " step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace barnabas::group

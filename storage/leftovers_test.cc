#include "storage/leftovers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "storage/memory_disk.h"

namespace barnabas::storage {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr char kPath[] = "/data";

class Leftovers : public testing::Test {
 protected:
  Leftovers() { EXPECT_TRUE(disk_.make_directories(kPath).ok()); }
  void make(const std::string& name, int files) {
    const std::string directory = std::string(kPath) + "/" + name;
    ASSERT_TRUE(disk_.make_directories(directory).ok());
    for (int i = 0; i < files; ++i) {
      ASSERT_TRUE(disk_.open(directory + "/" + std::to_string(i) + ".log", OpenMode::kCreate).ok());
    }
  }
  bool remove(WallTime now, size_t at_most = 100) {
    const auto more = remove_leftovers_in(disk_, kPath, now, hours(24), at_most);
    EXPECT_TRUE(more.ok()) << more.status();
    return more.value_or(false);
  }
  bool has(const std::string& name) { return disk_.exists(std::string(kPath) + "/" + name); }

  MemoryDisk disk_;
  const WallTime now_{milliseconds(1'000'000'000)};
};

TEST_F(Leftovers, WhatWasDeletedGoesAndWhatIsInUseStays) {
  make("board-0", 2);
  make("board-0.x-delete", 2);
  EXPECT_FALSE(remove(now_));
  EXPECT_TRUE(has("board-0"));
  EXPECT_FALSE(has("board-0.x-delete"));
}

TEST_F(Leftovers, OnlySoManyFilesGoAtOnce) {
  make("a.x-delete", 3);
  make("b.x-delete", 3);
  EXPECT_TRUE(remove(now_, 2));
  EXPECT_TRUE(has("a.x-delete"));
  EXPECT_TRUE(remove(now_, 2));
  EXPECT_FALSE(has("a.x-delete"));
  EXPECT_TRUE(has("b.x-delete"));
  EXPECT_FALSE(remove(now_, 2));
  EXPECT_FALSE(has("b.x-delete"));
}

TEST_F(Leftovers, S8_AStrayIsKeptForItsTimeAlsoOverRestartsAndThenGoes) {
  make("board-0.x-stray", 2);
  remove(now_);
  remove(now_ + hours(24) - milliseconds(1));
  EXPECT_TRUE(has("board-0.x-stray"));
  EXPECT_TRUE(has("board-0.x-stray/1.log"));
  remove(now_ + hours(24));
  EXPECT_FALSE(has("board-0.x-stray"));
  EXPECT_FALSE(has("board-0.x-delete"));
}

TEST_F(Leftovers, S8_AStrayWhoseTimeIsUnknownOrStillToComeIsKeptFromNowOn) {
  make("board-0.x-stray", 1);
  const auto since = disk_.open("/data/board-0.x-stray/stray-since", OpenMode::kCreate);
  ASSERT_TRUE(since.ok());
  const std::vector<std::string_view> torn = {"0\n12x"};
  ASSERT_TRUE((*since)->write(0, torn).ok());
  remove(now_);
  EXPECT_TRUE(has("board-0.x-stray"));
  remove(now_ - hours(100));  // the clock was set back
  remove(now_ - hours(77));
  EXPECT_TRUE(has("board-0.x-stray"));
  remove(now_ - hours(76));
  EXPECT_FALSE(has("board-0.x-stray"));
}

TEST_F(Leftovers, AStrayWhoseRemovalWasInterruptedIsFinished) {
  make("board-0.x-stray", 3);
  remove(now_);
  EXPECT_TRUE(remove(now_ + hours(24), 2));
  EXPECT_FALSE(has("board-0.x-stray"));
  EXPECT_TRUE(has("board-0.x-delete"));
  EXPECT_FALSE(remove(now_ + hours(24)));
  EXPECT_FALSE(has("board-0.x-delete"));
}

}  // namespace
}  // namespace barnabas::storage

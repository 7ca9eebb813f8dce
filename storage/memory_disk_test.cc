// What a power cut and faults do to the disk in memory: every loss that the seam allows happens,
// and none that it forbids.

#include "storage/memory_disk.h"

#include <gtest/gtest.h>

#include <set>

#include "common/random.h"
#include "common/sim/simulation.h"

namespace barnabas::storage {
namespace {

absl::Status write(File& file, uint64_t at, std::string_view bytes) {
  return file.write(at, absl::MakeConstSpan(&bytes, 1));
}

// A disk with a synced empty file /d/f.
FilePtr prepared(MemoryDisk& disk) {
  EXPECT_TRUE(disk.make_directories("/d").ok());
  FilePtr file = *disk.open("/d/f", OpenMode::kCreate);
  EXPECT_TRUE(disk.sync_and_wait({.files = {file}, .directories = {"/d", "/"}}).ok());
  return file;
}

TEST(MemoryDisk, F28_WhatASyncCoveredSurvivesAndWhatCameAfterMayNot) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    MemoryDisk disk;
    const FilePtr file = prepared(disk);
    ASSERT_TRUE(write(*file, 0, "safe").ok());
    ASSERT_TRUE(disk.sync_and_wait({.files = {file}, .directories = {}}).ok());
    ASSERT_TRUE(write(*file, 4, "lost").ok());
    disk.crash(*seeded_random(seed));
    const std::string after = *read_file(disk, "/d/f");
    EXPECT_EQ(after.substr(0, 4), "safe");
    seen.insert(after.substr(4));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"", "lost", std::string(4, '\0')}));
}

TEST(MemoryDisk, F29_AWriteIsTornBetweenSectorsOnly) {
  bool torn = false;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    MemoryDisk disk;
    const FilePtr file = prepared(disk);
    ASSERT_TRUE(write(*file, 0, std::string(4 * 512, 'x')).ok());
    disk.crash(*seeded_random(seed));
    std::string after = *read_file(disk, "/d/f");
    std::set<std::string> sectors;
    for (size_t at = 0; at < after.size(); at += 512) sectors.insert(after.substr(at, 512));
    for (const std::string& sector : sectors) {
      EXPECT_TRUE(sector == std::string(512, 'x') || sector == std::string(512, '\0'));
    }
    torn |= sectors.size() == 2;
  }
  EXPECT_TRUE(torn);
}

TEST(MemoryDisk, F30_AFailedSyncLosesItsBytesAndTheNextOneDoesNotBringThemBack) {
  MemoryDisk disk;
  const FilePtr file = prepared(disk);
  ASSERT_TRUE(write(*file, 0, "gone").ok());
  disk.fail_syncs(1);
  EXPECT_FALSE(disk.sync_and_wait({.files = {file}, .directories = {}}).ok());
  EXPECT_TRUE(disk.sync_and_wait({.files = {file}, .directories = {}}).ok());
  EXPECT_EQ(*read_file(disk, "/d/f"), "gone") << "the page cache still shows it";
  std::string bytes(4, 'x');
  EXPECT_EQ(*disk.read_uncached("/d/f", 0, absl::MakeSpan(bytes)), 0u) << "the medium does not";
  disk.crash(*seeded_random(1));
  EXPECT_EQ(*read_file(disk, "/d/f"), "");
}

TEST(MemoryDisk, F31_ALyingSyncCoversNothing) {
  MemoryDisk disk;
  const FilePtr file = prepared(disk);
  disk.lie_about_syncs(true);
  bool lost = false;
  ASSERT_TRUE(write(*file, 0, "gone").ok());
  EXPECT_TRUE(disk.sync_and_wait({.files = {file}, .directories = {}}).ok());
  for (uint64_t seed = 0; seed < 20 && !lost; ++seed) {
    disk.crash(*seeded_random(seed));
    lost = *read_file(disk, "/d/f") != "gone";
  }
  EXPECT_TRUE(lost);
}

TEST(MemoryDisk, F33_AFullDiskTakesWhatFitsAndRecoversWithSpace) {
  MemoryDisk disk;
  const FilePtr file = prepared(disk);
  disk.set_capacity(6);
  ASSERT_TRUE(write(*file, 0, "four").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(write(*file, 4, "four")));
  ASSERT_TRUE(write(*file, 0, "over").ok()) << "overwriting takes no space";
  ASSERT_TRUE(file->truncate(4).ok());
  disk.set_capacity(100);
  ASSERT_TRUE(write(*file, 4, "four").ok());
  EXPECT_EQ(*read_file(disk, "/d/f"), "overfour");
}

TEST(MemoryDisk, F36_SyncsCompleteInOrderAfterTheirLatencyAndHangWhileHeld) {
  Simulation simulation(1);
  SimExecutor& loop = simulation.start_node("n");
  MemoryDisk disk;
  const FilePtr file = prepared(disk);
  disk.set_sync_latency(std::chrono::milliseconds(5));
  std::string order;
  const auto sync = [&](char name) {
    disk.sync({.files = {file}, .directories = {}}, loop, [&, name](absl::Status status) {
      EXPECT_TRUE(status.ok());
      order += name;
    });
  };
  sync('a');
  sync('b');
  EXPECT_EQ(order, "") << "never from inside the call";
  simulation.run_for(std::chrono::milliseconds(6));
  EXPECT_EQ(order, "a");
  disk.hold_syncs(true);
  simulation.run_for(std::chrono::seconds(60));
  EXPECT_EQ(order, "a");
  disk.hold_syncs(false);
  simulation.run_for(std::chrono::milliseconds(6));
  EXPECT_EQ(order, "ab");
}

TEST(MemoryDisk, ASyncCoversWhatWasWrittenBeforeItBegan) {
  Simulation simulation(1);
  SimExecutor& loop = simulation.start_node("n");
  bool lost = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MemoryDisk disk;
    const FilePtr file = prepared(disk);
    disk.set_sync_latency(std::chrono::milliseconds(5));
    bool done = false;
    ASSERT_TRUE(write(*file, 0, "in").ok());
    disk.sync({.files = {file}, .directories = {}}, loop, [&](absl::Status) { done = true; });
    ASSERT_TRUE(write(*file, 2, "out").ok());
    simulation.run_for(std::chrono::milliseconds(6));
    ASSERT_TRUE(done);
    disk.crash(*seeded_random(seed));
    EXPECT_EQ(read_file(disk, "/d/f")->substr(0, 2), "in");
    lost |= *read_file(disk, "/d/f") == "in";
  }
  EXPECT_TRUE(lost);
}

TEST(MemoryDisk, F37_NamesAreLostUntilTheirDirectoryIsSynced) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    MemoryDisk disk;
    FilePtr file = prepared(disk);
    ASSERT_TRUE(write(*file, 0, "f").ok());
    const FilePtr other = *disk.open("/d/g", OpenMode::kCreate);
    ASSERT_TRUE(write(*other, 0, "g").ok());
    ASSERT_TRUE(disk.sync_and_wait({.files = {file, other}, .directories = {}}).ok());
    ASSERT_TRUE(disk.rename("/d/g", "/d/f").ok());
    disk.crash(*seeded_random(seed));
    std::string names;
    const auto listed = disk.list("/d");
    ASSERT_TRUE(listed.ok());
    for (const std::string& name : *listed) names += name + "=" + *read_file(disk, "/d/" + name);
    seen.insert(names);
  }
  // Neither; only the creation; both; and the rename without the creation, which is the same.
  EXPECT_EQ(seen, (std::set<std::string>{"f=f", "f=fg=g", "f=g"}));
}

TEST(MemoryDisk, ASyncedDirectoryKeepsItsNames) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MemoryDisk disk;
    prepared(disk);
    ASSERT_TRUE(disk.rename("/d/f", "/d/g").ok());
    ASSERT_TRUE(disk.sync_and_wait({.files = {}, .directories = {"/d"}}).ok());
    disk.crash(*seeded_random(seed));
    EXPECT_EQ(*disk.list("/d"), std::vector<std::string>{"g"});
  }
}

TEST(MemoryDisk, HandlesAndLocksEndWithTheProcessAndThePageCacheDoesNot) {
  MemoryDisk disk;
  const FilePtr file = prepared(disk);
  const auto lock = disk.lock("/d/.lock");
  ASSERT_TRUE(write(*file, 0, "kept").ok());
  disk.kill();
  EXPECT_FALSE(write(*file, 0, "dead").ok());
  EXPECT_EQ(*read_file(disk, "/d/f"), "kept");
  EXPECT_TRUE(disk.lock("/d/.lock").ok());
}

TEST(MemoryDisk, AfterThePowerIsOffNothingChanges) {
  MemoryDisk disk;
  const FilePtr file = prepared(disk);
  disk.power_off_after(1);
  ASSERT_TRUE(write(*file, 0, "a").ok());
  EXPECT_FALSE(write(*file, 1, "b").ok());
  EXPECT_FALSE(disk.open("/d/new", OpenMode::kCreate).ok());
  EXPECT_FALSE(disk.sync_and_wait({.files = {file}, .directories = {}}).ok());
  disk.crash(*seeded_random(3));
  EXPECT_TRUE(disk.open("/d/new", OpenMode::kCreate).ok());
}

TEST(MemoryDisk, F32_F34_F35_F38_FaultsHitTheFileTheyName) {
  MemoryDisk disk;
  const FilePtr file = prepared(disk);
  ASSERT_TRUE(write(*file, 0, "abcdef").ok());
  disk.fail_writes("/f");
  EXPECT_FALSE(write(*file, 0, "x").ok());
  disk.fail_writes("");
  disk.fail_reads("/f");
  EXPECT_FALSE(read_file(disk, "/d/f").ok());
  disk.fail_reads("");
  disk.flip_bit("/d/f", 0, 1);
  EXPECT_EQ(*read_file(disk, "/d/f"), "cbcdef");
  disk.misdirect_next_write("/f", 2);
  ASSERT_TRUE(write(*file, 0, "X").ok());
  EXPECT_EQ(*read_file(disk, "/d/f"), "cbXdef");
  disk.zero_tail("/d/f", 1);
  disk.cut_tail("/d/f", 0);
  EXPECT_EQ(*read_file(disk, "/d/f"), std::string("cbXde\0", 6));
  disk.cut_tail("/d/f", 3);
  EXPECT_EQ(*read_file(disk, "/d/f"), "cbX");
}

TEST(MemoryDisk, F24_AnOldImageIsWholeAndDurableAndTheHandlesOfBeforeAreGone) {
  MemoryDisk disk;
  ASSERT_TRUE(disk.make_directories("/d/e").ok());
  ASSERT_TRUE(replace_file(disk, "/d/e/f", "old").ok());
  const MemoryDisk::Image image = disk.image();
  const FilePtr handle = *disk.open("/d/e/f", OpenMode::kReadWrite);
  ASSERT_TRUE(replace_file(disk, "/d/e/f", "new, and longer").ok());
  ASSERT_TRUE(replace_file(disk, "/d/g", "new").ok());
  disk.restore(image);
  std::string bytes(10, ' ');
  EXPECT_FALSE(handle->read(0, absl::MakeSpan(bytes)).ok());
  const auto random = seeded_random(1);
  disk.crash(*random);
  EXPECT_EQ(*read_file(disk, "/d/e/f"), "old");
  EXPECT_FALSE(disk.exists("/d/g"));
  // The image is not changed by what is done with the disk.
  ASSERT_TRUE(replace_file(disk, "/d/e/f", "newer").ok());
  disk.restore(image);
  EXPECT_EQ(*read_file(disk, "/d/e/f"), "old");
}

}  // namespace
}  // namespace barnabas::storage

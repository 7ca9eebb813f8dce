// What both disks promise, on both; and that they cannot be told apart by what they answer.

#include "storage/disk.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "common/random.h"
#include "storage/memory_disk.h"
#include "storage/posix_disk.h"

namespace barnabas::storage {
namespace {

std::string fresh_directory(const std::string& name) {
  const char* base = std::getenv("TEST_TMPDIR");
  const std::string path = std::string(base != nullptr ? base : "/tmp") + "/" + name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

absl::Status write(File& file, uint64_t at, std::string_view bytes) {
  return file.write(at, absl::MakeConstSpan(&bytes, 1));
}

class DiskContract : public testing::TestWithParam<bool> {
 protected:
  DiskContract() : root_(fresh_directory("disk_contract")) {
    if (GetParam()) {
      disk_ = std::make_unique<PosixDisk>();
    } else {
      disk_ = std::make_unique<MemoryDisk>();
      EXPECT_TRUE(disk_->make_directories(root_).ok());
    }
  }

  std::string root_;
  std::unique_ptr<Disk> disk_;
};

TEST_P(DiskContract, AWriteGathersItsPiecesAndReadsBack) {
  const FilePtr file = *disk_->open(root_ + "/f", OpenMode::kCreate);
  const std::array<std::string_view, 3> pieces = {"one", "", "two"};
  ASSERT_TRUE(file->write(2, pieces).ok());
  EXPECT_EQ(file->size(), 8u);
  std::string bytes(20, 'x');
  EXPECT_EQ(*file->read(0, absl::MakeSpan(bytes)), 8u);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\0\0onetwo", 8));
  EXPECT_EQ(*file->read(100, absl::MakeSpan(bytes)), 0u);
}

TEST_P(DiskContract, ErrorsAreToldApartByCode) {
  EXPECT_TRUE(absl::IsNotFound(disk_->open(root_ + "/none", OpenMode::kRead).status()));
  EXPECT_TRUE(absl::IsNotFound(disk_->open(root_ + "/no/f", OpenMode::kCreate).status()));
  EXPECT_TRUE(absl::IsNotFound(disk_->unlink(root_ + "/none")));
  EXPECT_TRUE(absl::IsNotFound(disk_->rename(root_ + "/none", root_ + "/b")));
  EXPECT_TRUE(absl::IsNotFound(disk_->list(root_ + "/none").status()));
  EXPECT_TRUE(absl::IsNotFound(disk_->remove_directory(root_ + "/none")));
}

TEST_P(DiskContract, ALockIsHeldByOneAtATimeAndTheRefusalNamesTheHolder) {
  auto held = disk_->lock(root_ + "/.lock");
  ASSERT_TRUE(held.ok());
  const auto refused = disk_->lock(root_ + "/.lock");
  EXPECT_TRUE(absl::IsUnavailable(refused.status())) << refused.status();
  if (GetParam()) {
    EXPECT_NE(refused.status().message().find(std::to_string(getpid())), absl::string_view::npos);
  }
  held->reset();
  EXPECT_TRUE(disk_->lock(root_ + "/.lock").ok());
}

TEST_P(DiskContract, ReadsPastThePageCacheAtAnyPositionAndLength) {
  const FilePtr file = *disk_->open(root_ + "/f", OpenMode::kCreate);
  std::string content;
  for (int i = 0; i < 10000; ++i) content += static_cast<char>(i * 7);
  ASSERT_TRUE(write(*file, 0, content).ok());
  for (const auto& [at, length] : {std::pair<size_t, size_t>{0, 10000},
                                   {1, 5},
                                   {4095, 2},
                                   {9990, 100},
                                   {10000, 1},
                                   {20000, 5}}) {
    std::string bytes(length, 'x');
    const auto got = disk_->read_uncached(root_ + "/f", at, absl::MakeSpan(bytes));
    ASSERT_TRUE(got.ok()) << got.status();
    const std::string expected = at < content.size() ? content.substr(at, length) : "";
    EXPECT_EQ(*got, expected.size());
    EXPECT_EQ(bytes.substr(0, *got), expected);
  }
}

TEST_P(DiskContract, ASyncOfAVanishedDirectoryCountsAsDone) {
  ASSERT_TRUE(disk_->make_directories(root_ + "/d").ok());
  ASSERT_TRUE(disk_->remove_directory(root_ + "/d").ok());
  EXPECT_TRUE(disk_->sync_and_wait({.files = {}, .directories = {root_ + "/d", root_}}).ok());
}

TEST_P(DiskContract, ReplaceFileLeavesNothingAside) {
  ASSERT_TRUE(replace_file(*disk_, root_ + "/f", "first").ok());
  ASSERT_TRUE(replace_file(*disk_, root_ + "/f", "2nd").ok());
  EXPECT_EQ(*read_file(*disk_, root_ + "/f"), "2nd");
  EXPECT_EQ(*disk_->list(root_), std::vector<std::string>{"f"});
}

INSTANTIATE_TEST_SUITE_P(Both, DiskContract, testing::Values(true, false),
                         [](const auto& info) { return info.param ? "Posix" : "Memory"; });

std::string outcome(const absl::Status& status) {
  return std::string(absl::StatusCodeToString(status.code()));
}

// One random operation; the answer as text.
std::string step(Disk& disk, const std::string& root, Random& random) {
  const auto path = [&] {
    return root + "/d" + std::to_string(random.below(2)) + "/f" + std::to_string(random.below(4));
  };
  const std::string one = path();
  const std::string other = path();
  const uint64_t at = random.below(3000);
  const uint64_t length = random.below(3000);
  const uint64_t letter = random.below(26);
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2: {
      const auto file = disk.open(one, OpenMode::kCreate);
      if (!file.ok()) return outcome(file.status());
      const std::string bytes(length, static_cast<char>('a' + letter));
      return outcome(write(**file, at, bytes));
    }
    case 3: {
      const auto file = disk.open(one, OpenMode::kReadWrite);
      return outcome(file.ok() ? (*file)->truncate(at) : file.status());
    }
    case 4:
      return outcome(disk.rename(one, other));
    case 5:
      return outcome(disk.unlink(one));
    case 6: {
      const std::string directory = one.substr(0, one.rfind('/'));
      return outcome(letter == 0 ? disk.remove_directory(directory)
                                 : disk.make_directories(directory));
    }
    case 7: {
      const auto names = disk.list(one.substr(0, one.rfind('/')));
      std::string text = outcome(names.status());
      if (names.ok()) {
        for (const std::string& name : *names) text += " " + name;
      }
      return text;
    }
    default: {
      const auto bytes = read_file(disk, one);
      return outcome(bytes.status()) + (bytes.ok() ? *bytes : "");
    }
  }
}

TEST(Disk, BothGiveTheSameAnswersToTheSameOperations) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string root = fresh_directory("disk_same");
    PosixDisk posix;
    MemoryDisk memory;
    ASSERT_TRUE(memory.make_directories(root).ok());
    const auto first = seeded_random(seed);
    const auto second = seeded_random(seed);
    for (int i = 0; i < 200; ++i) {
      ASSERT_EQ(step(posix, root, *first), step(memory, root, *second))
          << "seed " << seed << " step " << i;
    }
  }
}

}  // namespace
}  // namespace barnabas::storage

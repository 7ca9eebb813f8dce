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

// A program that uses a disk: what it does is drawn, what it is told comes back as text. Handles
// stay open while their files are renamed, removed or replaced.
class Program {
 public:
  Program(Disk& disk, std::string root, uint64_t seed)
      : disk_(disk), root_(std::move(root)), random_(seeded_random(seed)) {}

  std::string step() {
    const std::string one = file();
    const std::string other = file();
    const uint64_t at = random_->below(3000);
    const uint64_t length = random_->below(3000);
    const auto letter = static_cast<char>('a' + random_->below(26));
    const size_t which = random_->below(4);
    // A sync waits for the real medium, so there are few of them.
    const uint64_t what = random_->below(14);
    switch (what == 11 && random_->chance(85) ? 10 : what) {
      case 0:
      case 1: {
        const auto opened = disk_.open(one, OpenMode::kCreate);
        if (!opened.ok()) return outcome(opened.status());
        return outcome(write(**opened, at, std::string(length, letter)));
      }
      case 2: {
        const auto opened = disk_.open(one, OpenMode::kReadWrite);
        return outcome(opened.ok() ? (*opened)->truncate(at) : opened.status());
      }
      case 3:
        return outcome(disk_.rename(one, other));
      case 4:
        return outcome(disk_.unlink(one));
      case 5:
        if (letter == 'a') return outcome(disk_.remove_directory(parent_directory(one)));
        return outcome(disk_.make_directories(parent_directory(one)));
      case 6:
        return names(parent_directory(one));
      case 7: {
        const auto bytes = read_file(disk_, one);
        return outcome(bytes.status()) + (bytes.ok() ? *bytes : "");
      }
      case 8: {
        const auto opened = disk_.open(one, letter < 'n' ? OpenMode::kCreate : OpenMode::kRead);
        if (!opened.ok()) return outcome(opened.status());
        held_[which] = {*opened, letter < 'n'};
        return "held";
      }
      case 9:
        if (held_[which].file == nullptr) return "none";
        if (!held_[which].writes) return "only reads";
        return outcome(write(*held_[which].file, at, std::string(length, letter)));
      case 10: {
        if (held_[which].file == nullptr) return "none";
        std::string bytes(length, '?');
        const auto got = held_[which].file->read(at, absl::MakeSpan(bytes));
        return got.ok() ? bytes.substr(0, *got) : outcome(got.status());
      }
      case 11: {
        SyncSet set;
        if (held_[which].file != nullptr) set.files.push_back(held_[which].file);
        set.directories = {parent_directory(one), root_};
        return outcome(disk_.sync_and_wait(set));
      }
      case 12: {
        std::string bytes(length, '?');
        const auto got = disk_.read_uncached(one, at, absl::MakeSpan(bytes));
        return got.ok() ? bytes.substr(0, *got) : outcome(got.status());
      }
      default:
        return outcome(disk_.rename(parent_directory(one), root_ + "/moved-" + letter));
    }
  }

  // As a process that stops cleanly leaves it.
  void sync_everything() {
    SyncSet set;
    set.directories.push_back(root_);
    const auto directories = disk_.list(root_);
    ASSERT_TRUE(directories.ok());
    for (const std::string& directory : *directories) {
      set.directories.push_back(root_ + "/" + directory);
      const auto names = disk_.list(set.directories.back());
      ASSERT_TRUE(names.ok());
      for (const std::string& name : *names) {
        set.files.push_back(*disk_.open(set.directories.back() + "/" + name, OpenMode::kReadWrite));
      }
    }
    ASSERT_TRUE(disk_.sync_and_wait(set).ok());
    for (Held& held : held_) held.file.reset();
  }

  std::string everything() {
    std::string text;
    const auto directories = disk_.list(root_);
    if (!directories.ok()) return outcome(directories.status());
    for (const std::string& directory : *directories) {
      const std::string path = root_ + "/" + directory;
      const auto found = disk_.list(path);
      text += directory + ": " + outcome(found.status());
      if (!found.ok()) continue;
      for (const std::string& name : *found) {
        std::string file = path;
        file.append("/").append(name);
        const auto bytes = read_file(disk_, file);
        text += " " + name + "=" + (bytes.ok() ? *bytes : outcome(bytes.status()));
      }
    }
    return text;
  }

 private:
  struct Held {
    FilePtr file;
    bool writes = false;
  };

  std::string file() {
    return root_ + "/d" + std::to_string(random_->below(2)) + "/f" +
           std::to_string(random_->below(4));
  }
  std::string names(const std::string& directory) {
    const auto found = disk_.list(directory);
    std::string text = outcome(found.status());
    if (found.ok()) {
      for (const std::string& name : *found) text += " " + name;
    }
    return text;
  }

  Disk& disk_;
  const std::string root_;
  const std::unique_ptr<Random> random_;
  std::array<Held, 4> held_;
};

TEST(Disk, BothGiveTheSameAnswersToTheSameOperations) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::string root = fresh_directory("disk_same");
    PosixDisk posix(nullptr);
    MemoryDisk memory;
    ASSERT_TRUE(memory.make_directories(root).ok());
    for (std::string at = root; at != "/"; at = parent_directory(at)) {
      ASSERT_TRUE(memory.sync_and_wait({{}, {parent_directory(at)}}).ok());
    }
    Program real(posix, root, seed);
    Program twin(memory, root, seed);
    for (int i = 0; i < 200; ++i) {
      ASSERT_EQ(real.step(), twin.step()) << "seed " << seed << " step " << i;
    }
    EXPECT_EQ(real.everything(), twin.everything());
    // What was synced is what a reader finds after a power cut, whichever way it got there.
    twin.sync_everything();
    const auto random = seeded_random(seed);
    memory.crash(*random);
    ASSERT_TRUE(memory.exists(root));
    EXPECT_EQ(real.everything(), twin.everything()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace barnabas::storage

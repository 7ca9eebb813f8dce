// The table of errors, row by row, and what the real disk makes of errors that a test can cause
// without a broken device.

#include "storage/error_policy.h"

#include <absl/strings/match.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <vector>

#include "storage/posix_disk.h"

namespace barnabas::storage {
namespace {

constexpr DiskAction kCaller = DiskAction::kCallersBusiness;
constexpr DiskAction kWait = DiskAction::kWaitForSpace;
constexpr DiskAction kGiveUp = DiskAction::kGiveUp;

struct Row {
  int error;
  const char* name;
  std::array<DiskAction, 6> actions;  // open, name, read, write, sync, lock
};

const std::vector<Row> kTable = {
    //                    open     name     read     write    sync     lock
    {EIO, "EIO", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp}},
    {ENOSPC, "ENOSPC", {kWait, kWait, kWait, kWait, kGiveUp, kWait}},
    {EDQUOT, "EDQUOT", {kWait, kWait, kWait, kWait, kGiveUp, kWait}},
    {EFBIG, "EFBIG", {kWait, kWait, kWait, kWait, kGiveUp, kWait}},
    {EMFILE, "EMFILE", {kWait, kWait, kWait, kWait, kGiveUp, kWait}},
    {ENFILE, "ENFILE", {kWait, kWait, kWait, kWait, kGiveUp, kWait}},
    {EROFS, "EROFS", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp}},
    {ENOENT, "ENOENT", {kCaller, kCaller, kCaller, kGiveUp, kGiveUp, kCaller}},
    {EEXIST, "EEXIST", {kCaller, kCaller, kCaller, kGiveUp, kGiveUp, kCaller}},
    {ENOTEMPTY, "ENOTEMPTY", {kCaller, kCaller, kCaller, kGiveUp, kGiveUp, kCaller}},
    {EACCES, "EACCES", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp}},
    {EPERM, "EPERM", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp}},
    {EWOULDBLOCK, "EWOULDBLOCK", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kCaller}},
    {EINVAL, "EINVAL", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp}},
    {ENODEV, "ENODEV", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp}},
    {ESTALE, "ESTALE", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp}},
    {ENOMEM, "ENOMEM", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp}},
    {ENOTDIR, "ENOTDIR", {kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp, kGiveUp}},
};

TEST(ErrorPolicy, EveryOperationAndErrnoHasTheActionOfTheTable) {
  for (const Row& row : kTable) {
    for (size_t i = 0; i < kAllDiskCalls.size(); ++i) {
      const absl::Status status = disk_error(kAllDiskCalls[i], row.error, "try it");
      EXPECT_EQ(action_of(status), row.actions[i])
          << row.name << " of " << to_string(kAllDiskCalls[i]) << ": " << status;
      EXPECT_TRUE(absl::StartsWith(status.message(), "try it: ")) << status;
    }
  }
}

TEST(ErrorPolicy, P13_NoErrorOfASyncIsEverAnythingButTheEndOfTheDisk) {
  for (int error = 1; error < 134; ++error) {
    EXPECT_EQ(action_of(disk_error(DiskCall::kSync, error, "fsync")), kGiveUp) << error;
  }
}

TEST(ErrorPolicy, NoErrnoIsDamageOrSuccess) {
  for (const DiskCall call : kAllDiskCalls) {
    for (int error = 1; error < 134; ++error) {
      const absl::Status status = disk_error(call, error, "try");
      EXPECT_FALSE(status.ok());
      EXPECT_NE(action_of(status), DiskAction::kRefuse);
    }
  }
}

TEST(ErrorPolicy, P18_DamageIsRefusedAndNeverTakenForAbsence) {
  EXPECT_EQ(action_of(absl::DataLossError("checksum")), DiskAction::kRefuse);
  EXPECT_EQ(action_of(absl::NotFoundError("no file")), kCaller);
}

absl::Status write(File& file, uint64_t at, std::string_view bytes) {
  return file.write(at, absl::MakeConstSpan(&bytes, 1));
}

class RealErrors : public ::testing::Test {
 protected:
  RealErrors() {
    const char* base = std::getenv("TEST_TMPDIR");
    root_ = std::string(base != nullptr ? base : "/tmp") + "/error_policy";
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  std::string root_;
};

TEST_F(RealErrors, F33_AFullDeviceIsWaitedFor) {
  PosixDisk disk(nullptr);
  const auto full = disk.open("/dev/full", OpenMode::kReadWrite);
  if (!full.ok()) GTEST_SKIP() << "no /dev/full here";
  const absl::Status refused = write(**full, 0, "x");
  EXPECT_EQ(action_of(refused), kWait) << refused;
  // The disk is not blamed: another file goes on.
  const FilePtr file = *disk.open(root_ + "/f", OpenMode::kCreate);
  ASSERT_TRUE(write(*file, 0, "x").ok());
  EXPECT_TRUE(disk.sync_and_wait({{file}, {root_}}).ok());
}

TEST_F(RealErrors, F33_AFileThatMayNotGrowKeepsWhatItHasAndGoesOnWhenItMay) {
  PosixDisk disk(nullptr);
  const FilePtr file = *disk.open(root_ + "/f", OpenMode::kCreate);
  ASSERT_TRUE(write(*file, 0, std::string(1000, 'a')).ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status refused = write(*file, 1000, "b");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(action_of(refused), kWait) << refused;
  EXPECT_EQ(file->size(), 1000U);
  EXPECT_TRUE(write(*file, 1000, "b").ok());
}

TEST_F(RealErrors, P13_F30_AfterOneFailedSyncTheDiskIsNeverBelievedAgain) {
  PosixDisk disk(nullptr);
  // A device that takes writes but no fsync.
  const auto device = disk.open("/dev/null", OpenMode::kReadWrite);
  ASSERT_TRUE(device.ok()) << device.status();
  const FilePtr file = *disk.open(root_ + "/f", OpenMode::kCreate);
  ASSERT_TRUE(write(*file, 0, "x").ok());
  ASSERT_TRUE(disk.sync_and_wait({{file}, {}}).ok());
  const absl::Status failed = disk.sync_and_wait({{*device}, {}});
  EXPECT_EQ(action_of(failed), kGiveUp) << failed;
  EXPECT_TRUE(absl::StrContains(failed.message(), "failing device")) << failed;
  // It would succeed if it were tried.
  EXPECT_EQ(disk.sync_and_wait({{file}, {}}), failed);
}

TEST_F(RealErrors, AMissingFileIsAnAnswerAndAFileInPlaceOfADirectoryIsNot) {
  PosixDisk disk(nullptr);
  EXPECT_EQ(action_of(disk.open(root_ + "/none", OpenMode::kRead).status()), kCaller);
  ASSERT_TRUE(disk.open(root_ + "/f", OpenMode::kCreate).ok());
  EXPECT_EQ(action_of(disk.open(root_ + "/f/below", OpenMode::kCreate).status()), kGiveUp);
  EXPECT_EQ(action_of(disk.list(root_ + "/f").status()), kGiveUp);
}

TEST_F(RealErrors, F25_ALockThatAnotherHoldsIsAnAnswerThatNamesTheHolder) {
  PosixDisk disk(nullptr);
  const auto held = disk.lock(root_ + "/.lock");
  ASSERT_TRUE(held.ok());
  const absl::Status refused = disk.lock(root_ + "/.lock").status();
  EXPECT_EQ(action_of(refused), kCaller);
  EXPECT_TRUE(absl::StrContains(refused.message(), std::to_string(::getpid()))) << refused;
}

}  // namespace
}  // namespace barnabas::storage

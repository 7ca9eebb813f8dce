// The Disk of the daemons: plain files of the operating system.
//
// Writes and reads go through the page cache. Syncs run on one thread per disk, one after the
// other: on the loop that the owner names (the FlushScheduler's, so that a round costs no thread
// hand-off), or on a thread of this object's own.
//
// P13: after one failed sync every later one fails with the same status, because the kernel has
// marked the pages that it could not write as clean and would report success for them.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/executor.h"
#include "storage/disk.h"

namespace barnabas::storage {

class PosixDisk final : public Disk {
 public:
  PosixDisk();                              // syncs on a thread of its own
  explicit PosixDisk(Executor* sync_loop);  // syncs there: at once if called from there
  ~PosixDisk() override;                    // waits for a sync that is under way

  absl::StatusOr<FilePtr> open(const std::string& path, OpenMode mode) override;
  absl::Status make_directories(const std::string& path) override;
  absl::Status rename(const std::string& from, const std::string& to) override;
  absl::Status unlink(const std::string& path) override;
  absl::Status remove_directory(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> list(const std::string& directory) override;
  bool exists(const std::string& path) override;
  absl::StatusOr<Space> space(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<Lock>> lock(const std::string& path) override;
  void sync(SyncSet set, Executor& loop, SyncDone done) override;
  absl::Status sync_and_wait(const SyncSet& set) override;
  absl::StatusOr<size_t> read_uncached(const std::string& path, uint64_t at,
                                       absl::Span<char> into) override;

 private:
  class Syncs;
  class SyncThread;

  Executor* const sync_loop_;
  const std::shared_ptr<Syncs> syncs_;
  std::unique_ptr<SyncThread> sync_thread_;
};

}  // namespace barnabas::storage

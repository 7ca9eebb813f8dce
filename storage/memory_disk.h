// The Disk of the simulator and of tests: files in memory, with a model of what a machine may do
// to them. Deterministic: what happens is fixed by the calls and by the Random passed in.
//
//   power cut     crash(): of everything that no completed sync has covered, any mixture survives:
//                 single sectors of writes, sizes without data, creations, renames, removals
//   process kill  kill(): the page cache survives, handles and locks do not
//   faults        failing, lying, slow and hung syncs; failing reads and writes; a full disk; bit
//                 rot; cut and zeroed tails; misdirected writes; no power after the n-th change
//
// A sync of a file covers its bytes and its size, not its name: that takes a sync of the
// directory, as POSIX has it.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/random.h"
#include "storage/disk.h"

namespace barnabas::storage {

struct MemoryNode;

class MemoryDisk final : public Disk {
 public:
  MemoryDisk();
  ~MemoryDisk() override;

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

  // ---- The end of a machine or of a process ----
  // Afterwards old handles fail, locks are free, syncs under way never complete, and the faults
  // below are as they were but for the power, which is back.
  void crash(Random& random);
  void kill();
  // The power goes off with the n-th change (write, truncation, creation, rename, removal) from
  // now on: that one and everything after it fails until crash().
  void power_off_after(uint64_t changes);
  uint64_t changes() const;  // so far

  // ---- Copies of the whole medium, for a disk that goes back in time or is there twice ----
  using Image = std::shared_ptr<const MemoryNode>;
  Image image() const;
  // As after crash(), with this on the medium instead.
  void restore(const Image& image);

  // ---- Faults ----
  void set_sync_latency(Duration latency);
  // While held, a sync hangs; letting go lets it and those behind it complete.
  void hold_syncs(bool held);
  // The next `count` syncs fail and lose what they should have written; a negative count: all.
  void fail_syncs(int count);
  void lie_about_syncs(bool lie);  // success, and nothing was done
  void set_capacity(uint64_t bytes);
  // Reads or writes of paths that contain `part` fail; empty: none.
  void fail_reads(std::string part);
  void fail_writes(std::string part);
  // The next write to a path that contains `part` lands `shift` bytes further on.
  void misdirect_next_write(std::string part, uint64_t shift);
  void flip_bit(const std::string& path, uint64_t at, int bit);
  void cut_tail(const std::string& path, uint64_t bytes);
  void zero_tail(const std::string& path, uint64_t bytes);

  uint64_t syncs_completed() const;
  uint64_t reads() const;

 private:
  struct State;
  class OpenFile;
  class HeldLock;

  const std::shared_ptr<State> state_;
};

}  // namespace barnabas::storage

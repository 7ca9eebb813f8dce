// The disk seam. Reads and writes meet the page cache and return at once; durability is a
// completion that arrives later and says which state it covers.
//
// What may be lost: everything written, created, renamed or unlinked since the last completed sync
// that named the file (for its bytes and size) or its directory (for its entries). A sync that
// failed proves nothing, and neither does any later sync of the same file (the kernel has marked
// the pages clean): after a failure the directory is finished (design §1.8).
// Daemons: PosixDisk. Simulator and tests: MemoryDisk, with a crash model.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/executor.h"

namespace barnabas::storage {

// An open file. Positioned reads are thread-safe; writes and truncation need one caller at a time.
class File {
 public:
  virtual ~File() = default;
  // Bytes read: fewer than asked only at the end of the file.
  virtual absl::StatusOr<size_t> read(uint64_t at, absl::Span<char> into) const = 0;
  // All pieces behind each other, whole or an error (then the bytes from `at` on are undefined).
  virtual absl::Status write(uint64_t at, absl::Span<const std::string_view> pieces) = 0;
  virtual absl::Status truncate(uint64_t size) = 0;
  // As this handle knows it: opened with, written and truncated through it. A file that is written
  // through two handles has two sizes.
  virtual uint64_t size() const = 0;
};
using FilePtr = std::shared_ptr<File>;

enum class OpenMode { kRead, kReadWrite, kCreate };  // kCreate: read-write, made if absent

struct SyncSet {
  std::vector<FilePtr> files;
  std::vector<std::string> directories;
};

struct Space {
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
};

class Lock {  // held until destroyed
 public:
  virtual ~Lock() = default;
};

// Paths are absolute or relative to the process; '/' separates. Status codes: kNotFound,
// kAlreadyExists, kResourceExhausted (no space, no descriptors), kUnavailable (lock held by
// another process, which the message names), kDataLoss never (checksums are the callers'),
// kInternal for I/O errors. Thread-safe.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual absl::StatusOr<FilePtr> open(const std::string& path, OpenMode mode) = 0;
  virtual absl::Status make_directories(const std::string& path) = 0;
  virtual absl::Status rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status unlink(const std::string& path) = 0;
  virtual absl::Status remove_directory(const std::string& path) = 0;  // with all that is in it
  virtual absl::StatusOr<std::vector<std::string>> list(
      const std::string& directory) = 0;  // sorted
  virtual bool exists(const std::string& path) = 0;
  virtual absl::StatusOr<Space> space(const std::string& path) = 0;
  virtual absl::StatusOr<std::unique_ptr<Lock>> lock(const std::string& path) = 0;

  using SyncDone = absl::AnyInvocable<void(absl::Status)>;
  // Makes durable what the set names, as it is when the sync begins or later; `done` arrives on
  // `loop`, never from inside this call. Syncs of one disk are carried out in the order they were
  // asked for. A directory that is not there (any more) counts as done: whoever removed it syncs
  // its parent.
  virtual void sync(SyncSet set, Executor& loop, SyncDone done) = 0;
  // The same, waiting: for start-up and for tools, never on a loop that serves.
  virtual absl::Status sync_and_wait(const SyncSet& set) = 0;
  // Reads what the medium holds, past the page cache (S18).
  virtual absl::StatusOr<size_t> read_uncached(const std::string& path, uint64_t at,
                                               absl::Span<char> into) = 0;
};

// "/a" of "/a/b", "." of "b": what is to be synced for a new name `path`.
std::string parent_directory(const std::string& path);
// Writes `bytes` to `path` by way of `path`.tmp, sync, rename, directory sync; waits.
absl::Status replace_file(Disk& disk, const std::string& path, std::string_view bytes);
absl::StatusOr<std::string> read_file(Disk& disk, const std::string& path);

}  // namespace barnabas::storage

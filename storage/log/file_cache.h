// Descriptors of many segments under one limit, so that an idle partition costs none.
//
// A segment keeps a Slot; get() opens its file if need be and may close another slot's, by the
// clock algorithm (second chance). Whoever got a file holds a share in it, so closing a slot never
// pulls it away from a reader, and a log holds what it has not synced yet: a descriptor with
// unsynced writes is never closed, because the kernel reports their failure to open ones only.
//
// Thread-safe; calls for one slot need one caller at a time (the partition's lock).

#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "common/mutex.h"
#include "storage/disk.h"

namespace barnabas::storage {

class FileCache {
 public:
  static constexpr size_t kDefaultLimit = 4096;  // named limit: open segment files per disk

  class Slot {
   public:
    Slot() = default;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    friend class FileCache;
    FilePtr file;
    size_t position = 0;  // in the ring, if file != nullptr
    bool touched = false;
  };

  explicit FileCache(size_t limit = kDefaultLimit) : limit_(limit) {}

  absl::StatusOr<FilePtr> get(Slot& slot, Disk& disk, OpenMode mode,
                              absl::FunctionRef<std::string()> path) EXCLUDES(mutex_);
  // Before a slot dies or its path stops being its file.
  void forget(Slot& slot) EXCLUDES(mutex_);
  size_t open_files() const EXCLUDES(mutex_);

 private:
  void remove(Slot& slot) REQUIRES(mutex_);

  const size_t limit_;
  mutable Mutex mutex_;
  std::vector<Slot*> ring_ GUARDED_BY(mutex_);
  size_t hand_ GUARDED_BY(mutex_) = 0;
};

}  // namespace barnabas::storage

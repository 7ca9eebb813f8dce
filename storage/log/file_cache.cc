#include "storage/log/file_cache.h"

#include <utility>

#include "common/status.h"

namespace barnabas::storage {

absl::StatusOr<FilePtr> FileCache::get(Slot& slot, Disk& disk, OpenMode mode,
                                       absl::FunctionRef<std::string()> path) {
  {
    MutexLock lock(mutex_);
    if (slot.file != nullptr) {
      slot.touched = true;
      return slot.file;
    }
  }
  // Not under the lock: opening may have to read the directory from the medium.
  ASSIGN_OR_RETURN(FilePtr file, disk.open(path(), mode));
  FilePtr evicted;  // closed after the lock is gone
  MutexLock lock(mutex_);
  while (ring_.size() >= limit_ && !ring_.empty()) {
    hand_ %= ring_.size();
    if (std::exchange(ring_[hand_]->touched, false)) {
      ++hand_;
      continue;
    }
    Slot& victim = *ring_[hand_];
    evicted = victim.file;
    remove(victim);
  }
  slot.file = file;
  slot.touched = true;
  slot.position = ring_.size();
  ring_.push_back(&slot);
  return file;
}

void FileCache::forget(Slot& slot) {
  FilePtr closed;
  MutexLock lock(mutex_);
  closed = slot.file;
  if (slot.file != nullptr) remove(slot);
}

size_t FileCache::open_files() const {
  MutexLock lock(mutex_);
  return ring_.size();
}

void FileCache::remove(Slot& slot) {
  Slot* last = ring_.back();
  last->position = slot.position;
  ring_[slot.position] = last;
  ring_.pop_back();
  slot.file.reset();
}

}  // namespace barnabas::storage

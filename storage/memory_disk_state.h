// What is behind a MemoryDisk and the files opened on it. Every member is guarded by `mutex`.

#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "storage/memory_disk.h"
#include "storage/memory_node.h"

namespace barnabas::storage {

struct MemoryDisk::State : std::enable_shared_from_this<MemoryDisk::State> {
  // One change of names, atomic for reads and crashes: a rename edits two entries.
  struct Edit {
    MemoryNodePtr directory;
    std::string name;
    MemoryNodePtr node;  // nullptr: removed
  };
  struct NameChange {
    uint64_t sequence;
    std::vector<Edit> edits;
  };
  struct Place {  // of a path: the directory that holds it, and its last component
    MemoryNodePtr directory;
    std::string name;
  };
  struct Sync {
    std::vector<MemoryNodePtr> files;
    std::vector<std::string> directories;
    Executor* loop = nullptr;
    SyncDone done;
  };

  mutable Mutex mutex;
  MemoryNodePtr root = std::make_shared<MemoryNode>(true);
  std::vector<NameChange> pending_names;
  std::set<std::string> locks;
  uint64_t generation = 1;  // of handles
  uint64_t sequence = 0;    // of changes
  uint64_t used = 0;
  std::deque<Sync> queue;  // the first one is under way if `syncing`
  bool syncing = false;
  uint64_t syncs_completed = 0;
  uint64_t reads = 0;

  Duration latency{0};
  bool held = false;
  int failing_syncs = 0;
  bool lying = false;
  uint64_t capacity = UINT64_MAX;
  uint64_t power_off_at = UINT64_MAX;
  std::string failing_reads;
  std::string failing_writes;
  std::string misdirected;
  uint64_t misdirection = 0;

  MemoryNodePtr find(const std::string& path) const;
  absl::StatusOr<Place> place(const std::string& path) const;
  absl::Status begin_change(const std::string& tried);
  void change_names(std::vector<Edit> edits);
  absl::Status make_durable(const Sync& sync, uint64_t began);
  void forget_handles();
  void start_next_sync();
  void finish_sync(uint64_t started_in, uint64_t began);
};

}  // namespace barnabas::storage

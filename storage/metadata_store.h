// The narrow fifth seam: a sorted map that holds applied metadata, with the applied index in the
// same write batch (P17). RocksDB in the controller, a std::map in the simulator and tests. It
// never guards a vote or a Raft entry: unsynced writes may be lost, and the Raft log replays them.

#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"

namespace barnabas::storage {

struct StoreWrite {
  std::string key;
  std::optional<std::string> value;  // nullopt: delete
};

class MetadataStore {
 public:
  virtual ~MetadataStore() = default;
  // Atomic. `applied` must be above applied().
  virtual absl::Status apply(const std::vector<StoreWrite>& writes, LogIndex applied,
                             Term term) = 0;
  virtual LogIndex applied() const = 0;  // 0: nothing yet
  virtual Term applied_term() const = 0;
  // The index up to which the content survives a crash.
  virtual LogIndex durable_applied() const = 0;
  virtual absl::Status flush() = 0;  // makes everything applied durable; waits
  // In key order, those that begin with `prefix`.
  virtual absl::Status scan(
      std::string_view prefix,
      absl::FunctionRef<void(std::string_view key, std::string_view value)> each) const = 0;
  // Replaces the whole content atomically (a snapshot, or nothing at index 0): it is written
  // aside and switched, so that a crash leaves the old or the new one.
  virtual absl::Status replace(const std::vector<StoreWrite>& content, LogIndex applied,
                               Term term) = 0;
};

// kDataLoss, here or from scan(): the store is damaged. Nothing is promised on it, so it may be set
// aside and begun anew; the Raft log and its snapshots hold all of it (F39, F40).
absl::StatusOr<std::unique_ptr<MetadataStore>> open_rocksdb_store(const std::string& directory);
// Renames it to end in ".damaged" (one is kept). Not while it is open.
absl::Status set_aside_store(const std::string& directory);
std::unique_ptr<MetadataStore> make_map_store();

}  // namespace barnabas::storage

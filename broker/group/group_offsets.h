// The offsets of one group: what is committed, and what is appended on top of it and is not yet
// committed (S26).
//
// Reads see the committed ones only. Decisions (is there anything to delete, is the group without
// offsets) see the working ones: for each partition the newest appended, else the committed.
//
// Plain data: no clock, no log.

#pragma once

#include <absl/container/btree_map.h>
#include <absl/functional/function_ref.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/group/commands.h"

namespace barnabas::group {

struct StoredOffset {
  int64_t offset = -1;
  int32_t leader_epoch = -1;
  std::string metadata;
  int64_t commit_timestamp_ms = -1;
  int64_t expire_timestamp_ms = -1;  // -1: by the broker's retention

  friend bool operator==(const StoredOffset&, const StoredOffset&) = default;
};

// One partition's offset as a record says it; no value: deleted.
struct OffsetChange {
  std::string topic;
  int32_t partition = 0;
  std::optional<StoredOffset> value;
};

class GroupOffsets {
 public:
  using Partitions = absl::btree_map<int32_t, StoredOffset>;
  using Topics = absl::btree_map<std::string, Partitions, std::less<>>;

  // The change is appended as part of `id`; ids only grow.
  void append(const OffsetChange& change, AppendId id);
  // The change, appended as part of `id`, is committed. Also for replay, with id 0.
  void commit(OffsetChange change, AppendId id);

  const Topics& committed() const { return committed_; }
  const StoredOffset* find_committed(std::string_view topic, int32_t partition) const;
  size_t committed_count() const;

  bool working_has(const std::string& topic, int32_t partition) const;
  bool working_empty() const;
  void each_working(absl::FunctionRef<void(const std::string& topic, int32_t partition,
                                           const StoredOffset& offset)>
                        visit) const;

 private:
  struct Appended {
    AppendId id = 0;
    std::optional<StoredOffset> value;
  };
  using Uncommitted = absl::btree_map<std::pair<std::string, int32_t>, Appended>;

  Topics committed_;
  // Nearly always none: a group costs no memory for it.
  std::unique_ptr<Uncommitted> uncommitted_;
};

}  // namespace barnabas::group

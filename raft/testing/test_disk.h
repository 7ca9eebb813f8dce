// What one voter has on disk, in two images: as written (what the process reads back) and as
// durable (what a crash leaves). Unsynced operations keep their order; a crash keeps a prefix of
// them, as recovery of a log with a torn tail does.

#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/random.h"
#include "raft/core/core.h"

namespace barnabas::raft::testing {

struct LogImage {
  EntryId base;
  std::vector<Entry> entries;
  LogIndex last_index() const { return advance(base.index, static_cast<int64_t>(entries.size())); }
  const Entry* at(LogIndex index) const;
  // True for what is here, and for what a snapshot has swallowed.
  bool holds(const EntryId& id) const;
};

class TestDisk final : public EntrySource {
 public:
  // ---- The log ----
  void truncate_above(LogIndex keep);
  void append(const Entry& entry);
  struct Ticket {
    uint64_t operations = 0;
    EntryId last;
    uint64_t replaced = 0;
  };
  Ticket begin_sync() const;
  void complete_sync(const Ticket& ticket);
  bool dirty() const { return !unsynced_.empty(); }

  // ---- The vote file ----
  void write_hard_state(const HardState& state) { written_hard_ = state; }
  void complete_hard_state(const HardState& state) { durable_hard_ = state; }

  // ---- Snapshots: switched atomically, durable at once ----
  void install(const SnapshotOffer& snapshot);
  void take_snapshot(const SnapshotOffer& snapshot) { snapshot_ = snapshot; }
  void compact(const EntryId& base);
  const std::optional<SnapshotOffer>& snapshot() const { return snapshot_; }

  // A power cut: of what was not synced, a random part is left.
  void crash(Random& random);

  const LogImage& written() const { return written_; }
  const LogImage& durable() const { return durable_; }
  const HardState& durable_hard_state() const { return durable_hard_; }
  LogShape shape() const;
  std::vector<ConfigurationAt> configurations() const;

  absl::StatusOr<std::vector<Entry>> read(LogIndex from, LogIndex below,
                                          size_t max_bytes) const override;

 private:
  struct Operation {
    std::optional<LogIndex> keep;  // a truncation
    Entry entry;
  };
  static void apply(const Operation& operation, LogImage& image);

  LogImage written_;
  LogImage durable_;
  std::deque<Operation> unsynced_;
  uint64_t completed_ = 0;  // operations that are durable
  uint64_t replaced_ = 0;   // installs: tickets of before are void
  HardState written_hard_;
  HardState durable_hard_;
  std::optional<SnapshotOffer> snapshot_;
};

}  // namespace barnabas::raft::testing

// The Raft log on disk: entries as v2 batches (entry_codec.h) in a storage::Log, with one sync in
// flight at a time and appends going on meanwhile (they are the next round).
//
// It never goes through a journal (S24): it has one file to sync. Each entry names the last round
// known to be synced (S6); the newest round's own proof is round(), for the vote file to remember.
//
// Single-threaded, on `loop`. Errors: kResourceExhausted, nothing of the failed call was kept (disk
// full). Any other: what the disk holds is not known, the node is finished (P13).

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/executor.h"
#include "raft/core/log_view.h"
#include "raft/entry_codec.h"
#include "storage/disk.h"
#include "storage/log/log.h"

namespace barnabas::raft {

class LogStore final : public EntrySource {
 public:
  // Recovers, waits for the medium. `claimed`: round(), as the vote file last remembered it.
  // kDataLoss: see scan_log().
  static absl::StatusOr<std::unique_ptr<LogStore>> open(storage::Disk& disk, Executor& loop,
                                                        const std::string& directory,
                                                        const SyncedRound& claimed,
                                                        int64_t segment_bytes);
  ~LogStore();

  // What open() found, all of it durable.
  const LogShape& shape() const { return shape_; }
  // The base's term is not known from an empty log: the snapshot that it stands behind knows.
  void set_base(const EntryId& base) { shape_.base = base; }
  // Of shape()'s entries.
  const std::vector<ConfigurationAt>& configurations() const { return configurations_; }
  // A tail was cut that may have been promised.
  bool cut_tail() const { return cut_tail_; }

  LogIndex last_index() const { return LogIndex{log_->end().value() - 1}; }
  const SyncedRound& round() const { return round_; }
  uint64_t size_bytes() const { return log_->size_bytes(); }

  // Contiguous with the log. `previous_term`: of the entry below the first.
  absl::Status append(absl::Span<const Entry> entries, Term previous_term);

  // The lowest claim that anybody may still hold must lie at or below keep + 1: the caller has the
  // vote file lowered first. Waits for the disk if durable entries go (rare: a deposed leader's
  // tail), so that no crash can mix what was replaced with what replaced it.
  absl::Status truncate_above(LogIndex keep);
  absl::Status restart_behind(const EntryId& base);  // waits
  // Drops whole segments below; returns the index of the first entry that is left.
  absl::StatusOr<LogIndex> drop_below(LogIndex index);

  // Is there anything that the last begun sync does not cover?
  bool dirty() const { return dirty_; }
  bool syncing() const { return syncing_; }
  // One round: everything appended so far. `done` comes on the loop, with the last entry covered.
  using Synced = absl::AnyInvocable<void(absl::Status, EntryId last)>;
  void sync(EntryId last, Synced done);

  absl::StatusOr<std::vector<Entry>> read(LogIndex from, LogIndex below,
                                          size_t max_bytes) const override;

  absl::Status close() { return log_->close(); }

 private:
  LogStore(storage::Disk& disk, Executor& loop, std::unique_ptr<storage::Log> log, LogShape shape);
  absl::Status flush_and_wait();
  void reset_round(LogIndex end);
  SyncedRound take_round(LogIndex end);

  storage::Disk& disk_;
  Executor& loop_;
  std::unique_ptr<storage::Log> log_;
  LogShape shape_;
  std::vector<ConfigurationAt> configurations_;
  bool cut_tail_ = false;
  SyncedRound round_;  // the last one that is known to be synced
  // Entries that no completed round covers, in order.
  std::deque<std::pair<EntryId, uint32_t>> unsynced_;
  bool dirty_ = false;
  bool syncing_ = false;
  Offset reported_end_;  // some sync() said that everything below is on disk
  // Completions find out whether the store is still there.
  std::shared_ptr<LogStore*> self_ = std::make_shared<LogStore*>(this);
};

}  // namespace barnabas::raft

// All that one voter has on disk, and what a start makes of it:
//
//   vote            vote_file.h
//   log/            log_store.h
//   snapshots/      snapshot_store.h
//
// and the state machine's own store, which is brought into the log's bounds (S4).

#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>

#include "raft/core/core.h"
#include "raft/log_store.h"
#include "raft/node.h"
#include "raft/snapshot_store.h"
#include "raft/vote_file.h"

namespace barnabas::raft {

// While the log is being replaced by a snapshot that ends with `last`, this stands in the vote file
// as the last round: whatever is left of the log when the process ends in the middle counts for
// nothing, and the next start completes the switch.
inline SyncedRound switching_behind(LogIndex last) { return {last.next(), LogIndex{0}, 0}; }
inline bool is_switch(const SyncedRound& round) { return round.begin > round.end; }

struct NodeStorage {
  std::unique_ptr<VoteFile> votes;
  VoteRecord record;  // as it is on disk
  std::unique_ptr<LogStore> log;
  std::unique_ptr<SnapshotStore> snapshots;
  Recovered recovered;
};

// Waits for the disk. Durable when it returns: this start is counted, and if a tail was cut that
// may have been promised, that this node abstains (S6).
absl::StatusOr<NodeStorage> recover_storage(const Options& options, storage::Disk& disk,
                                            Executor& loop, StateMachine& machine);

}  // namespace barnabas::raft

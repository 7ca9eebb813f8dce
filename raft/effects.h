// What the core is told (events) and what it wants done (effects). Both are data: whoever runs a
// core, the daemon's node or the simulator, carries the effects out in the order in which they
// stand here, and knows nothing of Raft.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "raft/message.h"

namespace barnabas::raft {

// What must survive every crash before anything is said that rests on it.
struct HardState {
  Term term;
  std::optional<VoterId> vote;
  // This node cut a log tail that it may have promised, and no leader has made it whole yet (S6).
  bool abstaining = false;
  friend bool operator==(const HardState&, const HardState&) = default;
};

// ---- Events ----

struct TimerFired {};
struct Received {
  Message message;
};
// The hard state given out with an earlier persist is on disk.
struct HardStateDone {
  HardState state;
};
// A sync of the log that was issued when the node was in term `issued_in`, and its log ended with
// `last`, is complete. The index alone would not do: the suffix may have been replaced since, even
// by entries of the same ids that are not on disk (P20).
struct AppendDone {
  EntryId last;
  Term issued_in;
};
// Everything up to here, of what `apply` gave out, is in the state machine.
struct Applied {
  LogIndex index;
};
struct Propose {
  Buffer payload;
};
// Change who votes. A new voter is first brought up to date, which may take long.
struct VoterAdded {
  VoterId voter;
  Endpoint endpoint;
};
struct VoterRemoved {
  VoterId voter;
};
// Hand leadership over; nullopt: to the voter whose log is the most complete.
struct TransferAsked {
  std::optional<VoterId> to;
};
struct ReadAsked {
  uint64_t id = 0;
};
// A link from or to this voter's process has ended, resp. is there.
struct LinkClosed {
  VoterId peer;
};
struct LinkOpened {
  VoterId peer;
};
// A durable snapshot of this node's own state may be offered to others.
struct SnapshotTaken {
  SnapshotOffer snapshot;
};
// The log behind a durable snapshot was dropped from storage: `base` is the last entry that is
// gone.
struct Compacted {
  EntryId base;
};
// An offered snapshot is here, verified and durable beside the present state.
struct SnapshotArrived {
  SnapshotOffer snapshot;
};
// It has been switched to, and the log begins anew behind it.
struct SnapshotInstalled {
  SnapshotOffer snapshot;
};

using Event =
    std::variant<TimerFired, Received, HardStateDone, AppendDone, Applied, Propose, VoterAdded,
                 VoterRemoved, TransferAsked, ReadAsked, LinkClosed, LinkOpened, SnapshotTaken,
                 Compacted, SnapshotArrived, SnapshotInstalled>;

// ---- Effects ----

enum class Role { kFollower, kPreCandidate, kCandidate, kLeader };
const char* to_string(Role role);

struct RoleChange {
  Role role = Role::kFollower;
  Term term;
  std::optional<VoterId> leader;
};

struct ReadOutcome {
  uint64_t id = 0;
  bool confirmed = false;  // false: this node does not lead (any more); nothing may be answered
};

struct SnapshotFetch {
  VoterId from;
  SnapshotOffer snapshot;
};

struct Effects {
  // Durable first, then HardStateDone.
  std::optional<HardState> persist;

  // The log keeps [.., keep]; what is above is replaced. Always durable together with or before
  // what is appended after it (S17).
  std::optional<LogIndex> truncate_above;
  std::vector<Entry> append;  // then AppendDone, after a sync
  bool sync_again = false;  // a completion was too old to count: one more sync, one more AppendDone

  std::vector<Message> send_now;
  // Only when the last hard state given out, in this or an earlier batch, is durable.
  std::vector<Message> send_after_sync;

  std::vector<Entry> apply;                          // committed, in order; then Applied
  std::optional<absl::StatusOr<LogIndex>> proposed;  // the answer to Propose
  std::vector<ReadOutcome> reads;                    // after `apply`
  // The change of the voters that was asked for: its entry, as soon as there is one, or why there
  // will be none.
  std::optional<absl::StatusOr<LogIndex>> changed;
  // Leadership is not handed over, and why. That it is handed over shows in `role`.
  std::optional<absl::Status> transfer_refused;
  bool configured = false;  // other voters, or other ones are fed: who is to be reached has changed

  std::optional<SnapshotFetch> fetch;
  std::optional<SnapshotOffer> install;  // then SnapshotInstalled

  std::optional<RoleChange> role;
  bool ready = false;  // leader: an entry of its own term has been applied (S2)

  // The log could not be read where it must be: the node is finished.
  absl::Status fatal;

  Instant next_timer;  // TimerFired is due then, not before
};

}  // namespace barnabas::raft

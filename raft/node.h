// One member of the controller quorum, as the controller above it sees it: the Raft core together
// with its log, its vote file and its links to the other voters.
//
//   unformed --formation (S5)--> follower <--> pre-candidate <--> candidate --> leader
//                                   ^----------------------------------------------/
//
// Single-threaded: every call and every callback is on the executor given to start(). Entries are
// opaque bytes here: one entry is one decision (S1).
//
// From every callback but apply(), snapshot() and restore() the machine may propose, and what it
// proposes is appended when propose() returns: last_index() has moved, or nothing was appended.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/executor.h"
#include "common/histogram.h"
#include "common/ids.h"
#include "common/random.h"
#include "common/transport.h"
#include "common/uuid.h"
#include "storage/disk.h"

namespace barnabas::raft {

struct Voter {
  ControllerId id;
  Uuid directory;  // voter = (id, directory): a wiped disk is another voter
  Endpoint endpoint;
};

struct Options {
  ControllerId self;
  // From `controller.quorum.voters`: where to look for the others. Who votes is decided once, at
  // formation, and then stands in the log (S5).
  std::vector<Voter> peers;  // self included; directories unknown (none) here
  std::string directory;     // the node's data directory (vote file, log/, snapshots/)
  Uuid directory_id;
  Duration heartbeat{std::chrono::milliseconds(200)};
  Duration election_timeout_min{std::chrono::milliseconds(800)};
  Duration election_timeout_max{std::chrono::milliseconds(1400)};
  // Limits, each with its "busy" answer.
  size_t max_uncommitted_bytes = size_t{64} << 20;
  size_t max_entry_bytes = size_t{8} << 20;
  size_t max_append_bytes = size_t{1} << 20;  // per message; below the transport's limit
  size_t max_inflight_messages = 64;          // per follower
  size_t snapshot_chunk_bytes = size_t{1} << 20;
  uint64_t snapshot_after_bytes = uint64_t{20} << 20;  // of log behind the last snapshot
};

// What the quorum drives. apply() must not fail: what could be wrong was refused when deciding.
class StateMachine {
 public:
  // Committed entries in order, each once per incarnation, only up to min(commit, own durable
  // end) (S4). An entry of the Raft layer itself has an empty payload.
  virtual void apply(LogIndex index, Term term, std::string_view payload) = 0;
  // After a run of apply() calls that were ready together: one store batch, answers, pushes.
  virtual void applied_batch() = 0;
  // What the state machine holds at start (its store), and what of it survives a crash: the log
  // is cut only behind the latter.
  virtual LogIndex applied() const = 0;
  virtual Term applied_term() const = 0;
  virtual LogIndex durable_applied() const = 0;
  virtual absl::Status flush() = 0;

  // This node leads `term`, and its log is known: the first entry of its own term is committed and
  // applied (S2). Until then propose() refuses.
  virtual void leading(Term term) = 0;
  // It does not lead (any more). Proposals in flight have been answered "unknown outcome" before.
  virtual void following(Term term, std::optional<ControllerId> leader) = 0;

  // The whole applied state as one blob, and its replacement by one from a leader. Restoring the
  // empty blob at index 0 gives the state before the first entry: what a store that contradicts the
  // log is made anew from (S4).
  virtual std::string snapshot() = 0;
  virtual absl::Status restore(LogIndex index, Term term, std::string_view snapshot) = 0;

 protected:
  ~StateMachine() = default;
};

enum class MemberKind {
  kVoter,
  kLearner,   // being brought up to date before it votes; only its leader knows
  kObserver,  // has introduced itself to the leader and is not fed
};
const char* to_string(MemberKind kind);  // "voter", "learner", "observer"

struct ProgressView {  // for `barnabas quorum status`
  ControllerId id;
  Uuid directory;
  LogIndex match;  // durable on that member, as the leader knows it
  Duration since_contact{};
  bool snapshotting = false;
  MemberKind kind = MemberKind::kVoter;
  Endpoint endpoint = {};  // none: not known
  bool caught_up = false;  // a learner: it has what there was when its last round began
};

// What this node has counted since its start.
struct Counters {
  Histogram::Snapshot commit;  // microseconds from proposing to applied, of what was committed
  int64_t sent_messages = 0, sent_bytes = 0;
  int64_t received_messages = 0, received_bytes = 0;
  int64_t terms_led = 0;
};

struct Status {
  std::string cluster_id;  // empty: not formed yet
  std::string role;        // "unformed", "follower", "candidate", "leader"
  Term term;
  std::optional<ControllerId> vote;  // in this term
  std::optional<ControllerId> leader;
  LogIndex commit;  // as this node knows it
  LogIndex applied;
  LogIndex first;  // of the log; what is below is in the snapshot
  LogIndex last;
  LogIndex durable;   // own durable end
  LogIndex snapshot;  // 0: none
  // Voters by the newest configuration of this node's log, then, on the leader only, learners and
  // observers. Match and contact: leader only.
  std::vector<ProgressView> members;
  LogIndex configuration_index;             // of the entry that made these the voters; 0: founding
  bool change_pending = false;              // a change of the voters is under way here
  std::optional<ControllerId> transfer_to;  // leadership is being handed over
  std::string trouble;  // why this node does not vote, when it does not (S6, damage); else empty
  Counters counters;
};

class Node {
 public:
  // Recovers log and vote file and begins to take part. Errors: a directory of another node or
  // cluster, damage that must not be repaired by forgetting (kDataLoss).
  static absl::StatusOr<std::unique_ptr<Node>> start(Options options, storage::Disk& disk,
                                                     Transport& transport, Executor& loop,
                                                     Random& random, StateMachine& machine);
  virtual ~Node() = default;

  // Links that other controllers opened to us (the composition root owns the listening port).
  virtual void accept(Channel channel, LinkPtr link) = 0;

  // kUnavailable: not the leader (yet), nothing was appended. kResourceExhausted: the uncommitted
  // limit is reached, or the entry is too large; nothing was appended. kAborted: leadership ended
  // while the entry was in flight: its outcome is unknown. OK carries the entry's index and arrives
  // after the entry has been applied here.
  using Proposed = absl::AnyInvocable<void(absl::StatusOr<LogIndex>)>;
  virtual void propose(std::string payload, Proposed done) = 0;

  // Confirms that this node is still the leader and has applied everything committed before the
  // call (read-index; no leases). kUnavailable / kAborted: answer nothing from this state (S3).
  using ReadReady = absl::AnyInvocable<void(absl::Status)>;
  virtual void read_index(ReadReady done) = 0;

  // Changes who votes, one voter at a time. OK: the change is committed and applied here. The one
  // to be added has introduced itself under this node id; it is brought up to date first, and that
  // may take long. kNotFound: nobody of this id is known. kAlreadyExists: it votes already.
  // kFailedPrecondition: another change is under way, or the rest could not be a quorum.
  // kUnavailable: not the leader (yet); nothing was done. kDeadlineExceeded: the new one did not
  // get on; nothing has changed. kAborted: the outcome is unknown, the configuration tells.
  using Changed = absl::AnyInvocable<void(absl::Status)>;
  virtual void add_voter(ControllerId id, Changed done) = 0;
  // `directory` is needed only while two voters share the node id (a wiped disk is being replaced).
  virtual void remove_voter(ControllerId id, std::optional<Uuid> directory, Changed done) = 0;
  // Hands leadership to this voter; nullopt: to the one whose log is the most complete. OK: another
  // node leads. While it goes on proposals are refused (kUnavailable). kNotFound: no such voter.
  // kDeadlineExceeded: given up, this node leads as before.
  virtual void transfer_leadership(std::optional<ControllerId> to, Changed done) = 0;
  // Where this controller can be reached: from the configuration in the log, else from the
  // configuration file, else from its own introduction.
  virtual std::optional<Endpoint> endpoint_of(ControllerId id) const = 0;

  virtual bool is_leading() const = 0;  // leading(term) has been called for the present term
  virtual std::optional<ControllerId> leader() const = 0;
  virtual Term term() const = 0;
  virtual Status status() const = 0;
  // Index of the last entry this leader has appended (committed or not): what an answer that
  // appends nothing must wait for (S3).
  virtual LogIndex last_index() const = 0;

  // Why the node stopped taking part for good (failed disk, broken storage); empty while it runs.
  virtual void on_fatal(absl::AnyInvocable<void(absl::Status)> handler) = 0;
};

}  // namespace barnabas::raft

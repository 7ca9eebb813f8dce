// One voter's consensus state machine: (state, event, now) -> (state', effects).
//
//              timer / closed leader link
//   follower -------------------------> pre-candidate --majority would vote--> candidate
//      ^  ^                                  |                                    | majority votes
//      |  \------- a leader is heard --------/------------------------------------+
//      |                                                                          v
//      \---- higher term, no quorum within the election timeout, own disk ---- leader
//
// Promises: the invariants I1-I21 of consensus, under loss, duplication, reordering and delay of
// messages and crashes that lose what was not synced. It owns no thread, clock, socket or file.
//
// Why it is safe to run without waiting: whatever rests on durable state leaves through one door,
// send(), which looks whether the hard state is on disk; acknowledgements repeat only what
// AppendDone has said about this log and no other; the leader's own entries count the same way (S4,
// P30); and an old term's entry is committed only under one of the leader's own term (P1).
//
// Who votes is what the newest configuration of this log says, committed or not. It is never asked
// whose configuration the sender of a question is in: a candidate counts only the votes of its own
// configuration, and a live leader's followers protect it from everybody else (P5).

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/random.h"
#include "raft/core/configuration_history.h"
#include "raft/core/log_view.h"
#include "raft/core/progress.h"
#include "raft/core/quorum.h"
#include "raft/core/reads.h"
#include "raft/core/votes.h"
#include "raft/effects.h"

namespace barnabas::raft {

struct CoreOptions {
  VoterId self;
  Configuration configuration;  // the founding one
  uint64_t boot = 0;            // counts this voter's starts
  Duration heartbeat{std::chrono::milliseconds(200)};
  Duration election_timeout_min{std::chrono::milliseconds(800)};
  Duration election_timeout_max{std::chrono::milliseconds(1400)};
  // S7: elections after a closed leader link, and after a start, begin within this, and are retried
  // on this scale so many times before the ordinary timeout takes over.
  Duration stagger{std::chrono::milliseconds(50)};
  int staggered_attempts = 10;
  size_t max_append_bytes = size_t{1} << 20;
  InflightLimits inflight;
  size_t max_uncommitted_bytes = size_t{64} << 20;
  size_t max_entry_bytes = size_t{8} << 20;
  size_t max_apply_bytes = size_t{4} << 20;
  // A voter to be added that is this far behind, at most, is as good as up to date.
  int64_t max_learner_lag = 1000;
  Duration learner_patience{std::chrono::seconds(10)};  // with one that does not get on
};

// What a start found. Hard state and log are durable; the state machine is within the log (S4).
struct Recovered {
  HardState hard;
  LogShape log;
  LogIndex applied;
  std::optional<SnapshotOffer> snapshot;  // the newest that can be offered; covers log.base
  // Ascending: the one that held at log.base, if it is not the founding one, and those of the
  // log's entries.
  std::vector<ConfigurationAt> configurations = {};
};

// A voter to be, while the leader brings it up to date.
struct Learner {
  VoterId voter;
  Endpoint endpoint;
  LogIndex round_end;  // where the log ended when this round of catching up began
  Instant round_began;
};

class Core {
 public:
  Core(CoreOptions options, Recovered recovered, const EntrySource& source,
       std::unique_ptr<Random> random, Instant now);

  // The effects of one event, added to `out`, which should be empty. All local invariants are
  // checked before it returns.
  void step(Event event, Instant now, Effects& out);

  Role role() const { return role_; }
  Term term() const { return hard_.term; }
  const HardState& hard_state() const { return hard_; }
  std::optional<VoterId> leader() const { return leader_; }
  bool ready() const { return role_ == Role::kLeader && ready_; }
  LogIndex commit() const { return commit_; }
  LogIndex applied() const { return applied_; }
  const LogView& log() const { return log_; }
  // The log up to here is known to be the present leader's.
  LogIndex verified() const { return verified_; }
  // Leading: of the other voters, of the learner, and for a while of those that were removed.
  const std::map<VoterId, Progress>& progress() const { return progress_; }
  const ConfigurationHistory& configurations() const { return history_; }
  const Configuration& configuration() const { return history_.latest().configuration; }
  const std::optional<Learner>& learner() const { return learner_; }
  // The newest configuration is, as far as this node knows, not committed.
  bool change_pending() const { return history_.latest().index > commit_; }
  std::optional<VoterId> transfer_to() const {
    return handover_.has_value() ? std::optional(handover_->to) : std::nullopt;
  }
  const CoreOptions& options() const { return options_; }
  Instant next_timer() const;

 private:
  struct Before;  // what the invariants compare with

  void on(TimerFired);
  void on(Received event);
  void on(HardStateDone event);
  void on(AppendDone event);
  void on(Applied event);
  void on(Propose event);
  void on(VoterAdded event);
  void on(VoterRemoved event);
  void on(TransferAsked event);
  void on(ReadAsked event);
  void on(LinkClosed event);
  void on(LinkOpened event);
  void on(SnapshotTaken event);
  void on(Compacted event);
  void on(SnapshotArrived event);
  void on(SnapshotInstalled event);

  // ---- Terms and elections (core_election.cc) ----
  void handle(const Message& message, const PreVoteRequest& request);
  void handle(const Message& message, const PreVoteReply& reply);
  void handle(const Message& message, const VoteRequest& request);
  void handle(const Message& message, const VoteReply& reply);
  void handle(const Message& message, const TimeoutNow& request);
  bool sticky() const;
  bool log_is_up_to_date(const EntryId& last) const;
  bool may_campaign() const;
  std::vector<VoterId> electorate() const;
  bool won() const;
  void ask_before_campaign();
  void campaign(bool transfer);
  void become_follower(Term term, std::optional<VoterId> leader);
  void become_leader();
  void heard_leader(const VoterId& leader);
  void hasten_election();
  void end_leadership();
  void check_quorum();
  bool own_disk_hangs() const;
  Duration ordinary_timeout();
  Duration retry_timeout();

  // ---- Leading (core_leader.cc) ----
  void handle(const Message& message, const AppendReply& reply);
  void handle(const Message& message, const HeartbeatReply& reply);
  Progress* follower_of(const Message& message);
  void acknowledged(const VoterId& peer, Progress& progress, LogIndex match);
  void append_own(Buffer payload, bool configures);
  void feed(const VoterId& peer, Progress& progress);
  void feed_all();
  void offer(const VoterId& peer, Progress& progress);
  void send_heartbeats();
  void tell_commit(const VoterId& peer, Progress& progress);
  void advance_commit();
  void confirm_rounds();
  void answer_reads();

  // ---- Who votes and who leads (core_members.cc) ----
  bool hears(const VoterId& voter) const;
  absl::Status may_change() const;
  LogIndex append_configuration(const Configuration& next);
  void configure(const Entry& entry);
  void consider_learner();
  void drop_departed();
  void leave_if_removed();
  std::optional<VoterId> most_complete() const;
  void consider_handover();
  LogIndex match_of(const VoterId& voter) const;
  bool works(const VoterId& voter) const;

  // ---- Following (core_follower.cc) ----
  void handle(const Message& message, const AppendRequest& request);
  void handle(const Message& message, const Heartbeat& heartbeat);
  void handle(const Message& message, const SnapshotOffer& offer);
  void refuse_append(const Message& message, const AppendRequest& request);
  LogIndex acknowledgeable() const;
  void acknowledge();
  void commit_to(LogIndex index);
  void apply_more();
  void end_abstention();

  // ---- The door ----
  void send(const VoterId& to, Body body);
  void set_hard_state(const HardState& state);

  void check_invariants(const Before& before) const;

  CoreOptions options_;
  std::unique_ptr<Random> random_;
  Instant now_;
  Effects* out_ = nullptr;

  HardState hard_;
  HardState durable_hard_;
  LogView log_;
  LogIndex commit_;
  LogIndex applying_;  // given out with `apply`
  LogIndex applied_;
  std::optional<SnapshotOffer> snapshot_;
  ConfigurationHistory history_;

  Role role_ = Role::kFollower;
  std::optional<VoterId> leader_;
  Instant leader_heard_;
  bool leader_link_closed_ = false;
  LogIndex verified_;
  std::optional<SnapshotOffer> fetching_;
  bool installing_ = false;
  Instant election_at_;
  int staggered_left_ = 0;
  Votes votes_;

  std::map<VoterId, Progress> progress_;
  std::optional<Learner> learner_;
  // Removed, and fed until then, so that they learn of it; none while that is not committed.
  std::map<VoterId, std::optional<Instant>> departed_;
  struct Handover {
    VoterId to;
    Instant give_up;
    bool told = false;  // since the last heartbeat
  };
  std::optional<Handover> handover_;
  Reads reads_;
  LogIndex term_start_;  // the first entry of the own term
  bool ready_ = false;
  size_t uncommitted_bytes_ = 0;
  std::deque<std::pair<LogIndex, size_t>> uncommitted_;
  Instant heartbeat_at_;
  Instant quorum_at_;
  std::optional<Instant> unsynced_since_;  // the own disk owes an answer since
  bool term_raised_at_start_ = false;
};

}  // namespace barnabas::raft

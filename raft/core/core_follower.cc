// What a follower does: verify, append, acknowledge what is durable, take a snapshot.

#include <glog/logging.h>

#include <algorithm>

#include "common/probe.h"
#include "raft/core/core.h"

namespace barnabas::raft {

// Identical to the leader's log and on this disk. Nothing else is ever promised: not on an empty
// request, not on a repeated one (P15).
LogIndex Core::acknowledgeable() const {
  if (planted("raft: acknowledges before the sync")) return verified_;
  if (planted("raft: acknowledges an unverified tail")) return log_.durable();
  return std::min(verified_, log_.durable());
}

void Core::acknowledge() {
  if (role_ != Role::kFollower || !leader_.has_value()) return;
  send(*leader_, AppendReply{true, acknowledgeable(), {}, {}});
}

void Core::handle(const Message& message, const AppendRequest& request) {
  heard_leader(message.from);
  if (installing_) return;
  // What lies at or below the commit index is the same everywhere: such entries are skipped unread.
  size_t skip = 0;
  EntryId previous = request.previous;
  while (previous.index < commit_ && skip < request.entries.size()) {
    previous = request.entries[skip].id();
    ++skip;
  }
  if (!log_.matches(previous) && previous.index > commit_) {
    refuse_append(message, request);
    return;
  }
  CHECK(previous.index < log_.base().index || log_.matches(previous))
      << "I4: a leader's committed entry at " << previous.index << " is another one here";
  bool appended = false;
  for (; skip < request.entries.size(); ++skip) {
    const Entry& entry = request.entries[skip];
    if (entry.index <= log_.last_index()) {
      if (log_.matches(entry.id())) continue;
      CHECK(entry.index > commit_) << "I14: a leader asks to replace committed entries";
      const LogIndex keep{entry.index.value() - 1};
      log_.truncate_above(keep);
      if (history_.latest().index > keep) {
        reached("raft: a change of the voters was undone");
        history_.truncate_above(keep);
        out_->configured = true;
      }
      verified_ = std::min(verified_, keep);
      out_->truncate_above = keep;
    }
    log_.append(entry);
    if (entry.configures) configure(entry);
    out_->append.push_back(entry);
    appended = true;
  }
  const LogIndex last =
      request.entries.empty() ? request.previous.index : request.entries.back().index;
  verified_ = std::max(verified_, last);
  commit_to(std::min(request.commit, verified_));
  if (appended) {
    if (!unsynced_since_.has_value()) unsynced_since_ = now_;
    if (planted("raft: acknowledges before the sync")) acknowledge();
  } else {
    acknowledge();
  }
}

void Core::refuse_append(const Message& message, const AppendRequest& request) {
  const EntryId hint = log_.last_not_above(request.previous.index, request.previous.term);
  send(message.from, AppendReply{false, {}, request.previous.index, hint});
}

void Core::handle(const Message& message, const Heartbeat& heartbeat) {
  heard_leader(message.from);
  commit_to(std::min(heartbeat.commit, verified_));
  if (heartbeat.round != 0) {
    send(message.from, HeartbeatReply{heartbeat.round, acknowledgeable()});
  }
}

void Core::commit_to(LogIndex index) { commit_ = std::max(commit_, index); }

void Core::handle(const Message& message, const SnapshotOffer& offer) {
  heard_leader(message.from);
  if (installing_) return;
  const bool have = offer.last.index <= commit_ || log_.matches(offer.last);
  if (have) {
    // A snapshot holds committed entries only, so this much of the log agrees with it.
    verified_ = std::max(verified_, offer.last.index);
    commit_to(offer.last.index);
    fetching_.reset();
    acknowledge();
    return;
  }
  fetching_ = offer;
  out_->fetch = SnapshotFetch{message.from, offer};
}

void Core::on(SnapshotArrived event) {
  if (!fetching_.has_value() || fetching_->last != event.snapshot.last) return;
  fetching_.reset();
  if (role_ == Role::kLeader || event.snapshot.last.index <= commit_) return;
  if (log_.matches(event.snapshot.last)) {
    verified_ = std::max(verified_, event.snapshot.last.index);
    commit_to(event.snapshot.last.index);
    acknowledge();
    return;
  }
  installing_ = true;
  out_->install = event.snapshot;
}

void Core::on(SnapshotInstalled event) {
  CHECK(installing_);
  installing_ = false;
  log_.restart_behind(event.snapshot.last);
  const bool tells = !event.snapshot.configuration.configuration.voters.empty() &&
                     !planted("raft: snapshot without configuration");
  history_.restart_behind(tells ? event.snapshot.configuration
                                : ConfigurationAt{LogIndex{0}, options_.configuration});
  out_->configured = true;
  commit_ = event.snapshot.last.index;
  applying_ = commit_;
  applied_ = commit_;
  verified_ = commit_;
  snapshot_ = event.snapshot;
  unsynced_since_.reset();
  acknowledge();
}

// Whole again: this log, on disk, holds everything that was committed before the present leader's
// term began, and with it whatever a lost tail may have held (S6).
void Core::end_abstention() {
  if (!hard_.abstaining || commit_.value() == 0) return;
  if (log_.term_at(commit_) != hard_.term) return;
  const bool whole = role_ == Role::kLeader ? log_.durable() >= commit_
                                            : leader_.has_value() && acknowledgeable() >= commit_;
  if (!whole) return;
  HardState state = hard_;
  state.abstaining = false;
  set_hard_state(state);
}

}  // namespace barnabas::raft

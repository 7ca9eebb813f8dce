// What a leader does: append, feed the followers, commit, confirm reads.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>

#include "common/probe.h"
#include "raft/core/core.h"

namespace barnabas::raft {

void Core::on(Propose event) {
  if (!ready()) {
    out_->proposed = absl::UnavailableError("not the leader, or not yet sure of its log");
    return;
  }
  if (handover_.has_value() || !configuration().contains(options_.self)) {
    reached("raft: a leader that is going refused a proposal");
    out_->proposed = absl::UnavailableError("leadership is being handed over");
    return;
  }
  const size_t size = event.payload.size();
  if (size == 0) {
    out_->proposed = absl::InvalidArgumentError("an empty entry is the Raft layer's own");
  } else if (size > options_.max_entry_bytes) {
    out_->proposed = absl::ResourceExhaustedError(absl::StrCat(
        "an entry of ", size, " bytes is above the limit of ", options_.max_entry_bytes, " bytes"));
  } else if (uncommitted_bytes_ > 0 && uncommitted_bytes_ + size > options_.max_uncommitted_bytes) {
    out_->proposed = absl::ResourceExhaustedError(absl::StrCat(
        "busy: ", uncommitted_bytes_, " bytes are waiting to be committed, the limit is ",
        options_.max_uncommitted_bytes));
  } else {
    append_own(std::move(event.payload), false);
    out_->proposed = log_.last_index();
    feed_all();
  }
}

void Core::append_own(Buffer payload, bool configures) {
  Entry entry{log_.last_index().next(), hard_.term, std::move(payload), configures};
  uncommitted_.emplace_back(entry.index, entry.payload.size());
  uncommitted_bytes_ += entry.payload.size();
  out_->append.push_back(entry);
  if (configures) configure(entry);
  log_.append(std::move(entry));
  if (!unsynced_since_.has_value()) unsynced_since_ = now_;
  if (planted("raft: acknowledges before the sync")) advance_commit();
}

void Core::feed_all() {
  for (auto& [peer, progress] : progress_) feed(peer, progress);
}

// Followers get entries before the leader's own disk has them; only counting waits.
void Core::feed(const VoterId& peer, Progress& progress) {
  while (role_ == Role::kLeader && progress.may_send(options_.inflight)) {
    const LogIndex next = progress.next();
    if (next > log_.last_index() && progress.state() == Progress::State::kReplicate) return;
    const LogIndex previous{next.value() - 1};
    if (previous < log_.base().index) {
      offer(peer, progress);
      return;
    }
    absl::StatusOr<std::vector<Entry>> entries =
        log_.read(next, log_.last_index().next(), options_.max_append_bytes);
    if (!entries.ok()) {
      out_->fatal = entries.status();
      return;
    }
    size_t bytes = 0;
    for (const Entry& entry : *entries) bytes += entry.payload.size();
    const LogIndex last = entries->empty() ? previous : entries->back().index;
    AppendRequest request{{previous, *log_.term_at(previous)}, commit_, *std::move(entries)};
    send(peer, std::move(request));
    progress.told_commit = std::min(commit_, last);
    progress.sent(last, bytes);
  }
}

void Core::offer(const VoterId& peer, Progress& progress) {
  if (!snapshot_.has_value() || snapshot_->last.index < log_.base().index) {
    return;  // it is being made; the next heartbeat tries again
  }
  progress.offer_snapshot(snapshot_->last.index);
  send(peer, *snapshot_);
}

void Core::send_heartbeats() {
  for (auto& [peer, progress] : progress_) {
    send(peer, Heartbeat{std::min(commit_, progress.match()), reads_.round()});
    if (progress.state() == Progress::State::kSnapshot) offer(peer, progress);
  }
}

void Core::tell_commit(const VoterId& peer, Progress& progress) {
  const LogIndex commit = std::min(commit_, progress.match());
  if (commit <= progress.told_commit) return;
  progress.told_commit = commit;
  send(peer, Heartbeat{commit, 0});
}

Progress* Core::follower_of(const Message& message) {
  if (role_ != Role::kLeader) return nullptr;
  const auto found = progress_.find(message.from);
  if (found == progress_.end()) return nullptr;
  Progress& progress = found->second;
  if (message.boot < progress.boot()) return nullptr;
  if (progress.boot() == 0) {
    progress.set_boot(message.boot);
  } else if (message.boot > progress.boot()) {
    progress.restarted(message.boot);
  }
  return &progress;
}

void Core::handle(const Message& message, const AppendReply& reply) {
  Progress* progress = follower_of(message);
  if (progress == nullptr) return;
  if (reply.accepted) {
    acknowledged(message.from, *progress, reply.match);
    return;
  }
  const LogIndex agree = log_.last_not_above(reply.hint.index, reply.hint.term).index;
  if (progress->refused(reply.refused, agree)) {
    progress->made_progress(now_);
    feed(message.from, *progress);
  }
}

void Core::handle(const Message& message, const HeartbeatReply& reply) {
  Progress* progress = follower_of(message);
  if (progress == nullptr) return;
  progress->confirmed_round = std::max(progress->confirmed_round, reply.round);
  const bool stalled = now_ - progress->contact() >= options_.heartbeat / 2;
  if (progress->state() == Progress::State::kSnapshot) progress->made_progress(now_);
  // Not accepted(): a heartbeat says nothing of the probe that is out.
  if (reply.match > progress->match() || reply.match == log_.last_index()) {
    acknowledged(message.from, *progress, reply.match);
  } else if (progress->state() == Progress::State::kProbe) {
    progress->resume();
    feed(message.from, *progress);
  } else if (progress->state() == Progress::State::kReplicate && stalled) {
    // Everything is out and nothing comes back: is the last of it lost? An empty append asks.
    const LogIndex sent{progress->next().value() - 1};
    if (const auto term = log_.term_at(sent)) {
      send(message.from, AppendRequest{{sent, *term}, commit_, {}});
    } else {
      offer(message.from, *progress);
    }
  }
  if (role_ == Role::kLeader) confirm_rounds();
}

void Core::acknowledged(const VoterId& peer, Progress& progress, LogIndex match) {
  CHECK(match <= log_.last_index()) << "a follower acknowledges what its leader does not have";
  const bool news = progress.accepted(match);
  if (news || match == log_.last_index()) progress.made_progress(now_);
  if (news) advance_commit();
  feed(peer, progress);
  tell_commit(peer, progress);
  if (learner_.has_value() && learner_->voter == peer) consider_learner();
  if (handover_.has_value() && handover_->to == peer) consider_handover();
}

void Core::advance_commit() {
  const LogIndex reached = reached_by_majority(
      configuration(), [this](const VoterId& voter) { return match_of(voter); });
  if (reached <= commit_) return;
  if (log_.term_at(reached) != hard_.term && !planted("raft: commits old terms by counting")) {
    barnabas::reached("raft: an old term's entry waited for one of the own term");
    return;
  }
  commit_to(reached);
  while (!uncommitted_.empty() && uncommitted_.front().first <= commit_) {
    uncommitted_bytes_ -= uncommitted_.front().second;
    uncommitted_.pop_front();
  }
  for (auto& [peer, progress] : progress_) {
    feed(peer, progress);
    tell_commit(peer, progress);
  }
}

void Core::on(ReadAsked event) {
  // P6: before an entry of its own term is committed, a leader does not know what is.
  if (role_ == Role::kLeader && planted("raft: reads without a round")) {
    out_->reads.push_back({event.id, true});
    return;
  }
  if (!ready()) {
    out_->reads.push_back({event.id, false});
    return;
  }
  if (reads_.ask(event.id, commit_)) send_heartbeats();
  confirm_rounds();
}

void Core::confirm_rounds() {
  for (;;) {
    const LogIndex round = reached_by_majority(configuration(), [this](const VoterId& voter) {
      if (voter == options_.self) return LogIndex{static_cast<int64_t>(reads_.round())};
      const auto found = progress_.find(voter);
      return found == progress_.end()
                 ? LogIndex{0}
                 : LogIndex{static_cast<int64_t>(found->second.confirmed_round)};
    });
    if (!reads_.confirmed(static_cast<uint64_t>(round.value()))) return;
    send_heartbeats();
  }
}

}  // namespace barnabas::raft

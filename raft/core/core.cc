#include "raft/core/core.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "common/probe.h"

namespace barnabas::raft {

struct Core::Before {
  HardState hard;
  LogIndex commit;
  LogIndex applied;
  Role role;
  std::optional<VoterId> leader;
  LogIndex last;
  bool pre_vote_request;
};

Core::Core(CoreOptions options, Recovered recovered, const EntrySource& source,
           std::unique_ptr<Random> random, Instant now)
    : options_(std::move(options)),
      random_(std::move(random)),
      now_(now),
      hard_(recovered.hard),
      durable_hard_(recovered.hard),
      log_(std::move(recovered.log), source),
      commit_(std::max(recovered.applied, log_.base().index)),
      applying_(recovered.applied),
      applied_(recovered.applied),
      snapshot_(std::move(recovered.snapshot)),
      history_({LogIndex{0}, options_.configuration}),
      leader_heard_(now),
      verified_(commit_) {
  CHECK(applied_ >= log_.base().index)
      << "the state machine lies below the log: a snapshot must be restored first";
  CHECK(applied_ <= log_.last_index()) << "the state machine is ahead of the log (S4)";
  for (ConfigurationAt& held : recovered.configurations) {
    if (held.index <= history_.latest().index) continue;
    history_.append(held.index, std::move(held.configuration));
  }
  if (snapshot_.has_value() && snapshot_->configuration.configuration.voters.empty()) {
    snapshot_->configuration = history_.at(snapshot_->last.index);
  }
  // Entries are written without waiting for the hard state of their term. Nothing was said in that
  // term then, but it must not be forgotten that it exists.
  if (log_.last().term > hard_.term) {
    hard_.term = log_.last().term;
    hard_.vote.reset();
    term_raised_at_start_ = true;
  }
  hasten_election();
}

Instant Core::next_timer() const {
  if (role_ == Role::kLeader) return std::min(heartbeat_at_, quorum_at_);
  return election_at_;
}

void Core::step(Event event, Instant now, Effects& out) {
  const auto* received = std::get_if<Received>(&event);
  const Before before{
      hard_,
      commit_,
      applied_,
      role_,
      leader_,
      log_.last_index(),
      received != nullptr && std::holds_alternative<PreVoteRequest>(received->message.body)};
  now_ = std::max(now_, now);
  out_ = &out;
  if (std::exchange(term_raised_at_start_, false)) set_hard_state(hard_);
  std::visit([this](auto&& what) { on(std::forward<decltype(what)>(what)); }, std::move(event));
  leave_if_removed();
  end_abstention();
  apply_more();
  answer_reads();
  if (role_ != before.role || hard_.term != before.hard.term || leader_ != before.leader) {
    out.role = RoleChange{role_, hard_.term, leader_};
  }
  out.next_timer = next_timer();
  check_invariants(before);
  out_ = nullptr;
}

void Core::on(TimerFired) {
  if (role_ == Role::kLeader) {
    if (now_ >= quorum_at_) check_quorum();
    if (role_ == Role::kLeader && now_ >= heartbeat_at_) {
      heartbeat_at_ = now_ + options_.heartbeat;
      send_heartbeats();
      consider_learner();
      drop_departed();
      if (handover_.has_value()) handover_->told = false;
      consider_handover();
    }
  } else if (now_ >= election_at_) {
    ask_before_campaign();
  }
}

// Every message but the questions of a pre-vote first settles whose term it is.
void Core::on(Received event) {
  const Message& message = event.message;
  const bool for_this_node = planted("raft: vote of an unknown directory counted")
                                 ? message.to.id == options_.self.id
                                 : message.to == options_.self;
  if (!for_this_node || message.from == options_.self) return;
  const Body& body = message.body;
  const bool from_leader =
      std::holds_alternative<AppendRequest>(body) || std::holds_alternative<Heartbeat>(body) ||
      std::holds_alternative<SnapshotOffer>(body) || std::holds_alternative<TimeoutNow>(body);
  const auto* asked = std::get_if<VoteRequest>(&body);
  const bool asks_vote = asked != nullptr;
  const bool question = asks_vote || std::holds_alternative<PreVoteRequest>(body);
  // Questions are answered whoever asks; answers count only from those who are asked (I16, I17).
  if (!from_leader && !question && !hears(message.from)) {
    reached("raft: a stranger's answer was dropped");
    return;
  }
  const bool gone = departed_.count(message.from) != 0 && !change_pending();
  if (gone && !from_leader && !question && message.term > hard_.term) return;
  const bool pre_vote =
      std::holds_alternative<PreVoteRequest>(body) || std::holds_alternative<PreVoteReply>(body);
  if (!pre_vote && message.term > hard_.term) {
    if (asks_vote && !asked->transfer && sticky()) {
      reached("raft: a vote was refused for a live leader's sake");
      return;
    }
    become_follower(message.term, from_leader ? std::optional(message.from) : std::nullopt);
  } else if (!pre_vote && message.term < hard_.term) {
    // The sender must learn the newer term, or it would go on for ever (P3).
    if (asks_vote) send(message.from, VoteReply{});
    if (const auto* append = std::get_if<AppendRequest>(&body)) {
      send(message.from, AppendReply{false, {}, append->previous.index, {}});
    } else if (from_leader) {
      send(message.from, AppendReply{});
    }
    return;
  }
  std::visit([&](const auto& what) { handle(message, what); }, body);
}

void Core::on(HardStateDone event) {
  if (event.state.term < durable_hard_.term) return;
  durable_hard_ = event.state;
  // The own vote, too, counts only when it cannot be forgotten.
  if (role_ == Role::kCandidate && durable_hard_ == hard_) {
    votes_.record(options_.self, true, hard_.abstaining);
    if (won()) become_leader();
  }
}

void Core::on(AppendDone event) {
  const bool covers_this_log = planted("raft: trusts a stale append completion")
                                   ? event.last.index <= log_.last_index()
                                   : event.issued_in == hard_.term && log_.matches(event.last);
  if (!covers_this_log) {
    reached("raft: a completion was too old to count");
    out_->sync_again = log_.durable() < log_.last_index();
    return;
  }
  log_.mark_durable(event.last.index);
  if (log_.durable() == log_.last_index()) {
    unsynced_since_.reset();
  } else {
    unsynced_since_ = now_;
  }
  if (role_ == Role::kLeader) {
    advance_commit();
  } else {
    acknowledge();
  }
}

void Core::on(Applied event) {
  if (event.index <= applied_) return;
  CHECK(event.index <= applying_) << "applied what was not given out";
  applied_ = event.index;
  if (role_ == Role::kLeader && !ready_ && applied_ >= term_start_) {
    ready_ = true;
    out_->ready = true;
  }
}

void Core::on(LinkClosed event) {
  if (role_ == Role::kLeader || leader_ != event.peer || leader_link_closed_) return;
  if (planted("raft: a closed link hastens nothing")) return;
  leader_link_closed_ = true;
  hasten_election();
}

// While nobody leads, somebody who can be reached now may be the missing vote.
void Core::on(LinkOpened) {
  if (role_ == Role::kLeader || leader_.has_value()) return;
  if (role_ == Role::kCandidate) return;
  staggered_left_ = std::max(staggered_left_, 3);
  election_at_ = std::min(election_at_, now_ + retry_timeout());
}

void Core::on(SnapshotTaken event) {
  CHECK(event.snapshot.last.index <= applied_);
  if (!snapshot_.has_value() || event.snapshot.last >= snapshot_->last) snapshot_ = event.snapshot;
}

void Core::on(Compacted event) {
  CHECK(snapshot_.has_value() && event.base.index <= snapshot_->last.index)
      << "the log was cut where no snapshot stands";
  if (event.base.index > log_.base().index) log_.compact(event.base);
  history_.compact(log_.base().index);
}

// The only exit. What is said in a term, and after a vote, leaves when both are on disk.
void Core::send(const VoterId& to, Body body) {
  Message message{options_.self, to, hard_.term, options_.boot, std::move(body)};
  if (hard_ == durable_hard_) {
    out_->send_now.push_back(std::move(message));
  } else {
    out_->send_after_sync.push_back(std::move(message));
  }
}

void Core::set_hard_state(const HardState& state) {
  CHECK(state.term >= hard_.term) << "the term goes back (I3)";
  hard_ = state;
  out_->persist = state;
}

void Core::apply_more() {
  if (applying_ != applied_ || installing_) return;
  // S4: what this node applies must be in its own durable log, whatever the majority has.
  const LogIndex limit = planted("raft: applies what is not on its own disk")
                             ? commit_
                             : std::min(commit_, log_.durable());
  if (limit <= applying_) return;
  absl::StatusOr<std::vector<Entry>> entries =
      log_.read(applying_.next(), limit.next(), options_.max_apply_bytes);
  if (!entries.ok()) {
    out_->fatal = entries.status();
    return;
  }
  applying_ = entries->back().index;
  out_->apply = *std::move(entries);
}

void Core::answer_reads() {
  if (role_ != Role::kLeader) return;
  for (const uint64_t id : reads_.take_ready(applied_)) out_->reads.push_back({id, true});
}

void Core::check_invariants(const Before& before) const {
  CHECK(hard_.term >= before.hard.term) << "I3: the term goes back";
  CHECK(hard_.term > before.hard.term || !before.hard.vote.has_value() ||
        hard_.vote == before.hard.vote || planted("raft: votes twice"))
      << "I2: a second vote in one term";
  CHECK(!before.pre_vote_request || hard_ == before.hard) << "I18: a pre-vote changed hard state";
  CHECK(commit_ >= before.commit) << "I12: the commit index goes back";
  CHECK(applied_ >= before.applied) << "I12: applied goes back";
  CHECK(log_.base().index <= commit_) << "I13: uncommitted entries were compacted";
  CHECK(commit_ <= log_.last_index()) << "I13: committed beyond the log's end";
  CHECK(applied_ <= applying_ && applying_ <= commit_) << "I13: applied beyond committed";
  CHECK(applying_ <= log_.durable()) << "S4: applied beyond the own durable end";
  CHECK(log_.durable() <= log_.last_index());
  CHECK(verified_ <= log_.last_index()) << "I11: verified beyond the log's end";
  if (role_ != Role::kLeader) return;
  CHECK(leader_ == options_.self);
  CHECK(before.role != Role::kLeader || !out_->truncate_above.has_value())
      << "I7: a leader truncates its log";
  CHECK(before.role != Role::kLeader || log_.last_index() >= before.last) << "I7";
  if (commit_ > before.commit && before.role == Role::kLeader) {
    CHECK(log_.term_at(commit_) == hard_.term || planted("raft: commits old terms by counting"))
        << "I8: committed an old term's entry by counting";
  }
  // What it found in its log it may not know to be committed before an entry of its own is.
  CHECK(!ready_ || !change_pending() || history_.before_latest().index <= commit_ ||
        planted("raft: two changes at once"))
      << "I15: two changes of the voters are under way";
  for (const auto& [peer, progress] : progress_) {
    CHECK(progress.match() < progress.next()) << "per peer: match and next";
    CHECK(progress.match() <= log_.last_index())
        << "per peer: acknowledged beyond the leader's log";
  }
}

}  // namespace barnabas::raft

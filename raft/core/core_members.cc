// Who votes, and who leads next: one voter added or removed at a time, and leadership handed over.
//
//   add:     learner, fed but never counted --caught up--> entry in the log: it votes
//   remove:  entry in the log: it does not vote; fed for a while more, so that it learns of it
//
// A leader changes the voters only when an entry of its own term is committed (P10) and the change
// before is, so that no two configurations that can both elect lie more than one voter apart.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>

#include "common/probe.h"
#include "raft/core/core.h"

namespace barnabas::raft {

// Whose answers mean anything: those of the electorate, and of everybody who is fed.
bool Core::hears(const VoterId& voter) const {
  if (configuration().contains(voter) || progress_.count(voter) != 0) return true;
  if (planted("raft: vote of an unknown directory counted")) return true;
  return change_pending() && history_.before_latest().configuration.contains(voter);
}

// What of this leader's log is on that voter's disk.
LogIndex Core::match_of(const VoterId& voter) const {
  if (voter == options_.self) {
    return planted("raft: acknowledges before the sync") ? log_.last_index() : log_.durable();
  }
  const auto found = progress_.find(voter);
  LogIndex match = found == progress_.end() ? LogIndex{0} : found->second.match();
  if (learner_.has_value() && planted("raft: learner counted")) {
    match = std::max(match, progress_.at(learner_->voter).match());
  }
  for (const auto& [gone, until] : departed_) {
    if (!planted("raft: removed voter counted")) break;
    match = std::max(match, progress_.at(gone).match());
  }
  return match;
}

bool Core::works(const VoterId& voter) const {
  if (voter == options_.self) return !own_disk_hangs();
  const auto found = progress_.find(voter);
  return found != progress_.end() &&
         now_ - found->second.contact() <= options_.election_timeout_max;
}

absl::Status Core::may_change() const {
  const bool sure =
      ready() || (role_ == Role::kLeader && planted("raft: change before an own-term commit"));
  if (!sure) return absl::UnavailableError("not the leader, or not yet sure of its log");
  if (handover_.has_value()) {
    return absl::FailedPreconditionError("leadership is being handed over");
  }
  if (planted("raft: two changes at once")) return absl::OkStatus();
  if (learner_.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("controller ", learner_->voter.id.value(), " is being added"));
  }
  if (change_pending()) {
    reached("raft: a change was refused because of the one before");
    return absl::FailedPreconditionError("the change of the voters before is not committed yet");
  }
  return absl::OkStatus();
}

// What an entry says holds from the moment in which this log has it.
void Core::configure(const Entry& entry) {
  absl::StatusOr<Configuration> next = decode_configuration(entry.payload.view());
  CHECK(next.ok()) << "entry " << entry.index << ": " << next.status();
  history_.append(entry.index, *std::move(next));
  out_->configured = true;
}

LogIndex Core::append_configuration(const Configuration& next) {
  CHECK(voters_apart(configuration(), next) == 1) << "I15: more than one voter changes at once";
  append_own(Buffer::own(encode_configuration(next)), true);
  const LogIndex index = log_.last_index();
  feed_all();
  advance_commit();  // fewer may be enough now
  return index;
}

void Core::on(VoterAdded event) {
  absl::Status may = may_change();
  if (may.ok() && configuration().contains(event.voter)) {
    may = absl::AlreadyExistsError(
        absl::StrCat("controller ", event.voter.id.value(), " votes already"));
  }
  if (!may.ok()) {
    out_->changed = std::move(may);
    return;
  }
  departed_.erase(event.voter);
  Progress& progress =
      progress_.insert_or_assign(event.voter, Progress(log_.last_index(), now_)).first->second;
  learner_ = Learner{event.voter, event.endpoint, log_.last_index(), now_};
  out_->configured = true;
  feed(event.voter, progress);
}

// Caught up: a round of what had come meanwhile took less than an election would, so that the new
// voter cannot hold up the others.
void Core::consider_learner() {
  if (!learner_.has_value()) return;
  const Progress& progress = progress_.at(learner_->voter);
  if (now_ - progress.contact() > options_.learner_patience) {
    reached("raft: a learner was given up");
    out_->changed = absl::DeadlineExceededError(
        absl::StrCat("controller ", learner_->voter.id.value(), " did not get on for ",
                     options_.learner_patience.count() / 1000000, " s: it has ",
                     progress.match().value(), " of ", log_.last_index().value(), " entries"));
    progress_.erase(learner_->voter);
    learner_.reset();
    out_->configured = true;
    return;
  }
  if (progress.match() < learner_->round_end) return;
  const bool quick = now_ - learner_->round_began <= options_.election_timeout_min;
  if (!quick || distance(progress.match(), log_.last_index()) > options_.max_learner_lag) {
    reached("raft: a learner needed another round");
    learner_->round_end = log_.last_index();
    learner_->round_began = now_;
    return;
  }
  const Learner learner = *std::exchange(learner_, std::nullopt);
  out_->changed = append_configuration(configuration().with(learner.voter, learner.endpoint));
}

void Core::on(VoterRemoved event) {
  absl::Status may = may_change();
  const Configuration next = configuration().without(event.voter);
  if (may.ok() && !configuration().contains(event.voter)) {
    may = absl::NotFoundError(
        absl::StrCat("controller ", event.voter.id.value(), " of this directory is no voter"));
  } else if (may.ok() && next.voters.empty()) {
    may = absl::FailedPreconditionError("the last voter cannot be removed");
  } else if (may.ok()) {
    const auto working = std::count_if(next.voters.begin(), next.voters.end(),
                                       [this](const auto& voter) { return works(voter.first); });
    if (static_cast<size_t>(working) < next.majority()) {
      may = absl::FailedPreconditionError(absl::StrCat("of the ", next.voters.size(),
                                                       " voters that would be left only ", working,
                                                       " can be reached, which is no majority"));
    }
  }
  if (!may.ok()) {
    out_->changed = std::move(may);
    return;
  }
  if (event.voter != options_.self) departed_[event.voter] = std::nullopt;
  out_->changed = append_configuration(next);
}

void Core::drop_departed() {
  if (change_pending()) return;
  for (auto at = departed_.begin(); at != departed_.end();) {
    if (!at->second.has_value()) at->second = now_ + options_.election_timeout_max;
    if (now_ < *at->second) {
      ++at;
      continue;
    }
    progress_.erase(at->first);
    at = departed_.erase(at);
    out_->configured = true;
  }
}

// P12: a leader that removes itself goes on, without counting itself, until that is committed and
// applied here: only then can it say so.
void Core::leave_if_removed() {
  if (role_ != Role::kLeader || configuration().contains(options_.self)) return;
  if (applied_ < history_.latest().index) return;
  reached("raft: a leader left the quorum");
  if (const auto next = most_complete()) send(*next, TimeoutNow{});
  become_follower(hard_.term, std::nullopt);
  election_at_ = now_ + ordinary_timeout();
}

std::optional<VoterId> Core::most_complete() const {
  std::optional<VoterId> best;
  for (const auto& [voter, endpoint] : configuration().voters) {
    if (voter == options_.self || !works(voter)) continue;
    if (!best.has_value() || match_of(voter) > match_of(*best)) best = voter;
  }
  return best;
}

void Core::on(TransferAsked event) {
  const std::optional<VoterId> to = event.to.has_value() ? event.to : most_complete();
  if (!ready()) {
    out_->transfer_refused = absl::UnavailableError("not the leader, or not yet sure of its log");
  } else if (handover_.has_value() || learner_.has_value() || change_pending()) {
    out_->transfer_refused = absl::FailedPreconditionError(
        "the voters are being changed, or leadership is being handed over already");
  } else if (!to.has_value()) {
    out_->transfer_refused = absl::FailedPreconditionError("no other voter can be reached");
  } else if (*to == options_.self) {
    out_->transfer_refused = absl::AlreadyExistsError("it leads already");
  } else if (!configuration().contains(*to)) {
    out_->transfer_refused =
        absl::NotFoundError(absl::StrCat("controller ", to->id.value(), " is no voter"));
  } else {
    handover_ = Handover{*to, now_ + options_.election_timeout_max};
    consider_handover();
  }
}

// What was proposed before goes to the one who takes over first: it could not win without it.
void Core::consider_handover() {
  if (!handover_.has_value()) return;
  if (now_ >= handover_->give_up) {
    reached("raft: a transfer was given up");
    out_->transfer_refused = absl::DeadlineExceededError(
        absl::StrCat("controller ", handover_->to.id.value(), " did not take over in time"));
    handover_.reset();
    return;
  }
  const bool complete = progress_.at(handover_->to).match() == log_.last_index() ||
                        planted("raft: transfer without catching up");
  if (!complete || handover_->told) return;
  handover_->told = true;
  send(handover_->to, TimeoutNow{});
}

}  // namespace barnabas::raft

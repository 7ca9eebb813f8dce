// Terms, votes and the end of leaderships.

#include <glog/logging.h>

#include "common/probe.h"
#include "raft/core/core.h"

namespace barnabas::raft {

Duration Core::ordinary_timeout() {
  const Duration spread = options_.election_timeout_max - options_.election_timeout_min;
  return options_.election_timeout_min +
         Duration{random_->below(static_cast<uint64_t>(spread.count()) + 1)};
}

// The scale of a stagger while such attempts are left; an attempt that is to reach the disks of a
// majority gets the whole of it.
Duration Core::retry_timeout() {
  if (staggered_left_ <= 0) return ordinary_timeout();
  --staggered_left_;
  const auto scale = static_cast<uint64_t>(options_.stagger.count());
  if (role_ == Role::kCandidate) return options_.stagger + Duration{random_->below(2 * scale + 1)};
  return options_.stagger / 5 + Duration{random_->below(scale + 1)};
}

void Core::hasten_election() {
  staggered_left_ = options_.staggered_attempts;
  const auto scale = static_cast<uint64_t>(options_.stagger.count());
  election_at_ = now_ + Duration{random_->below(scale + 1)};
}

// A live leader protects itself and those who hear it from candidates that do not (P3-P5). It ends
// when the leader's link closes, for this voter alone (S7).
bool Core::sticky() const {
  if (role_ == Role::kLeader) return true;  // check-quorum ends that in time
  return leader_.has_value() && !leader_link_closed_ &&
         now_ - leader_heard_ < options_.election_timeout_min;
}

bool Core::log_is_up_to_date(const EntryId& last) const {
  if (planted("raft: ignores the log when voting")) return true;
  const EntryId own = log_.last();
  return last.term != own.term ? last.term > own.term : last.index >= own.index;
}

bool Core::own_disk_hangs() const {
  return unsynced_since_.has_value() && now_ - *unsynced_since_ > options_.election_timeout_max;
}

// Also one whose removal may not be committed: it can be the only one with an entry that the others
// need before they can elect anybody (dissertation, figure 4.6).
bool Core::may_campaign() const {
  if (configuration().contains(options_.self)) return true;
  return change_pending() && history_.before_latest().configuration.contains(options_.self);
}

// Whose votes may be needed: see votes.h for those of a configuration before this one.
std::vector<VoterId> Core::electorate() const {
  Configuration all = configuration();
  if (change_pending()) {
    for (const auto& [voter, endpoint] : history_.before_latest().configuration.voters) {
      all.voters.try_emplace(voter, endpoint);
    }
  }
  std::vector<VoterId> out;
  for (const auto& [voter, endpoint] : all.voters) {
    if (voter != options_.self) out.push_back(voter);
  }
  return out;
}

bool Core::won() const {
  return votes_.won(configuration(),
                    change_pending() ? history_.before_latest().configuration : configuration());
}

void Core::ask_before_campaign() {
  if (!may_campaign() || installing_ || own_disk_hangs()) {
    election_at_ = now_ + ordinary_timeout();
    return;
  }
  role_ = Role::kPreCandidate;
  leader_.reset();
  election_at_ = now_ + retry_timeout();
  votes_.clear();
  votes_.record(options_.self, true, hard_.abstaining);
  if (won()) {
    campaign(false);
    return;
  }
  for (const VoterId& voter : electorate()) {
    send(voter, PreVoteRequest{hard_.term.next(), log_.last()});
  }
}

void Core::campaign(bool transfer) {
  if (!configuration().contains(options_.self)) reached("raft: one that is leaving campaigns");

  set_hard_state({hard_.term.next(), options_.self, hard_.abstaining});
  role_ = Role::kCandidate;
  leader_.reset();
  verified_ = commit_;
  fetching_.reset();
  votes_.clear();
  election_at_ = now_ + retry_timeout();
  for (const VoterId& voter : electorate()) send(voter, VoteRequest{log_.last(), transfer});
}

void Core::become_follower(Term term, std::optional<VoterId> leader) {
  if (role_ == Role::kLeader) end_leadership();
  if (term > hard_.term) {
    set_hard_state({term, std::nullopt, hard_.abstaining});
    fetching_.reset();
  }
  role_ = Role::kFollower;
  // What is committed is in every later leader's log; nothing else of this log is known to be.
  verified_ = commit_;
  votes_.clear();
  leader_ = leader;
  leader_heard_ = now_;
  leader_link_closed_ = false;
  election_at_ = now_ + (leader.has_value() ? ordinary_timeout() : retry_timeout());
}

void Core::heard_leader(const VoterId& leader) {
  CHECK(role_ != Role::kLeader) << "I1: two leaders in term " << hard_.term;
  CHECK(!leader_.has_value() || *leader_ == leader) << "I1: two leaders in term " << hard_.term;
  role_ = Role::kFollower;
  leader_ = leader;
  leader_heard_ = now_;
  leader_link_closed_ = false;
  staggered_left_ = 0;
  election_at_ = now_ + ordinary_timeout();
}

void Core::become_leader() {
  CHECK(hard_ == durable_hard_) << "leads without a durable vote";
  role_ = Role::kLeader;
  leader_ = options_.self;
  staggered_left_ = 0;
  votes_.clear();
  reads_ = Reads();
  ready_ = false;
  uncommitted_bytes_ = 0;
  uncommitted_.clear();
  progress_.clear();
  for (const auto& [voter, endpoint] : configuration().voters) {
    if (voter != options_.self) progress_.emplace(voter, Progress(log_.last_index(), now_));
  }
  heartbeat_at_ = now_ + options_.heartbeat;
  quorum_at_ = now_ + options_.election_timeout_max;
  term_start_ = log_.last_index().next();
  append_own(Buffer(), false);  // commits what earlier leaders left (P1), and says who leads
  feed_all();
  if (planted("raft: decides before its own term is applied")) ready_ = out_->ready = true;
}

void Core::end_leadership() {
  for (const uint64_t id : reads_.take_all()) out_->reads.push_back({id, false});
  progress_.clear();
  learner_.reset();
  departed_.clear();
  handover_.reset();
  ready_ = false;
  uncommitted_.clear();
  uncommitted_bytes_ = 0;
  out_->configured = true;
}

// A leader without a working majority, or with a disk that does not answer (S20), is in the way.
void Core::check_quorum() {
  quorum_at_ = now_ + options_.heartbeat;
  size_t working = 0;
  for (const auto& [voter, endpoint] : configuration().voters) working += works(voter) ? 1 : 0;
  if (own_disk_hangs() || working < configuration().majority()) {
    reached("raft: a leader without a working majority steps down");
    become_follower(hard_.term, std::nullopt);
    election_at_ = now_ + ordinary_timeout();
  }
}

void Core::handle(const Message& message, const PreVoteRequest& request) {
  const bool granted =
      request.campaign > hard_.term && !sticky() && log_is_up_to_date(request.last);
  send(message.from, PreVoteReply{request.campaign, granted, hard_.abstaining});
}

void Core::handle(const Message& message, const PreVoteReply& reply) {
  if (!reply.granted && message.term > hard_.term) {
    become_follower(message.term, std::nullopt);
    return;
  }
  if (role_ != Role::kPreCandidate || reply.campaign != hard_.term.next()) return;
  votes_.record(message.from, reply.granted, reply.conditional);
  if (won()) campaign(false);
}

void Core::handle(const Message& message, const VoteRequest& request) {
  const bool free = !hard_.vote.has_value() || *hard_.vote == message.from ||
                    (role_ == Role::kFollower && planted("raft: votes twice"));
  const bool granted =
      free && role_ != Role::kLeader && !leader_.has_value() && log_is_up_to_date(request.last);
  if (granted && planted("raft: vote not persisted")) {
    hard_.vote = message.from;
    durable_hard_ = hard_;
  } else if (granted && hard_.vote != message.from) {
    set_hard_state({hard_.term, message.from, hard_.abstaining});
  }
  if (granted) election_at_ = now_ + ordinary_timeout();
  send(message.from, VoteReply{granted, hard_.abstaining});
}

void Core::handle(const Message& message, const VoteReply& reply) {
  if (role_ != Role::kCandidate) return;
  votes_.record(message.from, reply.granted, reply.conditional);
  if (planted("raft: vote of an unknown directory counted")) {
    for (const auto& [voter, endpoint] : configuration().voters) {
      if (voter.id == message.from.id) votes_.record(voter, reply.granted, reply.conditional);
    }
  }
  if (won()) become_leader();
}

// The leader that this node follows asks for it, and no other.
void Core::handle(const Message& message, const TimeoutNow&) {
  if (role_ != Role::kFollower || leader_ != message.from) return;
  if (!may_campaign() || installing_ || own_disk_hangs()) return;
  reached("raft: leadership was offered");
  campaign(true);
}

}  // namespace barnabas::raft

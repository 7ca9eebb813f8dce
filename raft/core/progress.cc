#include "raft/core/progress.h"

#include <algorithm>

namespace barnabas::raft {

void Progress::restarted(uint64_t boot) {
  boot_ = boot;
  match_ = LogIndex{0};
  told_commit = LogIndex{0};
  confirmed_round = 0;
  // Where its log ends now is not known; the first probe will tell.
  probe_behind(LogIndex{std::max<int64_t>(next_.value() - 1, 0)});
}

bool Progress::may_send(const InflightLimits& limits) const {
  switch (state_) {
    case State::kProbe:
      return !waiting_;
    case State::kReplicate:
      return inflight_.size() < limits.messages && inflight_bytes_ < limits.bytes;
    case State::kSnapshot:
      return false;
  }
  return false;
}

void Progress::sent(LogIndex last, size_t bytes) {
  if (state_ == State::kProbe) {
    waiting_ = true;
    return;
  }
  next_ = last.next();
  inflight_.push_back({last, bytes});
  inflight_bytes_ += bytes;
}

bool Progress::accepted(LogIndex match) {
  while (!inflight_.empty() && inflight_.front().last <= match) {
    inflight_bytes_ -= inflight_.front().bytes;
    inflight_.pop_front();
  }
  const bool news = match > match_;
  match_ = std::max(match_, match);
  next_ = std::max(next_, match_.next());
  if (state_ == State::kSnapshot && match_ >= offered_) {
    probe_behind(match_);
    state_ = State::kReplicate;
  } else if (state_ == State::kProbe) {
    probe_behind(match_);
    state_ = State::kReplicate;
  }
  return news;
}

bool Progress::refused(LogIndex refused, LogIndex retry_behind) {
  if (refused <= match_) return false;
  if (state_ == State::kReplicate) {
    probe_behind(std::max(match_, std::min(retry_behind, refused)));
    return true;
  }
  // A probe is answered by the very index it asked about, or the answer belongs to an older one.
  if (state_ == State::kProbe && refused.next() != next_) return false;
  if (state_ == State::kSnapshot) return false;
  const LogIndex below{refused.value() - 1};
  probe_behind(std::max(match_, std::min(retry_behind, below)));
  return true;
}

void Progress::offer_snapshot(LogIndex covered) {
  probe_behind(match_);
  state_ = State::kSnapshot;
  offered_ = covered;
}

void Progress::probe_behind(LogIndex index) {
  state_ = State::kProbe;
  next_ = index.next();
  waiting_ = false;
  inflight_.clear();
  inflight_bytes_ = 0;
}

}  // namespace barnabas::raft

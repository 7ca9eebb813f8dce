#include "raft/core/reads.h"

#include <algorithm>

namespace barnabas::raft {

bool Reads::begin_round() {
  if (confirmed_round_ < round_) return false;
  if (waiting_.empty() || waiting_.back().round <= round_) return false;
  ++round_;
  return true;
}

bool Reads::ask(uint64_t id, LogIndex commit) {
  waiting_.push_back({id, commit, round_ + 1});
  return begin_round();
}

bool Reads::confirmed(uint64_t round) {
  confirmed_round_ = std::max(confirmed_round_, round);
  while (!waiting_.empty() && waiting_.front().round <= confirmed_round_) {
    confirmed_.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return begin_round();
}

std::vector<uint64_t> Reads::take_ready(LogIndex applied) {
  std::vector<uint64_t> out;
  while (!confirmed_.empty() && confirmed_.front().index <= applied) {
    out.push_back(confirmed_.front().id);
    confirmed_.pop_front();
  }
  return out;
}

std::vector<uint64_t> Reads::take_all() {
  std::vector<uint64_t> out;
  for (const Read& read : confirmed_) out.push_back(read.id);
  for (const Read& read : waiting_) out.push_back(read.id);
  confirmed_.clear();
  waiting_.clear();
  return out;
}

}  // namespace barnabas::raft

#include "raft/core/votes.h"

namespace barnabas::raft {

void Votes::record(const VoterId& voter, bool granted, bool conditional) {
  const Answer answer = !granted      ? Answer::kRefused
                        : conditional ? Answer::kConditional
                                      : Answer::kGranted;
  answers_.try_emplace(voter, answer);
}

size_t Votes::granted(const Configuration& configuration, bool unconditional) const {
  size_t count = 0;
  for (const auto& [voter, endpoint] : configuration.voters) {
    const auto found = answers_.find(voter);
    if (found == answers_.end() || found->second == Answer::kRefused) continue;
    count += !unconditional || found->second == Answer::kGranted ? 1 : 0;
  }
  return count;
}

bool Votes::won(const Configuration& configuration, const Configuration& before) const {
  if (configuration.voters.empty()) return false;
  if (granted(configuration, true) >= configuration.majority()) return true;
  return granted(configuration, false) == configuration.voters.size() &&
         granted(before, false) == before.voters.size();
}

bool Votes::lost(const Configuration& configuration) const {
  size_t possible = 0;
  for (const auto& [voter, endpoint] : configuration.voters) {
    const auto found = answers_.find(voter);
    if (found == answers_.end() || found->second != Answer::kRefused) ++possible;
  }
  return possible < configuration.majority();
}

}  // namespace barnabas::raft

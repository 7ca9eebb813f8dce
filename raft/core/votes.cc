#include "raft/core/votes.h"

namespace barnabas::raft {

void Votes::record(const VoterId& voter, bool granted, bool conditional) {
  const Answer answer = !granted      ? Answer::kRefused
                        : conditional ? Answer::kConditional
                                      : Answer::kGranted;
  answers_.try_emplace(voter, answer);
}

bool Votes::won(const Configuration& configuration) const {
  size_t unconditional = 0;
  size_t any = 0;
  for (const VoterId& voter : configuration.voters) {
    const auto found = answers_.find(voter);
    if (found == answers_.end() || found->second == Answer::kRefused) continue;
    ++any;
    if (found->second == Answer::kGranted) ++unconditional;
  }
  return !configuration.voters.empty() &&
         (unconditional >= configuration.majority() || any == configuration.voters.size());
}

bool Votes::lost(const Configuration& configuration) const {
  size_t possible = 0;
  for (const VoterId& voter : configuration.voters) {
    const auto found = answers_.find(voter);
    if (found == answers_.end() || found->second != Answer::kRefused) ++possible;
  }
  return possible < configuration.majority();
}

}  // namespace barnabas::raft

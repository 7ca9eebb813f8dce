// The count of one election, or of one round of asking before it.
//
// Won by a majority of unconditional votes, or by everybody's vote. A voter that may have lost a
// promised tail (S6) votes conditionally: the entry it may have lost can be missing from its vote's
// judgement, so its vote must not complete a majority. When every voter takes part, the winner's
// log is the best of all logs there are, and nothing better can be had. While a change of the
// voters may not be committed, "every" means those before it as well: what was committed among them
// may lie whole on the one that is going.

#pragma once

#include <map>

#include "raft/core/quorum.h"

namespace barnabas::raft {

class Votes {
 public:
  // The first answer of a voter stands.
  void record(const VoterId& voter, bool granted, bool conditional);
  bool won(const Configuration& configuration, const Configuration& before) const;
  // No answer that is still to come can turn it.
  bool lost(const Configuration& configuration) const;
  void clear() { answers_.clear(); }

 private:
  size_t granted(const Configuration& configuration, bool unconditional) const;

  enum class Answer { kGranted, kConditional, kRefused };
  std::map<VoterId, Answer> answers_;
};

}  // namespace barnabas::raft

// Who votes, and the arithmetic of majorities. A configuration is a value: it is given to the core
// once, at formation, and can later become part of the log without changing this file.

#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <vector>

#include "common/ids.h"
#include "raft/message.h"

namespace barnabas::raft {

struct Configuration {
  std::vector<VoterId> voters;  // sorted, without duplicates

  bool contains(const VoterId& voter) const;
  size_t majority() const { return voters.size() / 2 + 1; }
};

// The highest index that a majority has reached; `reached` is asked once per voter. What is durable
// on a majority survives in every later majority, which is all that commitment rests on.
LogIndex reached_by_majority(const Configuration& configuration,
                             absl::FunctionRef<LogIndex(const VoterId&)> reached);

}  // namespace barnabas::raft

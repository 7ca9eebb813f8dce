// The arithmetic of majorities.

#pragma once

#include <absl/functional/function_ref.h>

#include "common/ids.h"
#include "raft/configuration.h"

namespace barnabas::raft {

// The highest index that a majority has reached; `reached` is asked once per voter. What is durable
// on a majority survives in every later majority, which is all that commitment rests on.
LogIndex reached_by_majority(const Configuration& configuration,
                             absl::FunctionRef<LogIndex(const VoterId&)> reached);

}  // namespace barnabas::raft

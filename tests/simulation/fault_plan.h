// The faults of a run, drawn before it begins and from the seed alone, so that leaving one out
// changes none of the others: what the shrinker needs (shrink.h), and whoever wants to understand a
// failure.
//
// A planned fault names nobody: `who` and `other` choose among those that are there when it
// strikes.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/swarm.h"

namespace barnabas::simulation {

struct PlannedFault {
  int number = 0;
  Duration at{0};  // since the faults began
  Fault kind{};
  uint64_t who = 0;
  uint64_t other = 0;
  uint64_t more = 0;  // the seed of whatever else it needs
  Duration length{0};
};

// Of the hectic phase, then of the calm one.
std::vector<PlannedFault> plan_faults(const SwarmOptions& options);

}  // namespace barnabas::simulation

// The planted mistakes that the whole-cluster simulator catches: with which settings, so that the
// mistake has its moment, and within how many seeds. What raft, one partition or one coordinator
// alone catch sooner is planted in their own simulators.

#pragma once

#include <cstdint>
#include <vector>

namespace barnabas::simulation {

struct Plant {
  const char* mistake;   // as in mistakes.txt
  const char* settings;  // as for simulate --set
};

// One of so many must catch it. Most are caught by one of the first few; which one it is changes
// with whatever changes the order of events.
inline constexpr uint64_t kSeedsForAPlant = 150;

extern const std::vector<Plant> kPlants;

}  // namespace barnabas::simulation

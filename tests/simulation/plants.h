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
  uint64_t first_seed;   // tried from here on
  uint64_t seeds;        // one of so many must catch it
};

extern const std::vector<Plant> kPlants;

}  // namespace barnabas::simulation

// Where the replicas of new partitions go: striped over the racks, then over the brokers of each,
// from a random start, so that leaders and followers spread evenly. One replica per broker; the
// first (the preferred leader) on a live one.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/random.h"

namespace barnabas::controller {

struct PlacementBroker {
  BrokerId id;
  std::string rack;
  bool live = true;
};

// Replicas of each partition, in order of preference. There must be at least
// `replication_factor` brokers, one of them live. Fenced brokers are used only where the live ones
// are too few.
std::vector<std::vector<BrokerId>> place(std::vector<PlacementBroker> brokers, int32_t partitions,
                                         int32_t replication_factor, Random& random);

// The same for partitions that a topic gets later: the stripes go on where those of `existing` (of
// which there is at least one) stopped, as far as the brokers are still the same.
std::vector<std::vector<BrokerId>> place_more(std::vector<PlacementBroker> brokers,
                                              const std::vector<std::vector<BrokerId>>& existing,
                                              int32_t partitions, Random& random);

}  // namespace barnabas::controller

// What people name ("board:0,3", "end", "@-5m"), as partitions and offsets of this cluster.

#pragma once

#include <map>
#include <set>
#include <vector>

#include "cli/cluster_port.h"
#include "cli/options.h"

namespace barnabas::cli {

// All partitions of a choice that names none. A partition that does not exist is a problem.
Result<std::set<TopicPartition>> expand(ClusterPort& brokers,
                                        const std::vector<TopicChoice>& choices,
                                        const std::string& tried);

struct Place {
  int64_t offset = -1;  // never outside of start..end
  int64_t start = -1;
  int64_t end = -1;
  int code = 0;  // why none of this is known
};

// Where `position` is in each partition. `now_at` is what a shift counts from; a partition that is
// not in it counts from its end.
Result<std::map<TopicPartition, Place>> places_of(ClusterPort& brokers,
                                                  const std::set<TopicPartition>& partitions,
                                                  const Position& position,
                                                  const std::map<TopicPartition, int64_t>& now_at);

}  // namespace barnabas::cli

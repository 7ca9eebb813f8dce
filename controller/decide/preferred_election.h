// Leadership goes back to the preferred replica, the first, once that is in sync again.

#pragma once

#include <set>

#include "controller/decide/decided.h"
#include "metadata/image.h"

namespace barnabas::controller {

// True if the partition is led by another replica although its preferred one could lead.
bool prefers_another_leader(const metadata::Image& image, const metadata::TopicPartition& id);
bool prefers_another_leader(const metadata::Image& image,
                            const metadata::PartitionImage& partition);

// Of those among `candidates` for which that holds, as many as one round allows.
proto::Decision decide_preferred_election(const metadata::Image& image,
                                          const std::set<metadata::TopicPartition>& candidates,
                                          const Limits& limits);

}  // namespace barnabas::controller

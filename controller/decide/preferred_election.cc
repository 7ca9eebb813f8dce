#include "controller/decide/preferred_election.h"

#include "controller/decide/partition_sweep.h"

namespace barnabas::controller {

using metadata::PartitionImage;
using metadata::TopicPartition;

bool prefers_another_leader(const metadata::Image& image, const PartitionImage& partition) {
  const BrokerId preferred = partition.replicas.front();
  if (partition.leader == preferred || !partition.is_in_sync(preferred)) return false;
  const Standing standing = standings_in(image)(preferred);
  return standing.may_lead && !standing.draining;
}

bool prefers_another_leader(const metadata::Image& image, const TopicPartition& id) {
  const PartitionImage* partition = image.partition(id);
  return partition != nullptr && prefers_another_leader(image, *partition);
}

proto::Decision decide_preferred_election(const metadata::Image& image,
                                          const std::set<TopicPartition>& candidates,
                                          const Limits& limits) {
  proto::Decision decision;
  const auto standing = standings_in(image);
  PartitionSweep sweep(image, standing, limits.max_preferred_elections, decision);
  PartitionWish wish;
  wish.prefer = true;
  for (const TopicPartition& id : candidates) {
    if (prefers_another_leader(image, id) && !sweep.add(id, wish)) break;
  }
  return decision;
}

}  // namespace barnabas::controller

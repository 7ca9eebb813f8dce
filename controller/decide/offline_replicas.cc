#include "controller/decide/offline_replicas.h"

#include <algorithm>
#include <set>

#include "controller/decide/partition_sweep.h"

namespace barnabas::controller {

using metadata::Image;
using metadata::PartitionImage;
using metadata::TopicPartition;

namespace {

bool counts(const PartitionImage& partition, BrokerId broker) {
  return partition.is_in_sync(broker) ||
         std::find(partition.eligible.begin(), partition.eligible.end(), broker) !=
             partition.eligible.end();
}

}  // namespace

proto::Decision decide_offline_replicas(
    const Image& image, Incarnation who,
    const google::protobuf::RepeatedPtrField<proto::OfflineReplica>& replicas,
    const Limits& limits) {
  proto::Decision decision;
  const metadata::BrokerImage* broker = image.broker(who.broker);
  if (broker == nullptr || broker->epoch != who.epoch) return decision;
  const auto standing = standings_in(image);
  PartitionSweep sweep(image, standing, limits.max_changes, decision);
  PartitionWish wish;
  wish.distrusted = who.broker;
  std::set<TopicPartition> seen;
  for (const proto::OfflineReplica& replica : replicas) {
    const absl::StatusOr<Uuid> topic = Uuid::from_bytes(replica.topic_id());
    if (!topic.ok()) continue;
    const TopicPartition id{*topic, PartitionIndex{replica.index()}};
    const PartitionImage* now = image.partition(id);
    if (now == nullptr || now->replicas.size() == 1 || !counts(*now, who.broker)) continue;
    if (seen.insert(id).second && !sweep.add(id, wish)) break;
  }
  return decision;
}

}  // namespace barnabas::controller

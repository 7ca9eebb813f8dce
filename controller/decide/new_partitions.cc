#include "controller/decide/new_partitions.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "controller/decide/partition_sweep.h"
#include "metadata/records.h"

namespace barnabas::controller {

using metadata::BrokerImage;
using metadata::Image;
using metadata::PartitionImage;

Failure check_by_hand(const Image& image, int32_t partition,
                      const google::protobuf::RepeatedField<int32_t>& brokers, size_t wanted,
                      Assignment& out) {
  const auto wrong = [&](auto... what) -> Failure {
    return {ErrorCode::kInvalidReplicaAssignment,
            absl::StrCat("The manual assignment of partition ", partition, what...)};
  };
  std::vector<BrokerId> replicas;
  for (int32_t id : brokers) {
    if (image.broker(BrokerId{id}) == nullptr) {
      return wrong(" names broker ", id, ", which is not registered.");
    }
    if (std::find(replicas.begin(), replicas.end(), BrokerId{id}) != replicas.end()) {
      return wrong(" names broker ", id, " twice.");
    }
    replicas.push_back(BrokerId{id});
  }
  if (replicas.empty()) return wrong(" names no broker.");
  if (wanted != 0 && replicas.size() != wanted) {
    return wrong(" names ", replicas.size(), " broker(s); the topic's other partitions have ",
                 wanted, " replica(s).");
  }
  if (std::none_of(replicas.begin(), replicas.end(),
                   [&](BrokerId id) { return image.broker(id)->may_lead(); })) {
    return wrong(" names only brokers that are fenced or shutting down.");
  }
  out.push_back(std::move(replicas));
  return {};
}

Failure brokers_for(const Image& image, int32_t replication_factor,
                    std::vector<PlacementBroker>& out) {
  bool any_live = false;
  for (const auto& [id, broker] : image.brokers()) {
    out.push_back({id, broker.rack, broker.may_lead()});
    any_live |= broker.may_lead();
  }
  if (static_cast<size_t>(replication_factor) > out.size()) {
    return {ErrorCode::kInvalidReplicationFactor,
            absl::StrCat("Unable to replicate the partition ", replication_factor,
                         " time(s): only ", out.size(), " broker(s) are registered.")};
  }
  if (!any_live) {
    return {ErrorCode::kInvalidReplicationFactor,
            "No broker can lead now: all are fenced or shutting down."};
  }
  return {};
}

void add_partitions(const Image& image, const Uuid& topic, size_t first,
                    const Assignment& assignment, metadata::Durability durability,
                    proto::Decision& decision) {
  for (size_t i = 0; i < assignment.size(); ++i) {
    const size_t index = first + i;
    PartitionImage partition;
    partition.replicas = assignment[i];
    for (BrokerId replica : partition.replicas) {
      const BrokerImage& broker = *image.broker(replica);
      partition.directories.push_back(broker.directories[index % broker.directories.size()]);
      if (broker.may_lead()) partition.in_sync.push_back(replica);
    }
    const auto glad = std::find_if(partition.in_sync.begin(), partition.in_sync.end(),
                                   [&](BrokerId id) { return !image.broker(id)->draining; });
    partition.leader = glad == partition.in_sync.end() ? partition.in_sync.front() : *glad;
    partition.durability = durability;
    partition.durability_wanted = durability;
    *decision.add_records()->mutable_partition() =
        metadata::partition_record({topic, PartitionIndex{static_cast<int32_t>(index)}}, partition);
  }
}

}  // namespace barnabas::controller

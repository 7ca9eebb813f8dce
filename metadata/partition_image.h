// One partition, as committed records describe it.

#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"
#include "common/uuid.h"

namespace barnabas::metadata {

enum class Durability : uint8_t { kDurable, kReplicated };

struct PartitionImage {
  std::vector<BrokerId> replicas;  // in order of preference: the first is the preferred leader
  std::vector<Uuid> directories;   // one per replica (S10)
  std::vector<BrokerId> in_sync;   // sorted by preference
  std::vector<BrokerId> eligible;  // KIP-966
  std::vector<BrokerId> last_known_eligible;
  BrokerId leader = kNoBroker;
  LeaderEpoch leader_epoch{0};
  PartitionEpoch partition_epoch{0};
  Lineage lineage{0};
  Durability durability = Durability::kDurable;
  Durability durability_wanted = Durability::kDurable;
  bool recovering = false;
  std::vector<BrokerId> adding;
  std::vector<BrokerId> removing;

  bool has_replica(BrokerId broker) const;
  bool is_in_sync(BrokerId broker) const;
  friend bool operator==(const PartitionImage&, const PartitionImage&) = default;
};

}  // namespace barnabas::metadata

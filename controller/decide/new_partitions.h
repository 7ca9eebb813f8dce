// What a partition is born with: for topics that are created and for topics that grow.

#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>
#include <vector>

#include "controller/decide/decided.h"
#include "controller/decide/placement.h"
#include "metadata/config_keys.h"
#include "metadata/image.h"

namespace barnabas::controller {

// Replicas of each partition, in order of preference.
using Assignment = std::vector<std::vector<BrokerId>>;

// One partition of an assignment by hand: brokers that exist, each once, one of them able to lead;
// as many as `wanted`, unless that is 0. Appended to `out`.
Failure check_by_hand(const metadata::Image& image, int32_t partition,
                      const google::protobuf::RepeatedField<int32_t>& brokers, size_t wanted,
                      Assignment& out);

// Who can hold so many replicas; why not, if nobody can.
Failure brokers_for(const metadata::Image& image, int32_t replication_factor,
                    std::vector<PlacementBroker>& out);

// Everybody who is alive is in sync from the start, as there is nothing to copy yet. Partitions are
// numbered from `first`.
void add_partitions(const metadata::Image& image, const Uuid& topic, size_t first,
                    const Assignment& assignment, metadata::Durability durability,
                    proto::Decision& decision);

}  // namespace barnabas::controller

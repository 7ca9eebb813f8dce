// A partition as the clients of one listener are told of it: Metadata and DescribeTopicPartitions
// say the same.

#pragma once

#include <cstdint>
#include <vector>

#include "broker/api/addresses.h"
#include "kafka/errors.h"
#include "metadata/image.h"

namespace barnabas::api {

struct ReachableLeader {
  BrokerId id = kNoBroker;
  kafka::ErrorCode error = kafka::ErrorCode::kLeaderNotAvailable;
};

inline ReachableLeader reachable_leader(const metadata::Image& image,
                                        const metadata::PartitionImage& state,
                                        const ConnectionFacts& connection, const Options& options) {
  if (state.leader == kNoBroker) return {};
  const metadata::BrokerImage* broker = image.broker(state.leader);
  if (broker == nullptr || !address_for(*broker, connection, options).has_value()) {
    return {kNoBroker, kafka::ErrorCode::kListenerNotFound};
  }
  return {state.leader, kafka::ErrorCode::kNone};
}

inline void add_ids(const std::vector<BrokerId>& from, std::vector<int32_t>& to) {
  for (BrokerId id : from) to.push_back(id.value());
}

// Those of its replicas whose brokers are not there.
inline void add_offline(const metadata::Image& image, const metadata::PartitionImage& state,
                        std::vector<int32_t>& to) {
  for (BrokerId replica : state.replicas) {
    const metadata::BrokerImage* broker = image.broker(replica);
    if (broker == nullptr || broker->fenced) to.push_back(replica.value());
  }
}

}  // namespace barnabas::api

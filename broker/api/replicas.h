// Finds the replica that a request means: in the image by name or id, then among those on this
// broker. One look at the image for a whole request.

#pragma once

#include <memory>

#include "broker/api/services.h"
#include "kafka/errors.h"

namespace barnabas::api {

struct Sought {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  metadata::TopicPartition id;
  partition::LeaderHint leader;  // as the image has it
  std::shared_ptr<partition::Partition> replica;
};

// With the image's reader lock held. `topic` may be null: it does not exist.
inline Sought seek(const metadata::TopicImage* topic, int32_t index) {
  Sought out;
  if (topic == nullptr || index < 0 || static_cast<size_t>(index) >= topic->partitions.size()) {
    out.error = kafka::ErrorCode::kUnknownTopicOrPartition;
    return out;
  }
  const metadata::PartitionImage& state = topic->partitions[static_cast<size_t>(index)];
  out.id = {topic->id, PartitionIndex{index}};
  out.leader = {state.leader, state.leader_epoch};
  return out;
}

// Without it: the replica itself, or NOT_LEADER_OR_FOLLOWER if there is none of it here.
inline void find_replica(Services& services, Sought& sought) {
  if (sought.error != kafka::ErrorCode::kNone) return;
  sought.replica = services.partitions.find(sought.id);
  if (sought.replica == nullptr) sought.error = kafka::ErrorCode::kNotLeaderOrFollower;
}

inline int16_t code(kafka::ErrorCode error) { return static_cast<int16_t>(error); }

}  // namespace barnabas::api

// The values that pass between a partition's leader, its followers and the controller.

#pragma once

#include <vector>

#include "common/ids.h"
#include "common/uuid.h"
#include "kafka/errors.h"
#include "metadata/image.h"

namespace barnabas::partition {

// The replica that fetches or reports; its epoch proves which incarnation speaks.
struct ReplicaIdentity {
  BrokerId broker;
  BrokerEpoch epoch;
  Uuid directory;
};

// One line of a DurableReport (S16).
struct DurableReport {
  LeaderEpoch leader_epoch;
  Offset durable_end;
  LeaderEpoch epoch_before_end;
  Offset log_start = kNoOffset;  // -1: not said
  friend bool operator==(const DurableReport&, const DurableReport&) = default;
};
struct DurableReportAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  Offset high_watermark = kNoOffset;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

// An ISR change that the leader wishes for. Answered by Partition::proposal_answered().
struct InSyncProposal {
  metadata::TopicPartition partition;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  struct Member {
    BrokerId broker;
    BrokerEpoch epoch;
    friend bool operator==(const Member&, const Member&) = default;
  };
  std::vector<Member> in_sync;
  bool recovered = false;
  bool durable = false;  // S11
};

}  // namespace barnabas::partition

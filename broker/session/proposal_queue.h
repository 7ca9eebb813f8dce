// ISR proposals on their way to the controller. Those that come together travel together. What was
// under way when a stream broke has an unknown outcome, so it is sent again to whoever is active
// then, until there is an answer (the controller answers a repeated one by what is committed): a
// proposal is never given up, because its partition counts both in-sync sets until it knows (S14).
// On the session's loop only.

#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <map>
#include <vector>

#include "broker/partition/partition.h"
#include "kafka/errors.h"

namespace barnabas::proto {
class AlterPartitionsAnswer;
}

namespace barnabas::broker {

class ProposalQueue {
 public:
  static constexpr size_t kMaxInOneMessage = 1000;

  using Batch = std::vector<partition::InSyncProposal>;
  using Send = absl::AnyInvocable<void(uint64_t correlation, const Batch&)>;
  using Answered = absl::AnyInvocable<void(const partition::InSyncProposal&, kafka::ErrorCode)>;
  ProposalQueue(Send send, Answered answered)
      : send_(std::move(send)), answered_(std::move(answered)) {}

  // A newer proposal for the same partition takes the place of one that still waits.
  void add(partition::InSyncProposal proposal);
  void flush();  // sends what waits, if attached
  void attached();
  void detached();
  // False: the answer is that this controller is not the active one.
  bool answered(const proto::AlterPartitionsAnswer& answer);

  size_t waiting() const { return waiting_.size(); }
  size_t under_way() const { return under_way_.size(); }

 private:
  Send send_;
  Answered answered_;
  bool attached_ = false;
  std::map<metadata::TopicPartition, partition::InSyncProposal> waiting_;
  std::map<uint64_t, Batch> under_way_;
  uint64_t last_correlation_ = 0;
};

}  // namespace barnabas::broker

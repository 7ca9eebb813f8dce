// Applies the rules of partition_change.h to many partitions, up to the limit of one decision.

#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>

#include "controller/decide/decided.h"
#include "controller/decide/partition_change.h"
#include "metadata/config_keys.h"
#include "metadata/image.h"

namespace barnabas::controller {

class PartitionSweep {
 public:
  // All references must outlive the sweep.
  PartitionSweep(const metadata::Image& image, absl::FunctionRef<bool(BrokerId)> may_lead,
                 size_t max_changes, proto::Decision& decision)
      : image_(image), may_lead_(may_lead), room_(max_changes), decision_(decision) {}

  // Adds the change that the wish asks for, if there is one. False: it did not fit, and is left
  // for repair().
  bool add(const metadata::TopicPartition& id, const PartitionWish& wish);

  bool complete() const { return complete_; }

 private:
  const metadata::TopicSettings& settings(const Uuid& topic);

  const metadata::Image& image_;
  absl::FunctionRef<bool(BrokerId)> may_lead_;
  size_t room_;
  proto::Decision& decision_;
  absl::flat_hash_map<Uuid, metadata::TopicSettings> settings_;
  bool complete_ = true;
};

// Who may lead by the image alone.
inline auto may_lead_in(const metadata::Image& image) {
  return [&image](BrokerId id) {
    const metadata::BrokerImage* broker = image.broker(id);
    return broker != nullptr && broker->may_lead();
  };
}

// Completes whatever an earlier decision left unfinished, of this or an earlier active controller
// (S1): partitions led by, or in sync on, brokers that may not lead; leaderless partitions that
// need not be; partitions that do not know yet which durability is wanted. Nothing to do: an empty
// decision. To be repeated until then.
proto::Decision repair(const metadata::Image& image, const Limits& limits);

}  // namespace barnabas::controller

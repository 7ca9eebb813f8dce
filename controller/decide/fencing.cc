#include "controller/decide/fencing.h"

#include "controller/decide/partition_sweep.h"

namespace barnabas::controller {

using metadata::BrokerImage;
using metadata::Image;

namespace {

const BrokerImage* incarnation(const Image& image, BrokerId id, BrokerEpoch epoch) {
  const BrokerImage* broker = image.broker(id);
  return broker != nullptr && broker->epoch == epoch ? broker : nullptr;
}

proto::BrokerChange* change_of(const BrokerImage& broker, proto::Decision& decision) {
  proto::BrokerChange* change = decision.add_records()->mutable_broker_change();
  change->set_id(broker.id.value());
  change->set_epoch(broker.epoch.value());
  return change;
}

// The broker's own change comes first: if what follows does not fit, the safe part stands.
void sweep_partitions_of(const Image& image, const BrokerImage& broker, bool may_lead_after,
                         const Limits& limits, proto::Decision& decision) {
  const auto may_lead = [&](BrokerId id) {
    return id == broker.id ? may_lead_after : may_lead_in(image)(id);
  };
  PartitionSweep sweep(image, may_lead, limits.max_changes, decision);
  for (const metadata::TopicPartition& id : image.partitions_of(broker.id)) {
    if (!sweep.add(id, {})) break;
  }
  if (sweep.complete()) return;
  decision.mutable_unfinished()->set_fence_broker(broker.id.value());
  decision.mutable_unfinished()->set_broker_epoch(broker.epoch.value());
}

}  // namespace

proto::Decision decide_fence(const Image& image, BrokerId id, BrokerEpoch epoch,
                             const Limits& limits) {
  proto::Decision decision;
  const BrokerImage* broker = incarnation(image, id, epoch);
  if (broker == nullptr || broker->fenced) return decision;
  change_of(*broker, decision)->set_fenced(true);
  sweep_partitions_of(image, *broker, /*may_lead_after=*/false, limits, decision);
  return decision;
}

proto::Decision decide_unfence(const Image& image, BrokerId id, BrokerEpoch epoch,
                               const Limits& limits) {
  proto::Decision decision;
  const BrokerImage* broker = incarnation(image, id, epoch);
  if (broker == nullptr || !broker->fenced || broker->in_controlled_shutdown) return decision;
  change_of(*broker, decision)->set_fenced(false);
  sweep_partitions_of(image, *broker, /*may_lead_after=*/true, limits, decision);
  return decision;
}

proto::Decision decide_controlled_shutdown(const Image& image, BrokerId id, BrokerEpoch epoch,
                                           const Limits& limits) {
  proto::Decision decision;
  const BrokerImage* broker = incarnation(image, id, epoch);
  if (broker == nullptr || broker->in_controlled_shutdown) return decision;
  change_of(*broker, decision)->set_in_controlled_shutdown(true);
  sweep_partitions_of(image, *broker, /*may_lead_after=*/false, limits, decision);
  return decision;
}

}  // namespace barnabas::controller

#include "controller/decide/fencing.h"

#include <set>

#include "controller/decide/partition_sweep.h"

namespace barnabas::controller {

using metadata::BrokerImage;
using metadata::Image;
using metadata::TopicPartition;

namespace {

const BrokerImage* find(const Image& image, Incarnation who) {
  const BrokerImage* broker = image.broker(who.broker);
  return broker != nullptr && broker->epoch == who.epoch ? broker : nullptr;
}

proto::BrokerChange* change_of(const BrokerImage& broker, proto::Decision& decision) {
  proto::BrokerChange* change = decision.add_records()->mutable_broker_change();
  change->set_id(broker.id.value());
  change->set_epoch(broker.epoch.value());
  return change;
}

// The brokers' own changes come first: if what follows does not fit, the safe part stands.
void sweep_partitions_of(const Image& image, const std::vector<const BrokerImage*>& changed,
                         Standing after, const Limits& limits, proto::Decision& decision) {
  std::set<BrokerId> ids;
  std::set<TopicPartition> partitions;
  for (const BrokerImage* broker : changed) {
    ids.insert(broker->id);
    const std::set<TopicPartition>& held = image.partitions_of(broker->id);
    partitions.insert(held.begin(), held.end());
  }
  const auto standing = [&](BrokerId id) {
    Standing out = standings_in(image)(id);
    if (ids.count(id) > 0) {
      out.may_lead = after.may_lead;
      out.may_be_in_sync = after.may_be_in_sync;
    }
    return out;
  };
  PartitionSweep sweep(image, standing, limits.max_changes, decision);
  for (const TopicPartition& id : partitions) {
    if (!sweep.add(id, {})) break;
  }
  if (sweep.complete()) return;
  decision.mutable_unfinished()->set_fence_broker(changed.front()->id.value());
  decision.mutable_unfinished()->set_broker_epoch(changed.front()->epoch.value());
}

}  // namespace

proto::Decision decide_fence(const Image& image, Incarnation who, const Limits& limits) {
  return decide_fences(image, {who}, limits);
}

proto::Decision decide_fences(const Image& image, const std::vector<Incarnation>& gone,
                              const Limits& limits) {
  proto::Decision decision;
  std::vector<const BrokerImage*> fenced;
  for (const Incarnation& who : gone) {
    const BrokerImage* broker = find(image, who);
    if (broker == nullptr || (broker->fenced && !broker->returning)) continue;
    fenced.push_back(broker);
    change_of(*broker, decision)->set_fenced(true);
  }
  if (!fenced.empty()) sweep_partitions_of(image, fenced, Standing(), limits, decision);
  return decision;
}

proto::Decision decide_unfence(const Image& image, Incarnation who, const Limits& limits) {
  proto::Decision decision;
  const BrokerImage* broker = find(image, who);
  if (broker == nullptr || !broker->fenced || broker->in_controlled_shutdown) return decision;
  change_of(*broker, decision)->set_fenced(false);
  sweep_partitions_of(image, {broker}, {.may_lead = true, .may_be_in_sync = true}, limits,
                      decision);
  return decision;
}

proto::Decision decide_controlled_shutdown(const Image& image, Incarnation who,
                                           const Limits& limits) {
  proto::Decision decision;
  const BrokerImage* broker = find(image, who);
  if (broker == nullptr || broker->in_controlled_shutdown) return decision;
  change_of(*broker, decision)->set_in_controlled_shutdown(true);
  sweep_partitions_of(image, {broker}, Standing(), limits, decision);
  return decision;
}

}  // namespace barnabas::controller

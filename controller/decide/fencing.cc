#include "controller/decide/fencing.h"

#include <absl/container/btree_set.h>

#include <algorithm>

#include "common/probe.h"
#include "controller/decide/partition_sweep.h"

namespace barnabas::controller {

using metadata::BrokerImage;
using metadata::Image;
using metadata::TopicPartition;

namespace {

const BrokerImage* find(const Image& image, Incarnation who) {
  const BrokerImage* broker = image.broker(who.broker);
  if (planted("controller: fences whatever incarnation")) return broker;
  if (broker == nullptr || broker->epoch != who.epoch) {
    reached("controller: an incarnation that is over is not fenced");
    return nullptr;
  }
  return broker;
}

proto::BrokerChange* change_of(const BrokerImage& broker, proto::Decision& decision) {
  proto::BrokerChange* change = decision.add_records()->mutable_broker_change();
  change->set_id(broker.id.value());
  change->set_epoch(broker.epoch.value());
  return change;
}

// The brokers' own changes come first, then the partitions that they lead: if what follows does not
// fit, the safe part stands, and what is left is not what clients wait for.
void sweep_partitions_of(const Image& image, const std::vector<const BrokerImage*>& changed,
                         Standing after, const Limits& limits, proto::Decision& decision) {
  if (planted("controller: elects in another decision than it fences")) return;
  absl::btree_set<BrokerId> ids;
  for (const BrokerImage* broker : changed) ids.insert(broker->id);
  std::vector<TopicPartition> led;
  std::vector<TopicPartition> rest;
  for (BrokerId id : ids) {
    image.for_each_partition_of(id, [&](const TopicPartition& at,
                                        const metadata::PartitionImage& partition) {
      (partition.leader == kNoBroker || ids.contains(partition.leader) ? led : rest).push_back(at);
    });
  }
  const auto standing = [&](BrokerId id) {
    Standing out = standings_in(image)(id);
    if (ids.contains(id)) {
      out.may_lead = after.may_lead;
      out.may_be_in_sync = after.may_be_in_sync;
    }
    return out;
  };
  PartitionSweep sweep(image, standing, limits.max_changes, decision);
  for (std::vector<TopicPartition>* held : {&led, &rest}) {
    // More than one of them may hold a partition.
    if (ids.size() > 1) {
      std::sort(held->begin(), held->end());
      held->erase(std::unique(held->begin(), held->end()), held->end());
    }
    for (const TopicPartition& id : *held) {
      if (!sweep.add(id, {})) break;
    }
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

#include "controller/decide/partition_sweep.h"

namespace barnabas::controller {

using metadata::TopicPartition;

void PartitionSweep::look_at(const Uuid& topic) {
  if (topic_ != nullptr && topic_->id == topic) return;
  topic_ = image_.topic(topic);
  settings_ = metadata::topic_settings(image_, topic_->name);
}

bool PartitionSweep::add(const TopicPartition& id, const PartitionWish& wish) {
  look_at(id.topic);
  const metadata::PartitionImage& now = topic_->partitions[static_cast<size_t>(id.index.value())];
  std::optional<proto::PartitionChange> change =
      partition_change(id, now, rules_of(settings_, now.replicas.size(), standing_), wish);
  if (!change) return true;
  if (room_ == 0) {
    complete_ = false;
    return false;
  }
  --room_;
  *decision_.add_records()->mutable_partition_change() = *std::move(change);
  return true;
}

// False: the decision is full; at_ says where to go on.
bool Repair::walk(const metadata::Image& image, PartitionSweep& sweep) {
  const auto may_lead = may_lead_in(image);
  const auto& topics = image.topics_by_name();
  for (auto topic = topics.lower_bound(at_.topic); topic != topics.end(); ++topic) {
    // It was this very topic that was begun.
    size_t i = topic->first == at_.topic ? at_.partition : 0;
    const metadata::PartitionList& partitions = image.topic(topic->second)->partitions;
    for (; i < partitions.size(); ++i) {
      if (at_.pass == Pass::kLeaders && may_lead(partitions[i].leader)) continue;
      if (sweep.add({topic->second, PartitionIndex{static_cast<int32_t>(i)}}, {})) continue;
      at_.topic = topic->first;
      at_.partition = i;
      return false;
    }
  }
  return true;
}

proto::Decision Repair::next(const metadata::Image& image, const Limits& limits) {
  proto::Decision decision;
  const auto standing = standings_in(image);
  PartitionSweep sweep(image, standing, limits.max_changes, decision);
  while (at_.pass != Pass::kIdle && walk(image, sweep)) {
    at_ = {at_.pass == Pass::kLeaders ? Pass::kEverything : Pass::kIdle, {}, 0};
    // The passes must not meet in one decision: each changes a partition on the image before it.
    if (!decision.records().empty()) break;
  }
  return decision;
}

proto::Decision repair(const metadata::Image& image, const Limits& limits) {
  Repair repair;
  repair.begin();
  return repair.next(image, limits);
}

}  // namespace barnabas::controller

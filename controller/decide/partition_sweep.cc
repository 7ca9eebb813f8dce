#include "controller/decide/partition_sweep.h"

namespace barnabas::controller {

using metadata::TopicPartition;

const metadata::TopicSettings& PartitionSweep::settings(const Uuid& topic) {
  const auto [place, fresh] = settings_.try_emplace(topic);
  if (fresh) place->second = metadata::topic_settings(image_, image_.topic(topic)->name);
  return place->second;
}

bool PartitionSweep::add(const TopicPartition& id, const PartitionWish& wish) {
  const metadata::PartitionImage& now = *image_.partition(id);
  std::optional<proto::PartitionChange> change =
      partition_change(id, now, rules_of(settings(id.topic), now.replicas.size(), standing_), wish);
  if (!change) return true;
  if (room_ == 0) {
    complete_ = false;
    return false;
  }
  --room_;
  *decision_.add_records()->mutable_partition_change() = *std::move(change);
  return true;
}

proto::Decision repair(const metadata::Image& image, const Limits& limits) {
  proto::Decision decision;
  const auto standing = standings_in(image);
  PartitionSweep sweep(image, standing, limits.max_changes, decision);
  for (const auto& [name, id] : image.topics_by_name()) {
    const size_t count = image.topic(id)->partitions.size();
    for (size_t i = 0; i < count; ++i) {
      if (!sweep.add({id, PartitionIndex{static_cast<int32_t>(i)}}, {})) return decision;
    }
  }
  return decision;
}

}  // namespace barnabas::controller

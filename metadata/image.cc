#include "metadata/image.h"

#include <algorithm>

namespace barnabas::metadata {

namespace {

template <class Map, class Key>
auto find_or_null(const Map& map, const Key& key) -> const typename Map::mapped_type* {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

bool contains(const std::vector<BrokerId>& list, BrokerId broker) {
  return std::find(list.begin(), list.end(), broker) != list.end();
}

}  // namespace

bool PartitionImage::has_replica(BrokerId broker) const { return contains(replicas, broker); }
bool PartitionImage::is_in_sync(BrokerId broker) const { return contains(in_sync, broker); }

const BrokerImage* Image::broker(BrokerId id) const { return find_or_null(brokers_, id); }

const TopicImage* Image::topic(const Uuid& id) const { return find_or_null(topics_, id); }

const TopicImage* Image::topic_by_name(std::string_view name) const {
  const Uuid* id = find_or_null(names_, name);
  return id == nullptr ? nullptr : topic(*id);
}

const PartitionImage* Image::partition(const TopicPartition& partition) const {
  const TopicImage* found = topic(partition.topic);
  if (found == nullptr || partition.index.value() < 0) return nullptr;
  const auto index = static_cast<size_t>(partition.index.value());
  return index < found->partitions.size() ? &found->partitions[index] : nullptr;
}

void Image::for_each_partition_of(
    BrokerId broker,
    absl::FunctionRef<void(const TopicPartition&, const PartitionImage&)> each) const {
  const auto* held = find_or_null(by_broker_, broker);
  if (held == nullptr) return;
  for (const auto& [id, count] : *held) {
    const PartitionList& partitions = topics_.at(id).partitions;
    const bool all = count == partitions.size();
    for (size_t i = 0; i < partitions.size(); ++i) {
      const PartitionImage& partition = partitions[i];
      if (!all && !partition.has_replica(broker)) continue;
      each({id, PartitionIndex{static_cast<int32_t>(i)}}, partition);
    }
  }
}

std::vector<TopicPartition> Image::partitions_of(BrokerId broker) const {
  std::vector<TopicPartition> out;
  for_each_partition_of(
      broker, [&](const TopicPartition& id, const PartitionImage&) { out.push_back(id); });
  return out;
}

const ConfigMap* Image::configs(ResourceType type, std::string_view name) const {
  return find_or_null(configs_, std::make_pair(type, std::string(name)));
}

int32_t Image::feature_level(std::string_view name) const {
  const int32_t* level = find_or_null(features_, std::string(name));
  return level == nullptr ? 0 : *level;
}

const RememberedRequest* Image::request(const Uuid& client) const {
  return find_or_null(requests_, client);
}

}  // namespace barnabas::metadata

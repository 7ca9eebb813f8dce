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

const std::set<TopicPartition>& Image::partitions_of(BrokerId broker) const {
  static const std::set<TopicPartition> kNone;
  const auto* found = find_or_null(by_broker_, broker);
  return found == nullptr ? kNone : *found;
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

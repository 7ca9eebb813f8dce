#include <algorithm>

#include "metadata/image.h"
#include "metadata/records.h"

namespace barnabas::metadata {

proto::Image Image::to_proto() const {
  proto::Image out;
  out.set_index(index_.value());
  for (const auto& [name, level] : features_) {
    proto::FeatureLevel* feature = out.add_records()->mutable_feature_level();
    feature->set_name(name);
    feature->set_level(level);
  }
  for (const auto& [id, broker] : brokers_) {
    *out.add_records()->mutable_register_broker() = broker_record(broker);
  }
  for (const auto& [name, id] : names_) {
    const TopicImage& topic = topics_.at(id);
    proto::Topic* record = out.add_records()->mutable_topic();
    record->set_name(name);
    record->set_id(id.bytes());
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      *out.add_records()->mutable_partition() =
          partition_record({id, PartitionIndex{static_cast<int32_t>(i)}}, topic.partitions[i]);
    }
  }
  for (const auto& [resource, values] : configs_) {
    for (const auto& [key, value] : values) {
      proto::Config* record = out.add_records()->mutable_config();
      record->set_type(static_cast<proto::ResourceType>(resource.first));
      record->set_name(resource.second);
      record->set_key(key);
      record->set_value(value);
    }
  }
  if (next_producer_id_ != ProducerId{0}) {
    out.add_records()->mutable_producer_ids()->set_next(next_producer_id_.value());
  }
  if (!requests_.empty()) {
    proto::Requests* requests = out.add_records()->mutable_requests();
    for (const auto& [client, request] : requests_) {
      proto::RememberedRequest* entry = requests->add_entries();
      entry->mutable_request()->set_client(client.bytes());
      entry->mutable_request()->set_sequence(request.sequence);
      entry->set_outcome(request.outcome);
      entry->set_index(request.index.value());
    }
  }
  return out;
}

// FNV-1a: fixed over processes and machines, unlike the library's hashes.
uint64_t Image::hash() const {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : serialize(to_proto())) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace barnabas::metadata

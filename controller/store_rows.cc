#include "controller/store_rows.h"

#include <absl/strings/str_cat.h>

#include "common/bytes.h"
#include "common/status.h"
#include "metadata/records.h"

namespace barnabas::controller {

using metadata::Image;
using metadata::ResourceType;
using metadata::TopicPartition;

namespace {

std::string broker_key(BrokerId id) {
  ByteWriter key;
  key.write_bytes("b");
  key.write_int32(id.value());
  return key.take();
}

std::string topic_key(const Uuid& id) { return "t" + id.bytes(); }

std::string partition_key(const TopicPartition& id) {
  ByteWriter key;
  key.write_bytes("u");
  key.write_bytes(id.topic.view());
  key.write_int32(id.index.value());
  return key.take();
}

std::string config_key(ResourceType type, const std::string& name) {
  return std::string("v") + static_cast<char>(type) + name;
}

proto::Image broker_piece(const metadata::BrokerImage& broker) {
  proto::Image piece;
  *piece.add_records()->mutable_register_broker() = metadata::broker_record(broker);
  return piece;
}

proto::Image topic_piece(const metadata::TopicImage& topic) {
  proto::Image piece;
  proto::Topic* record = piece.add_records()->mutable_topic();
  record->set_id(topic.id.bytes());
  record->set_name(topic.name);
  return piece;
}

proto::Image partition_piece(const TopicPartition& id, const metadata::PartitionImage& partition) {
  proto::Image piece;
  *piece.add_records()->mutable_partition() = metadata::partition_record(id, partition);
  return piece;
}

proto::Image config_piece(ResourceType type, const std::string& name,
                          const metadata::ConfigMap& values) {
  proto::Image piece;
  for (const auto& [key, value] : values) {
    proto::Config* record = piece.add_records()->mutable_config();
    record->set_type(static_cast<proto::ResourceType>(type));
    record->set_name(name);
    record->set_key(key);
    record->set_value(value);
  }
  return piece;
}

proto::Image feature_piece(const std::string& name, int32_t level) {
  proto::Image piece;
  proto::FeatureLevel* record = piece.add_records()->mutable_feature_level();
  record->set_name(name);
  record->set_level(level);
  return piece;
}

proto::Image producer_ids_piece(ProducerId next) {
  proto::Image piece;
  piece.add_records()->mutable_producer_ids()->set_next(next.value());
  return piece;
}

proto::Image request_piece(const Uuid& client, const metadata::RememberedRequest& request) {
  proto::Image piece;
  proto::RememberedRequest* entry = piece.add_records()->mutable_requests()->add_entries();
  entry->mutable_request()->set_client(client.bytes());
  entry->mutable_request()->set_sequence(request.sequence);
  entry->set_outcome(request.outcome);
  entry->set_index(request.index.value());
  return piece;
}

}  // namespace

void StoreRows::set(std::string key, const proto::Image& piece) {
  rows_[std::move(key)] = metadata::serialize(piece);
}

void StoreRows::before(const Image& image, const proto::Decision& decision) {
  for (const proto::Record& record : decision.records()) {
    if (!record.has_remove_topic()) continue;
    const metadata::TopicImage* topic = image.topic(metadata::uuid_of(record.remove_topic().id()));
    if (topic == nullptr) continue;
    remove(topic_key(topic->id));
    for (size_t i = 0; i < topic->partitions.size(); ++i) {
      remove(partition_key({topic->id, PartitionIndex{static_cast<int32_t>(i)}}));
    }
  }
}

void StoreRows::after(const Image& image, const proto::Decision&, const metadata::Delta& delta) {
  for (BrokerId id : delta.brokers) {
    const metadata::BrokerImage* broker = image.broker(id);
    broker == nullptr ? remove(broker_key(id)) : set(broker_key(id), broker_piece(*broker));
  }
  for (const auto& [id, name] : delta.new_topics) {
    if (const auto* topic = image.topic(id)) set(topic_key(id), topic_piece(*topic));
  }
  for (const TopicPartition& id : delta.partitions) {
    if (const auto* partition = image.partition(id)) {
      set(partition_key(id), partition_piece(id, *partition));
    }
  }
  for (const auto& [type, name] : delta.configs) {
    const metadata::ConfigMap* values = image.configs(type, name);
    values == nullptr ? remove(config_key(type, name))
                      : set(config_key(type, name), config_piece(type, name, *values));
  }
  if (delta.features) {
    for (const auto& [name, level] : image.features()) {
      set("f" + name, feature_piece(name, level));
    }
  }
  if (delta.producer_ids) set("w", producer_ids_piece(image.next_producer_id()));
  for (const Uuid& client : delta.requests) {
    const metadata::RememberedRequest* request = image.request(client);
    request == nullptr ? remove("x" + client.bytes())
                       : set("x" + client.bytes(), request_piece(client, *request));
  }
}

std::vector<storage::StoreWrite> StoreRows::take() {
  std::vector<storage::StoreWrite> out;
  out.reserve(rows_.size());
  for (auto& [key, value] : rows_) out.push_back({key, std::move(value)});
  rows_.clear();
  return out;
}

std::vector<storage::StoreWrite> rows_of(const Image& image) {
  std::vector<storage::StoreWrite> out;
  const auto add = [&](std::string key, const proto::Image& piece) {
    out.push_back({std::move(key), metadata::serialize(piece)});
  };
  for (const auto& [id, broker] : image.brokers()) add(broker_key(id), broker_piece(broker));
  for (const auto& [name, id] : image.topics_by_name()) {
    const metadata::TopicImage& topic = *image.topic(id);
    add(topic_key(id), topic_piece(topic));
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      const TopicPartition at{id, PartitionIndex{static_cast<int32_t>(i)}};
      add(partition_key(at), partition_piece(at, topic.partitions[i]));
    }
  }
  for (const auto& [resource, values] : image.all_configs()) {
    add(config_key(resource.first, resource.second),
        config_piece(resource.first, resource.second, values));
  }
  for (const auto& [name, level] : image.features()) add("f" + name, feature_piece(name, level));
  if (image.next_producer_id() != ProducerId{0}) {
    add("w", producer_ids_piece(image.next_producer_id()));
  }
  for (const auto& [client, request] : image.requests()) {
    add("x" + client.bytes(), request_piece(client, request));
  }
  return out;
}

absl::StatusOr<Image> load_image(const storage::MetadataStore& store) {
  proto::Image image;
  absl::Status bad;
  RETURN_IF_ERROR(store.scan("", [&](std::string_view key, std::string_view value) {
    proto::Image piece;
    if (!piece.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      bad = absl::DataLossError(
          absl::StrCat("a row of the metadata store cannot be read (key of ", key.size(),
                       " bytes, kind '", absl::string_view(key.data(), 1),
                       "'). Remove the store's directory: it is rebuilt from snapshot and log."));
      return;
    }
    image.MergeFrom(piece);
  }));
  RETURN_IF_ERROR(bad);
  image.set_index(store.applied().value());
  return Image::from_proto(image);
}

}  // namespace barnabas::controller

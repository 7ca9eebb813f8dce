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

// Makes values, each a piece of a serialized Image. Its memory is used again and again.
class Pieces {
 public:
  explicit Pieces(std::vector<storage::StoreWrite>& out) : out_(out) {}

  void add(const metadata::BrokerImage& broker) {
    *fresh().mutable_register_broker() = metadata::broker_record(broker);
    put(broker_key(broker.id));
  }

  void add(const metadata::TopicImage& topic) {
    proto::Topic* record = fresh().mutable_topic();
    record->set_id(topic.id.bytes());
    record->set_name(topic.name);
    put(topic_key(topic.id));
  }

  void add(const TopicPartition& id, const metadata::PartitionImage& partition) {
    metadata::write_partition(id, partition, of_partition_.mutable_records(0)->mutable_partition());
    out_.push_back({partition_key(id), of_partition_.SerializeAsString()});
  }

  void add(ResourceType type, const std::string& name, const metadata::ConfigMap& values) {
    piece_.Clear();
    for (const auto& [key, value] : values) {
      proto::Config* record = piece_.add_records()->mutable_config();
      record->set_type(static_cast<proto::ResourceType>(type));
      record->set_name(name);
      record->set_key(key);
      record->set_value(value);
    }
    put(config_key(type, name));
  }

  void add_features(const Image& image) {
    for (const auto& [name, level] : image.features()) {
      proto::FeatureLevel* record = fresh().mutable_feature_level();
      record->set_name(name);
      record->set_level(level);
      put("f" + name);
    }
  }

  void add_producer_ids(ProducerId next) {
    fresh().mutable_producer_ids()->set_next(next.value());
    put("w");
  }

  void add(const Uuid& client, const metadata::RememberedRequest& request) {
    proto::RememberedRequest* entry = fresh().mutable_requests()->add_entries();
    entry->mutable_request()->set_client(client.bytes());
    entry->mutable_request()->set_sequence(request.sequence);
    entry->set_outcome(request.outcome);
    entry->set_index(request.index.value());
    put("x" + client.bytes());
  }

  void remove(std::string key) { out_.push_back({std::move(key), std::nullopt}); }

 private:
  proto::Record& fresh() {
    piece_.Clear();
    return *piece_.add_records();
  }
  void put(std::string key) { out_.push_back({std::move(key), metadata::serialize(piece_)}); }

  static proto::Image with_one_record() {
    proto::Image piece;
    piece.add_records();
    return piece;
  }

  std::vector<storage::StoreWrite>& out_;
  proto::Image piece_;
  proto::Image of_partition_ = with_one_record();
};

}  // namespace

// Of a topic that goes, the partitions are known only now.
void StoreRows::before(const Image& image, const proto::Decision& decision) {
  for (const proto::Record& record : decision.records()) {
    if (!record.has_remove_topic()) continue;
    const metadata::TopicImage* topic = image.topic(metadata::uuid_of(record.remove_topic().id()));
    if (topic == nullptr) continue;
    topics_.insert(topic->id);
    for (size_t i = 0; i < topic->partitions.size(); ++i) {
      partitions_.insert({topic->id, PartitionIndex{static_cast<int32_t>(i)}});
    }
  }
}

void StoreRows::after(const Image&, const proto::Decision&, const metadata::Delta& delta) {
  brokers_.insert(delta.brokers.begin(), delta.brokers.end());
  for (const auto& [id, name] : delta.new_topics) topics_.insert(id);
  for (const TopicPartition& id : delta.partitions) partitions_.insert(partitions_.end(), id);
  configs_.insert(delta.configs.begin(), delta.configs.end());
  requests_.insert(delta.requests.begin(), delta.requests.end());
  features_ |= delta.features;
  producer_ids_ |= delta.producer_ids;
}

bool StoreRows::empty() const {
  return brokers_.empty() && topics_.empty() && partitions_.empty() && configs_.empty() &&
         requests_.empty() && !features_ && !producer_ids_;
}

std::vector<storage::StoreWrite> StoreRows::take(const Image& image) {
  std::vector<storage::StoreWrite> out;
  out.reserve(partitions_.size() + topics_.size() + brokers_.size() + configs_.size() +
              requests_.size() + image.features().size() + 1);
  Pieces pieces(out);
  for (BrokerId id : brokers_) {
    const metadata::BrokerImage* broker = image.broker(id);
    broker == nullptr ? pieces.remove(broker_key(id)) : pieces.add(*broker);
  }
  for (const Uuid& id : topics_) {
    const metadata::TopicImage* topic = image.topic(id);
    topic == nullptr ? pieces.remove(topic_key(id)) : pieces.add(*topic);
  }
  for (const TopicPartition& id : partitions_) {
    const metadata::PartitionImage* partition = image.partition(id);
    partition == nullptr ? pieces.remove(partition_key(id)) : pieces.add(id, *partition);
  }
  for (const auto& [type, name] : configs_) {
    const metadata::ConfigMap* values = image.configs(type, name);
    values == nullptr ? pieces.remove(config_key(type, name)) : pieces.add(type, name, *values);
  }
  if (features_) pieces.add_features(image);
  if (producer_ids_) pieces.add_producer_ids(image.next_producer_id());
  for (const Uuid& client : requests_) {
    const metadata::RememberedRequest* request = image.request(client);
    request == nullptr ? pieces.remove("x" + client.bytes()) : pieces.add(client, *request);
  }
  *this = {};
  return out;
}

std::vector<storage::StoreWrite> rows_of(const Image& image) {
  std::vector<storage::StoreWrite> out;
  out.reserve(image.partition_count() + image.topics_by_name().size());
  Pieces pieces(out);
  for (const auto& [id, broker] : image.brokers()) pieces.add(broker);
  for (const auto& [name, id] : image.topics_by_name()) {
    const metadata::TopicImage& topic = *image.topic(id);
    pieces.add(topic);
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      pieces.add({id, PartitionIndex{static_cast<int32_t>(i)}}, topic.partitions[i]);
    }
  }
  for (const auto& [resource, values] : image.all_configs()) {
    pieces.add(resource.first, resource.second, values);
  }
  pieces.add_features(image);
  if (image.next_producer_id() != ProducerId{0}) pieces.add_producer_ids(image.next_producer_id());
  for (const auto& [client, request] : image.requests()) pieces.add(client, request);
  return out;
}

absl::StatusOr<Image> load_image(const storage::MetadataStore& store) {
  metadata::ImageReader reader(store.applied());
  proto::Image piece;
  absl::Status bad;
  RETURN_IF_ERROR(store.scan("", [&](std::string_view key, std::string_view value) {
    if (!bad.ok()) return;
    if (!piece.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      bad = absl::DataLossError(
          absl::StrCat("a row of the metadata store cannot be read (key of ", key.size(),
                       " bytes, kind '", absl::string_view(key.data(), 1),
                       "'). Remove the store's directory: it is rebuilt from snapshot and log."));
      return;
    }
    for (const proto::Record& record : piece.records()) reader.add(record);
  }));
  RETURN_IF_ERROR(bad);
  return reader.take();
}

}  // namespace barnabas::controller

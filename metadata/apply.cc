// The one apply code. Each record is checked against the image before it changes it: records were
// decided on exactly this image, so a mismatch means that two nodes have diverged, and going on
// would spread it.

#include <glog/logging.h>

#include <algorithm>

#include "metadata/image.h"
#include "metadata/records.h"

namespace barnabas::metadata {

class Applier {
 public:
  Applier(Image& image, LogIndex index, bool snapshot)
      : image_(image), index_(index), snapshot_(snapshot) {
    delta_.index = index;
    delta_.whole = snapshot;
  }

  void apply(const proto::Record& record) {
    switch (record.kind_case()) {
      case proto::Record::kFeatureLevel:
        return apply(record.feature_level());
      case proto::Record::kRegisterBroker:
        return apply(record.register_broker());
      case proto::Record::kBrokerChange:
        return apply(record.broker_change());
      case proto::Record::kUnregisterBroker:
        return apply(record.unregister_broker());
      case proto::Record::kTopic:
        return apply(record.topic());
      case proto::Record::kRemoveTopic:
        return apply(record.remove_topic());
      case proto::Record::kPartition:
        return apply(record.partition());
      case proto::Record::kPartitionChange:
        return apply(record.partition_change());
      case proto::Record::kConfig:
        return apply(record.config());
      case proto::Record::kProducerIds:
        return apply(record.producer_ids());
      case proto::Record::kRequests:
        for (const proto::RememberedRequest& entry : record.requests().entries()) {
          remember(entry.request(), entry.outcome(), LogIndex{entry.index()});
        }
        return;
      case proto::Record::KIND_NOT_SET:
        break;
    }
    LOG(FATAL) << "entry " << index_ << " holds a record of a kind that this version does not "
               << "know: it was written by a newer one before the feature level allowed it";
  }

  // A client's newer request replaces its older one; beyond the limit the least recent goes.
  void remember(const proto::RequestId& id, const std::string& outcome, LogIndex index) {
    const Uuid client = uuid_of(id.client());
    auto [place, fresh] = image_.requests_.try_emplace(client);
    if (!fresh) image_.requests_by_age_.erase(place->second.index);
    place->second = {id.sequence(), outcome, index};
    image_.requests_by_age_[index] = client;
    delta_.requests.push_back(client);
    while (image_.requests_.size() > Image::kMaxRememberedClients) {
      const auto oldest = image_.requests_by_age_.begin();
      delta_.requests.push_back(oldest->second);
      image_.requests_.erase(oldest->second);
      image_.requests_by_age_.erase(oldest);
    }
  }

  Delta take() { return std::move(delta_); }

 private:
  void apply(const proto::FeatureLevel& record) {
    image_.features_[record.name()] = record.level();
    delta_.features = true;
  }

  void apply(const proto::RegisterBroker& record) {
    BrokerImage broker = broker_of(record, index_);
    if (snapshot_) {
      broker.served = BrokerEpoch{record.served_epoch()};
      broker.fenced = record.fenced();
      broker.in_controlled_shutdown = record.in_controlled_shutdown();
      broker.draining = record.draining();
    } else {
      const BrokerImage* before = image_.broker(broker.id);
      if (before != nullptr) {
        CHECK(broker.epoch > before->epoch) << "broker " << broker.id << " registered with epoch "
                                            << broker.epoch << " after " << before->epoch;
        broker.served = before->served;
        broker.draining = before->draining;
      }
    }
    delta_.brokers.insert(broker.id);
    const BrokerId id = broker.id;
    image_.brokers_[id] = std::move(broker);
  }

  BrokerImage& broker(int32_t id, int64_t epoch) {
    const auto found = image_.brokers_.find(BrokerId{id});
    CHECK(found != image_.brokers_.end()) << "entry " << index_ << ": no broker " << id;
    CHECK(found->second.epoch == BrokerEpoch{epoch})
        << "entry " << index_ << ": broker " << id << " has epoch " << found->second.epoch
        << ", not " << epoch;
    delta_.brokers.insert(BrokerId{id});
    return found->second;
  }

  void apply(const proto::BrokerChange& record) {
    BrokerImage& changed = broker(record.id(), record.epoch());
    if (record.has_fenced()) {
      changed.fenced = record.fenced();
      changed.returning = false;
      if (!changed.fenced) changed.served = changed.epoch;
    }
    if (record.has_in_controlled_shutdown()) {
      changed.in_controlled_shutdown = record.in_controlled_shutdown();
    }
    if (record.has_draining()) changed.draining = record.draining();
  }

  void apply(const proto::UnregisterBroker& record) {
    broker(record.id(), record.epoch());
    image_.brokers_.erase(BrokerId{record.id()});
  }

  void apply(const proto::Topic& record) {
    TopicImage topic;
    topic.id = uuid_of(record.id());
    topic.name = record.name();
    CHECK(!topic.id.is_none());
    CHECK(image_.names_.emplace(topic.name, topic.id).second)
        << "entry " << index_ << " creates topic " << topic.name << ", which exists";
    delta_.new_topics[topic.id] = topic.name;
    const Uuid id = topic.id;
    topic_ = nullptr;
    CHECK(image_.topics_.emplace(id, std::move(topic)).second)
        << "entry " << index_ << " uses topic id " << id << " again";
  }

  void apply(const proto::RemoveTopic& record) {
    const Uuid id = uuid_of(record.id());
    const auto found = image_.topics_.find(id);
    CHECK(found != image_.topics_.end()) << "entry " << index_ << ": no topic " << id;
    const TopicImage& topic = found->second;
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      delta_.partitions.erase({id, PartitionIndex{static_cast<int32_t>(i)}});
      forget_replicas(id, topic.partitions[i]);
    }
    image_.partition_count_ -= topic.partitions.size();
    const auto resource = std::make_pair(ResourceType::kTopic, topic.name);
    if (image_.configs_.erase(resource) > 0) delta_.configs.insert(resource);
    if (delta_.new_topics.erase(id) == 0) delta_.removed_topics[id] = topic.name;
    image_.names_.erase(topic.name);
    image_.topics_.erase(found);
    topic_ = nullptr;
  }

  void apply(const proto::Partition& record) {
    const TopicPartition at = partition_id(record.topic_id(), record.index());
    TopicImage* topic = topic_of(at.topic);
    CHECK(topic != nullptr) << "entry " << index_ << ": no topic " << at.topic;
    CHECK_EQ(static_cast<size_t>(record.index()), topic->partitions.size())
        << "entry " << index_ << ": partitions of " << topic->name << " out of order";
    PartitionImage added = partition_of(record);
    check(at, added);
    ++image_.partition_count_;
    remember_replicas(at.topic, added);
    topic->partitions.push_back(std::move(added));
    if (!snapshot_) delta_.partitions.insert(delta_.partitions.end(), at);
  }

  void apply(const proto::PartitionChange& record) {
    const TopicPartition at = partition_id(record.topic_id(), record.index());
    TopicImage* topic = topic_of(at.topic);
    const auto place = static_cast<size_t>(record.index());
    CHECK(topic != nullptr && record.index() >= 0 && place < topic->partitions.size())
        << "entry " << index_ << ": no partition " << at.topic << "-" << at.index;
    PartitionImage& changed = topic->partitions.change(place);
    CHECK_EQ(record.partition_epoch(), changed.partition_epoch.value() + 1)
        << "entry " << index_ << ": partition " << at.topic << "-" << at.index;
    changed.partition_epoch = PartitionEpoch{record.partition_epoch()};
    if (record.has_replicas()) {
      forget_replicas(at.topic, changed);
      changed.replicas = brokers_of(record.replicas().ids());
      changed.directories.clear();
      for (const std::string& directory : record.directories()) {
        changed.directories.push_back(uuid_of(directory));
      }
      remember_replicas(at.topic, changed);
    }
    if (record.has_in_sync()) changed.in_sync = brokers_of(record.in_sync().ids());
    if (record.has_eligible()) changed.eligible = brokers_of(record.eligible().ids());
    if (record.has_last_known_eligible()) {
      changed.last_known_eligible = brokers_of(record.last_known_eligible().ids());
    }
    if (record.has_leader_epoch()) {
      CHECK_GT(record.leader_epoch(), changed.leader_epoch.value()) << "entry " << index_;
      changed.leader_epoch = LeaderEpoch{record.leader_epoch()};
    }
    if (record.has_leader()) {
      CHECK(record.has_leader_epoch()) << "entry " << index_ << ": a leader without its epoch";
      changed.leader = BrokerId{record.leader()};
    }
    if (record.has_lineage()) {
      CHECK_GT(record.lineage(), changed.lineage.value()) << "entry " << index_;
      changed.lineage = Lineage{record.lineage()};
    }
    if (record.has_durability()) changed.durability = from_proto(record.durability());
    if (record.has_durability_wanted()) {
      changed.durability_wanted = from_proto(record.durability_wanted());
    }
    if (record.has_recovering()) changed.recovering = record.recovering();
    if (record.has_adding()) changed.adding = brokers_of(record.adding().ids());
    if (record.has_removing()) changed.removing = brokers_of(record.removing().ids());
    check(at, changed);
    delta_.partitions.insert(delta_.partitions.end(), at);
  }

  void apply(const proto::Config& record) {
    const auto resource = std::make_pair(static_cast<ResourceType>(record.type()), record.name());
    if (record.has_value()) {
      image_.configs_[resource][record.key()] = record.value();
    } else if (const auto found = image_.configs_.find(resource); found != image_.configs_.end()) {
      found->second.erase(record.key());
      if (found->second.empty()) image_.configs_.erase(found);
    }
    delta_.configs.insert(resource);
  }

  void apply(const proto::ProducerIds& record) {
    CHECK_GE(record.next(), image_.next_producer_id_.value())
        << "entry " << index_ << " would hand out producer ids again";
    image_.next_producer_id_ = ProducerId{record.next()};
    delta_.producer_ids = true;
  }

  // Records of one topic mostly follow each other.
  TopicImage* topic_of(const Uuid& id) {
    if (topic_ != nullptr && topic_->id == id) return topic_;
    const auto found = image_.topics_.find(id);
    topic_ = found == image_.topics_.end() ? nullptr : &found->second;
    return topic_;
  }

  void remember_replicas(const Uuid& topic, const PartitionImage& partition) {
    for (BrokerId replica : partition.replicas) ++image_.by_broker_[replica][topic];
  }

  void forget_replicas(const Uuid& topic, const PartitionImage& partition) {
    for (BrokerId replica : partition.replicas) {
      const auto held = image_.by_broker_.find(replica);
      const auto count = held->second.find(topic);
      if (--count->second == 0) held->second.erase(count);
      if (held->second.empty()) image_.by_broker_.erase(held);
    }
  }

  void check(const TopicPartition& at, const PartitionImage& partition) {
    CHECK(!partition.replicas.empty())
        << "entry " << index_ << ": " << at.topic << "-" << at.index << " has no replicas";
    CHECK_EQ(partition.directories.size(), partition.replicas.size()) << "entry " << index_;
    for (BrokerId member : partition.in_sync) {
      CHECK(partition.has_replica(member))
          << "entry " << index_ << ": broker " << member << " is in sync but no replica";
    }
    CHECK(partition.leader == kNoBroker || partition.is_in_sync(partition.leader))
        << "entry " << index_ << ": leader " << partition.leader << " is not in sync";
  }

  Image& image_;
  const LogIndex index_;
  const bool snapshot_;
  Delta delta_;
  TopicImage* topic_ = nullptr;  // of the record before
};

Delta Image::apply(LogIndex index, const proto::Decision& decision) {
  CHECK(index > index_) << "entry " << index << " applied after " << index_;
  Applier applier(*this, index, /*snapshot=*/false);
  for (const proto::Record& record : decision.records()) applier.apply(record);
  if (decision.has_request()) applier.remember(decision.request(), decision.outcome(), index);
  index_ = index;
  return applier.take();
}

void Image::advance_to(LogIndex index) {
  CHECK(index > index_) << "entry " << index << " applied after " << index_;
  index_ = index;
}

ImageReader::ImageReader(LogIndex index)
    : index_(index), applier_(std::make_unique<Applier>(image_, index, /*snapshot=*/true)) {}

ImageReader::~ImageReader() = default;

void ImageReader::add(const proto::Record& record) { applier_->apply(record); }

Image ImageReader::take() {
  image_.index_ = index_;
  return std::move(image_);
}

Image Image::from_proto(const proto::Image& image) {
  ImageReader reader(LogIndex{image.index()});
  for (const proto::Record& record : image.records()) reader.add(record);
  return reader.take();
}

}  // namespace barnabas::metadata

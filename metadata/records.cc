#include "metadata/records.h"

#include <glog/logging.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <array>

namespace barnabas::metadata {

namespace {

void add_brokers(const std::vector<BrokerId>& from, google::protobuf::RepeatedField<int32_t>* to) {
  to->Reserve(static_cast<int>(from.size()));
  for (BrokerId broker : from) to->Add(broker.value());
}

}  // namespace

Uuid uuid_of(std::string_view bytes) {
  std::array<uint8_t, 16> id{};
  if (bytes.empty()) return Uuid();
  CHECK_EQ(bytes.size(), id.size()) << "a committed record holds a malformed id";
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return Uuid(id);
}

TopicPartition partition_id(std::string_view topic_id, int32_t index) {
  return {uuid_of(topic_id), PartitionIndex{index}};
}

proto::Durability to_proto(Durability durability) {
  return durability == Durability::kDurable ? proto::DURABILITY_DURABLE
                                            : proto::DURABILITY_REPLICATED;
}

Durability from_proto(proto::Durability durability) {
  return durability == proto::DURABILITY_REPLICATED ? Durability::kReplicated
                                                    : Durability::kDurable;
}

void set_brokers(const std::vector<BrokerId>& from, proto::BrokerList* to) {
  to->clear_ids();
  add_brokers(from, to->mutable_ids());
}

std::vector<BrokerId> brokers_of(const google::protobuf::RepeatedField<int32_t>& ids) {
  std::vector<BrokerId> out;
  out.reserve(static_cast<size_t>(ids.size()));
  for (int32_t id : ids) out.push_back(BrokerId{id});
  return out;
}

void write_partition(const TopicPartition& id, const PartitionImage& partition,
                     proto::Partition* into) {
  proto::Partition& record = *into;
  record.Clear();
  record.set_topic_id(id.topic.view().data(), id.topic.view().size());
  record.set_index(id.index.value());
  add_brokers(partition.replicas, record.mutable_replicas());
  for (const Uuid& directory : partition.directories) {
    record.add_directories(directory.view().data(), directory.view().size());
  }
  add_brokers(partition.in_sync, record.mutable_in_sync());
  add_brokers(partition.eligible, record.mutable_eligible());
  add_brokers(partition.last_known_eligible, record.mutable_last_known_eligible());
  record.set_leader(partition.leader.value());
  record.set_leader_epoch(partition.leader_epoch.value());
  record.set_partition_epoch(partition.partition_epoch.value());
  record.set_lineage(partition.lineage.value());
  record.set_durability(to_proto(partition.durability));
  record.set_durability_wanted(to_proto(partition.durability_wanted));
  record.set_recovering(partition.recovering);
  add_brokers(partition.adding, record.mutable_adding());
  add_brokers(partition.removing, record.mutable_removing());
}

proto::Partition partition_record(const TopicPartition& id, const PartitionImage& partition) {
  proto::Partition record;
  write_partition(id, partition, &record);
  return record;
}

PartitionImage partition_of(const proto::Partition& record) {
  PartitionImage partition;
  partition.replicas = brokers_of(record.replicas());
  for (const std::string& directory : record.directories()) {
    partition.directories.push_back(uuid_of(directory));
  }
  partition.in_sync = brokers_of(record.in_sync());
  partition.eligible = brokers_of(record.eligible());
  partition.last_known_eligible = brokers_of(record.last_known_eligible());
  partition.leader = BrokerId{record.leader()};
  partition.leader_epoch = LeaderEpoch{record.leader_epoch()};
  partition.partition_epoch = PartitionEpoch{record.partition_epoch()};
  partition.lineage = Lineage{record.lineage()};
  partition.durability = from_proto(record.durability());
  partition.durability_wanted = from_proto(record.durability_wanted());
  partition.recovering = record.recovering();
  partition.adding = brokers_of(record.adding());
  partition.removing = brokers_of(record.removing());
  return partition;
}

proto::RegisterBroker broker_record(const BrokerImage& broker) {
  proto::RegisterBroker record;
  record.set_id(broker.id.value());
  record.set_incarnation(broker.incarnation.bytes());
  record.set_epoch(broker.epoch.value());
  for (const ListenerAddress& address : broker.listeners) {
    proto::Listener* listener = record.add_listeners();
    listener->set_name(address.name);
    listener->set_host(address.host);
    listener->set_port(address.port);
    listener->set_protocol(address.protocol);
  }
  record.set_rack(broker.rack);
  record.set_peer_host(broker.peer_host);
  for (const Uuid& directory : broker.directories) record.add_directories(directory.bytes());
  record.set_software(broker.software);
  record.set_fenced(broker.fenced);
  record.set_in_controlled_shutdown(broker.in_controlled_shutdown);
  record.set_returning(broker.returning);
  record.set_draining(broker.draining);
  for (const auto& [name, range] : broker.features) {
    proto::FeatureRange& written = (*record.mutable_features())[name];
    written.set_min(range.first);
    written.set_max(range.second);
  }
  record.set_served_epoch(broker.served.value());
  return record;
}

BrokerImage broker_of(const proto::RegisterBroker& record, LogIndex index) {
  BrokerImage broker;
  broker.id = BrokerId{record.id()};
  broker.epoch = BrokerEpoch{record.epoch() != 0 ? record.epoch() : index.value()};
  broker.incarnation = uuid_of(record.incarnation());
  for (const proto::Listener& listener : record.listeners()) {
    broker.listeners.push_back({listener.name(), listener.host(),
                                static_cast<uint16_t>(listener.port()), listener.protocol()});
  }
  broker.rack = record.rack();
  broker.peer_host = record.peer_host();
  for (const std::string& directory : record.directories()) {
    broker.directories.push_back(uuid_of(directory));
  }
  broker.software = record.software();
  broker.returning = record.returning();
  for (const auto& [name, range] : record.features()) {
    broker.features[name] = {range.min(), range.max()};
  }
  return broker;
}

std::string serialize(const google::protobuf::MessageLite& message) {
  std::string out;
  out.reserve(message.ByteSizeLong());
  {
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    CHECK(message.SerializeToCodedStream(&coded)) << "a message could not be serialized";
  }
  return out;
}

}  // namespace barnabas::metadata

// Records as messages and as the image's plain structs: the one place that converts between them.
// Bytes written by serialize() are the same for equal messages on every node and in every process.

#pragma once

#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>
#include <vector>

#include "metadata/image.h"
#include "proto/metadata.pb.h"

namespace barnabas::metadata {

// Committed records hold 16 bytes or none; anything else is a broken invariant and aborts.
Uuid uuid_of(std::string_view bytes);
TopicPartition partition_id(std::string_view topic_id, int32_t index);

void write_partition(const TopicPartition& id, const PartitionImage& partition,
                     proto::Partition* into);
proto::Partition partition_record(const TopicPartition& id, const PartitionImage& partition);
PartitionImage partition_of(const proto::Partition& record);

proto::RegisterBroker broker_record(const BrokerImage& broker);
// `index` is the broker's epoch where the record does not name one.
BrokerImage broker_of(const proto::RegisterBroker& record, LogIndex index);

proto::Durability to_proto(Durability durability);
Durability from_proto(proto::Durability durability);

void set_brokers(const std::vector<BrokerId>& from, proto::BrokerList* to);
std::vector<BrokerId> brokers_of(const google::protobuf::RepeatedField<int32_t>& ids);

std::string serialize(const google::protobuf::MessageLite& message);

}  // namespace barnabas::metadata

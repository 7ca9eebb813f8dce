#include <glog/logging.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include "metadata/image.h"
#include "metadata/records.h"

namespace barnabas::metadata {
namespace {

// With three replicas; a first guess.
constexpr size_t kBytesPerPartition = 140;

}  // namespace

// One record is filled again and again: its memory is reused.
void Image::for_each_record(absl::FunctionRef<void(const proto::Record&)> each) const {
  proto::Record record;
  for (const auto& [name, level] : features_) {
    proto::FeatureLevel* feature = record.mutable_feature_level();
    feature->set_name(name);
    feature->set_level(level);
    each(record);
  }
  for (const auto& [id, broker] : brokers_) {
    *record.mutable_register_broker() = broker_record(broker);
    each(record);
  }
  proto::Record of_partition;
  for (const auto& [name, id] : names_) {
    const TopicImage& topic = topics_.at(id);
    proto::Topic* written = record.mutable_topic();
    written->set_name(name);
    written->set_id(id.bytes());
    each(record);
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      write_partition({id, PartitionIndex{static_cast<int32_t>(i)}}, topic.partitions[i],
                      of_partition.mutable_partition());
      each(of_partition);
    }
  }
  for (const auto& [resource, values] : configs_) {
    for (const auto& [key, value] : values) {
      proto::Config* config = record.mutable_config();
      config->set_type(static_cast<proto::ResourceType>(resource.first));
      config->set_name(resource.second);
      config->set_key(key);
      config->set_value(value);
      each(record);
    }
  }
  if (next_producer_id_ != ProducerId{0}) {
    record.mutable_producer_ids()->set_next(next_producer_id_.value());
    each(record);
  }
  if (!requests_.empty()) {
    proto::Requests* requests = record.mutable_requests();
    for (const auto& [client, request] : requests_) {
      proto::RememberedRequest* entry = requests->add_entries();
      entry->mutable_request()->set_client(client.bytes());
      entry->mutable_request()->set_sequence(request.sequence);
      entry->set_outcome(request.outcome);
      entry->set_index(request.index.value());
    }
    each(record);
  }
}

proto::Image Image::to_proto() const {
  proto::Image out;
  out.set_index(index_.value());
  for_each_record([&](const proto::Record& record) { *out.add_records() = record; });
  return out;
}

// The same bytes as those of to_proto(), without the copy of the image that it is.
std::string Image::serialized(Term term) const {
  proto::Image head;
  head.set_index(index_.value());
  head.set_term(term.value());
  std::string out = serialize(head);
  out.reserve(out.size() + partition_count_ * kBytesPerPartition);
  {
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    for_each_record([&](const proto::Record& record) {
      google::protobuf::internal::WireFormatLite::WriteTag(
          proto::Image::kRecordsFieldNumber,
          google::protobuf::internal::WireFormatLite::WIRETYPE_LENGTH_DELIMITED, &coded);
      coded.WriteVarint32(static_cast<uint32_t>(record.ByteSizeLong()));
      CHECK(record.SerializeToCodedStream(&coded));
    });
  }
  return out;
}

// FNV-1a: fixed over processes and machines, unlike the library's hashes.
uint64_t Image::hash() const {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : serialized()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace barnabas::metadata

// The cluster as committed records describe it. Controllers (leader and standbys) and brokers build
// it from the same records with this one apply code, so that equal index means equal image.
//
// Apply is total: a record that does not fit the image is a broken invariant of metadata and aborts
// the process (S2: what could be wrong was refused when deciding).
//
// Plain structs, no protobuf, no lock, no thread. Changed in place: the owner says who may read
// when (the controller's loop; on brokers a reader-writer lock around apply). A copy shares what it
// can (partition_list.h), so that it costs little.

#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/uuid.h"
#include "metadata/partition_image.h"
#include "metadata/partition_list.h"

namespace barnabas::proto {
class Decision;
class Image;
class Record;
}  // namespace barnabas::proto

namespace barnabas::metadata {

struct ListenerAddress {
  std::string name;  // as in `listeners`
  std::string host;  // empty: the address class that the client reached us by
  uint16_t port = 0;
  std::string protocol;  // PLAINTEXT, SSL, ...
  friend bool operator==(const ListenerAddress&, const ListenerAddress&) = default;
};

struct BrokerImage {
  BrokerId id;
  BrokerEpoch epoch;  // Raft index of its registration
  Uuid incarnation;
  std::vector<ListenerAddress> listeners;
  std::string rack;       // empty: none
  std::string peer_host;  // where it registered from, for probing where listeners name no host
  std::vector<Uuid> directories;
  std::string software;
  std::map<std::string, std::pair<int32_t, int32_t>> features;  // name -> levels it understands
  // The last epoch in which this broker was unfenced: a directory that has held this epoch or a
  // later one has everything the broker ever promised (S10). kNoBrokerEpoch: it never served.
  BrokerEpoch served = kNoBrokerEpoch;
  bool fenced = true;
  bool in_controlled_shutdown = false;
  bool returning = false;  // registered and trusted, and neither unfenced nor fenced since (S10)
  bool draining = false;   // an operator's wish: it leads only what nobody else can

  bool may_lead() const { return !fenced && !in_controlled_shutdown; }
  bool may_be_in_sync() const { return (!fenced || returning) && !in_controlled_shutdown; }
  friend bool operator==(const BrokerImage&, const BrokerImage&) = default;
};

struct TopicImage {
  Uuid id;
  std::string name;
  PartitionList partitions;  // index = partition
  friend bool operator==(const TopicImage&, const TopicImage&) = default;
};

enum class ResourceType { kTopic = 2, kBroker = 4 };  // as in Kafka's config resources
using ConfigMap = std::map<std::string, std::string>;

struct TopicPartition {
  Uuid topic;
  PartitionIndex index;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
  template <class H>
  friend H AbslHashValue(H h, const TopicPartition& p) {
    return H::combine(std::move(h), p.topic, p.index.value());
  }
};

// What one decision touched, so that followers of the image need not look at all of it. Sorted.
struct Delta {
  LogIndex index{0};
  std::set<BrokerId> brokers;
  absl::btree_set<TopicPartition> partitions;  // created, changed
  std::map<Uuid, std::string> new_topics;      // id -> name
  std::map<Uuid, std::string> removed_topics;  // id -> name
  std::set<std::pair<ResourceType, std::string>> configs;
  bool features = false;
  bool producer_ids = false;
  std::vector<Uuid> requests;  // clients whose remembered request is new, or forgotten now
  bool whole = false;          // the image was replaced by a snapshot: everything may have changed
};

// Outcome of a request, kept so that a retry gets the same answer (S3).
struct RememberedRequest {
  uint64_t sequence = 0;
  std::string outcome;
  LogIndex index{0};
  friend bool operator==(const RememberedRequest&, const RememberedRequest&) = default;
};

class Applier;

class Image {
 public:
  // Applies one decision at its index; indexes grow (gaps are entries of the Raft layer).
  Delta apply(LogIndex index, const proto::Decision& decision);
  // Entries without a payload move the index only.
  void advance_to(LogIndex index);

  LogIndex index() const { return index_; }

  const BrokerImage* broker(BrokerId id) const;
  const std::map<BrokerId, BrokerImage>& brokers() const { return brokers_; }

  const TopicImage* topic(const Uuid& id) const;
  const TopicImage* topic_by_name(std::string_view name) const;
  const std::map<std::string, Uuid, std::less<>>& topics_by_name() const { return names_; }
  const PartitionImage* partition(const TopicPartition& partition) const;
  size_t partition_count() const { return partition_count_; }
  // Partitions with a replica on this broker, sorted.
  std::vector<TopicPartition> partitions_of(BrokerId broker) const;
  void for_each_partition_of(
      BrokerId broker,
      absl::FunctionRef<void(const TopicPartition&, const PartitionImage&)> each) const;

  // Those that were set on this very resource; nullptr: none were.
  const ConfigMap* configs(ResourceType type, std::string_view name) const;
  const std::map<std::pair<ResourceType, std::string>, ConfigMap>& all_configs() const {
    return configs_;
  }

  int32_t feature_level(std::string_view name) const;  // 0: not finalized
  const std::map<std::string, int32_t>& features() const { return features_; }
  ProducerId next_producer_id() const { return next_producer_id_; }

  // The newest request remembered of this client; older ones are answered as too old.
  const RememberedRequest* request(const Uuid& client) const;
  const std::map<Uuid, RememberedRequest>& requests() const { return requests_; }
  static constexpr size_t kMaxRememberedClients = 10'000;  // the least recent is forgotten first

  // The image as records, and back. Equal images give equal bytes. The record that `each` is given
  // is good during the call only.
  void for_each_record(absl::FunctionRef<void(const proto::Record&)> each) const;
  proto::Image to_proto() const;
  // to_proto() with the term of its last entry, as bytes: a snapshot.
  std::string serialized(Term term = Term{0}) const;
  static Image from_proto(const proto::Image& image);
  // A hash of everything, for comparing nodes at equal index (I22).
  uint64_t hash() const;

 private:
  friend class Applier;
  friend class ImageReader;

  LogIndex index_{0};
  std::map<BrokerId, BrokerImage> brokers_;
  absl::flat_hash_map<Uuid, TopicImage> topics_;
  std::map<std::string, Uuid, std::less<>> names_;
  // How many partitions of which topics have a replica on a broker.
  std::map<BrokerId, absl::btree_map<Uuid, size_t>> by_broker_;
  size_t partition_count_ = 0;
  std::map<std::pair<ResourceType, std::string>, ConfigMap> configs_;
  std::map<std::string, int32_t> features_;
  ProducerId next_producer_id_{0};
  std::map<Uuid, RememberedRequest> requests_;
  std::map<LogIndex, Uuid> requests_by_age_;  // a decision answers one request at most
};

// An image from records that come one by one, in the order of for_each_record().
class ImageReader {
 public:
  explicit ImageReader(LogIndex index);
  ~ImageReader();
  void add(const proto::Record& record);
  Image take();

 private:
  Image image_;
  const LogIndex index_;
  const std::unique_ptr<Applier> applier_;
};

}  // namespace barnabas::metadata

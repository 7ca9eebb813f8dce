// The image as rows of the metadata store: one row per broker, topic, partition, configured
// resource, feature and remembered request. A row's value is a piece of a serialized Image, so that
// all values behind each other, in key order, are the whole of it.
//
//   "b" id(4)                 a broker                 "t" topic id(16)           a topic
//   "u" topic id(16) index(4) a partition              "v" type(1) name           configuration
//   "f" name                  a feature level          "w"                        producer ids
//   "x" client(16)            a remembered request
//
// Numbers are big-endian: key order is the order in which records must be applied.

#pragma once

#include <absl/container/btree_set.h>
#include <absl/status/statusor.h>

#include <string>
#include <utility>
#include <vector>

#include "metadata/image.h"
#include "proto/metadata.pb.h"
#include "storage/metadata_store.h"

namespace barnabas::controller {

// Gathers which rows a run of decisions changes; each is made once, as it is at the end.
class StoreRows {
 public:
  // Before and after the decision is applied to `image`.
  void before(const metadata::Image& image, const proto::Decision& decision);
  void after(const metadata::Image& image, const proto::Decision& decision,
             const metadata::Delta& delta);
  bool empty() const;
  // What has gathered, as `image` has it now, and forgets it.
  std::vector<storage::StoreWrite> take(const metadata::Image& image);

 private:
  absl::btree_set<BrokerId> brokers_;
  absl::btree_set<Uuid> topics_;
  absl::btree_set<metadata::TopicPartition> partitions_;
  absl::btree_set<std::pair<metadata::ResourceType, std::string>> configs_;
  absl::btree_set<Uuid> requests_;
  bool features_ = false;
  bool producer_ids_ = false;
};

// Every row of the image, to replace a store's content.
std::vector<storage::StoreWrite> rows_of(const metadata::Image& image);

// The image that a store holds, at its applied index. kDataLoss: a row cannot be read.
absl::StatusOr<metadata::Image> load_image(const storage::MetadataStore& store);

}  // namespace barnabas::controller

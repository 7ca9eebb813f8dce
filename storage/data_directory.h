// One data directory of a node: who it belongs to, whether the last stop was clean, and the
// checkpoints beside the partitions. Kafka's file names (docs/formats.md):
//   .lock  meta.properties  .kafka_cleanshutdown  recovery-point-offset-checkpoint
//   log-start-offset-checkpoint  replication-offset-checkpoint  broker-epoch
//
// Checkpoints and identity are replaced as whole files, durably: every call that writes waits for
// the medium, and a file that cannot be read is damage, not absence. Not thread-safe.
//
// A directory that belongs to another cluster or node is refused, with both ids in the message.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/random.h"
#include "common/uuid.h"
#include "storage/disk.h"

namespace barnabas::storage {

struct DirectoryIdentity {
  std::string cluster_id;  // empty until the node has joined a cluster
  int32_t node_id = -1;
  Uuid directory_id;
};

// "topic partition" -> offset, as checkpoint files hold it.
using OffsetCheckpoint = std::map<std::pair<std::string, int32_t>, Offset>;

class DataDirectory {
 public:
  // Locks it, reads or makes its identity (a fresh directory id from `random`), finds out whether
  // the last stop was clean and makes the removal of that marker durable before anything else may
  // be appended (S18).
  static absl::StatusOr<std::unique_ptr<DataDirectory>> open(Disk& disk, std::string path,
                                                             int32_t node_id, Random& random);
  virtual ~DataDirectory() = default;

  virtual const std::string& path() const = 0;
  virtual const DirectoryIdentity& identity() const = 0;
  // Durable before it returns. Refuses to change an id that is set already.
  virtual absl::Status join_cluster(const std::string& cluster_id) = 0;

  // Was the last stop clean, and which incarnation made it? (S10)
  virtual bool was_clean() const = 0;
  virtual BrokerEpoch last_broker_epoch() const = 0;  // kNoBrokerEpoch: never served
  // Durable before it returns; a broker calls it before it serves (S10).
  virtual absl::Status set_broker_epoch(BrokerEpoch epoch) = 0;
  // The last thing a clean stop does: durable before it returns.
  virtual absl::Status mark_clean() = 0;

  virtual OffsetCheckpoint recovery_points() const = 0;
  virtual OffsetCheckpoint log_starts() const = 0;
  virtual OffsetCheckpoint high_watermarks() const = 0;
  virtual absl::Status write_recovery_points(const OffsetCheckpoint& points) = 0;
  virtual absl::Status write_log_starts(const OffsetCheckpoint& starts) = 0;
  virtual absl::Status write_high_watermarks(const OffsetCheckpoint& marks) = 0;

  struct PartitionDirectory {
    std::string name;  // "<topic>-<partition>"
    std::string topic;
    int32_t partition = -1;
    Uuid topic_id;  // from partition.metadata
  };
  // Live partition directories (not -delete, -stray). Without a topic id if partition.metadata is
  // missing or torn, which a crash right after make_partition() may do.
  virtual absl::StatusOr<std::vector<PartitionDirectory>> partitions() const = 0;
  // Makes the directory and its partition.metadata; durable with the first flush round that names
  // the returned path and its parent.
  virtual absl::StatusOr<std::string> make_partition(const std::string& topic, int32_t partition,
                                                     const Uuid& topic_id) = 0;
  // Renames to "<name>.<uuid>-delete" (or "-stray", S8). remove_leftovers() removes the former,
  // and strays that have been kept for long enough, a few files at a time; true if there is more
  // (storage/leftovers.h).
  virtual absl::Status retire(const PartitionDirectory& directory, bool stray, Random& random) = 0;
  virtual absl::StatusOr<bool> remove_leftovers(WallTime now, Duration stray_keep,
                                                size_t at_most) = 0;
};

}  // namespace barnabas::storage

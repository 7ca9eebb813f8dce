// All replicas on this broker: follows the committed image, opens and retires logs, and keeps the
// fetchers and reporters pointed at the present leaders.

#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/partition/partition.h"
#include "common/transport.h"
#include "metadata/image.h"
#include "storage/data_directory.h"
#include "storage/disk.h"

namespace barnabas::replication {
class LostLeaders;
}

namespace barnabas::partition {

// How far recover() has come; thread-safe.
struct RecoveryProgress {
  std::atomic<int64_t> found{0};
  std::atomic<int64_t> done{0};
};

struct PartitionsOptions {
  Surroundings surroundings;  // for each partition
  Uuid directory_id;
  std::string inter_broker_listener;  // which listener name of another broker to dial
  Duration fetch_wait{std::chrono::milliseconds(500)};  // replica.fetch.wait.max.ms
  size_t fetch_bytes = size_t{1} << 20;                 // per partition
  size_t fetch_response_bytes = size_t{10} << 20;
  Duration retention_check{std::chrono::minutes(5)};  // log.retention.check.interval.ms
  Duration stray_keep{std::chrono::hours(24)};        // log.dirs.stray.retention.ms
  replication::LostLeaders* lost_leaders = nullptr;   // told of leaders whose connection breaks
  RecoveryProgress* recovery = nullptr;               // told of each partition that is through
};

class Partitions {
 public:
  // `loop`: the broker's metadata loop; `fetch_loops`: where fetchers live, in turn.
  static std::unique_ptr<Partitions> make(PartitionsOptions options, storage::Disk& disk,
                                          storage::DataDirectory& directory, Transport& transport,
                                          Executor& loop, std::vector<Executor*> fetch_loops,
                                          Random& random);
  virtual ~Partitions() = default;

  // Start: opens every partition directory, in parallel where the disk gains by it. Progress and
  // damage are logged; a damaged partition is offline, the others serve.
  virtual absl::Status recover(bool clean) = 0;

  // On the metadata loop. `delta.whole`: compare everything; strays (a directory whose topic the
  // image does not know) are judged only when `registered` (the image has reached the broker's own
  // registration, S8), and are renamed, not deleted.
  virtual void apply(const metadata::Image& image, const metadata::Delta& delta,
                     BrokerEpoch own_epoch, bool registered) = 0;

  // nullptr: no replica of it here. Thread-safe.
  virtual std::shared_ptr<Partition> find(const metadata::TopicPartition& id) const = 0;
  virtual std::vector<std::shared_ptr<Partition>> all() const = 0;

  // Replicas that could not be made for want of space are missing: apply() tries again.
  virtual bool lacks_replicas() const { return false; }

  // Writes high watermark, recovery point and log start checkpoints; background deletion.
  virtual void tick() = 0;
  // A clean stop: closes every log, checkpoints; OK only if everything is on disk.
  virtual absl::Status stop() = 0;
  // After a failed flush: nothing here may lead or acknowledge any more.
  virtual absl::Status failed() const = 0;
};

}  // namespace barnabas::partition

// What this broker writes down of its partitions from time to time, so that the next start knows
// more: high watermarks (with the lineage they belong to), recovery points, log starts.
//
// Files beside the partitions: Kafka's three, and one of ours for partitions that ever had an
// unclean election:
//
//   lineage-checkpoint      0                                     version
//                           <number of lines>
//                           <topic> <partition> <lineage> <high watermark>
//
// A high watermark without a line there belongs to lineage 0. The file is written before Kafka's,
// and carries the mark itself, so that a stop between the two leaves a true pair.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/partition/partition_shell.h"
#include "common/mutex.h"
#include "storage/data_directory.h"
#include "storage/disk.h"

namespace barnabas::partition {

class Checkpoints final : public RecoveryPoints {
 public:
  using Name = std::pair<std::string, int32_t>;  // topic, partition

  Checkpoints(storage::Disk& disk, storage::DataDirectory& directory)
      : disk_(disk), directory_(directory) {}

  // What the last run wrote.
  absl::Status load();
  struct Known {
    Offset high_watermark{0};
    std::optional<Lineage> lineage;
    Offset recovery_point{0};
    std::optional<Offset> log_start;
  };
  Known known(const Name& name) const;

  // High watermarks, and with `all` the recovery points and log starts too. Waits for the disk;
  // writes nothing that has not changed.
  absl::Status write(const std::vector<std::shared_ptr<PartitionShell>>& partitions, bool all);
  // Log starts that are about to move (LogStarts): on disk when this returns.
  absl::Status write_starts(const std::map<Name, Offset>& starts);
  // A partition is gone: a namesake must not inherit what was known of it. Waits.
  absl::Status forget(const Name& name);

  absl::Status lower(const std::string& topic, PartitionIndex index, Offset to) override;

 private:
  struct LineageMark {
    Lineage lineage;
    Offset high_watermark;
    friend bool operator==(const LineageMark&, const LineageMark&) = default;
  };
  using LineageMarks = std::map<Name, LineageMark>;

  std::string lineage_path() const;
  absl::Status write_lineages(LineageMarks marks);

  storage::Disk& disk_;
  storage::DataDirectory& directory_;
  storage::OffsetCheckpoint high_watermarks_;
  LineageMarks lineages_;

  // Taken under a partition's lock by lower(), so never held while a partition is asked.
  mutable Mutex mutex_;
  storage::OffsetCheckpoint recovery_points_ GUARDED_BY(mutex_);
  storage::OffsetCheckpoint log_starts_ GUARDED_BY(mutex_);
  // Lowered while a round was being collected: the round must not raise them again.
  std::map<Name, Offset> lowered_ GUARDED_BY(mutex_);
};

}  // namespace barnabas::partition

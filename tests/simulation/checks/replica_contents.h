// I39, I42: "Below the high watermark all replicas are the same, byte for byte." Reads the log
// files themselves, and not through the code under test.

#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "common/ids.h"
#include "storage/disk.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

// The segments of one partition, one after the other, cut where the batch that holds `end` begins.
absl::StatusOr<std::string> read_batches(storage::Disk& disk, const std::string& directory,
                                         Offset end);

class ReplicaContents {
 public:
  explicit ReplicaContents(Findings& findings) : findings_(findings) {}

  // What `replica` holds of `partition` below the high watermark.
  void holds(const std::string& partition, const std::string& replica, std::string content);
  // Compares; forgets what was collected.
  void judge();

 private:
  struct Held {
    std::string partition;
    std::string replica;
    std::string content;
  };
  Findings& findings_;
  std::vector<Held> held_;
};

}  // namespace barnabas::simulation

// What a start makes of the files of a log.
//
//   clean stop     nothing is scanned; the end is found from the last index entry on
//   otherwise      segments from the recovery point on are read past the page cache, and ended at
//                  the first batch that does not hold together: checksum, next offset, epoch not
//                  older than the one before. Then files and directory are synced (S18).
//
// Below the recovery point nothing is ever cut: what does not hold together there is damage, and
// open() fails with kDataLoss (P18).

#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <vector>

#include "storage/log/epoch_cache.h"
#include "storage/log/log.h"
#include "storage/log/segment.h"

namespace barnabas::storage {

struct RecoveredLog {
  // At least one; the last is active.
  std::vector<std::unique_ptr<Segment>> segments;
  EpochCache epochs;
  std::vector<Offset> snapshots;  // ascending
  Offset start;
  Offset end;                   // all of it is on disk
  bool names_unsynced = false;  // the directory is new: it goes with the first round
  RecoveryReport report;
};

absl::StatusOr<RecoveredLog> recover_log(const SegmentHome& home, const RecoveryHints& hints);

}  // namespace barnabas::storage

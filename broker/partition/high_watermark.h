// The high watermark of one partition: the end of the prefix that is committed. Consumers never
// read past it, and acks=all answers wait for it.
//
// On the leader it is computed: a record is committed once every replica that counts has it (on
// disk, unless the partition is in `replicated` mode).
//
//   which replicas count:  the committed in-sync set, and, while a change of that set is on its way
//                          to the controller, the proposed one as well. Counting too many is only
//                          slow; counting too few loses acknowledged records.
//
// On a follower it is learned, and only as far as the follower's log is known to agree with the
// leader's: beyond that, equal offsets may be different records.
//
// It never moves backwards within a lineage (S13). Pure arithmetic: no clock, no lock, no I/O.

#pragma once

#include <absl/types/span.h>

#include <optional>

#include "common/ids.h"

namespace barnabas::partition {

// How far one replica has come, in what counts (exclusive: it has everything below).
struct ReplicaProgress {
  BrokerId replica;
  Offset end;
};

// The in-sync set that the controller has committed, and the one that this leader has proposed.
struct InSyncView {
  absl::Span<const BrokerId> committed;
  std::optional<absl::Span<const BrokerId>> proposed;
};

class HighWatermark {
 public:
  // `start` is what this replica knows from before: a lower bound of what is committed.
  explicit HighWatermark(Offset start) : value_(start) {}

  // Leader: recomputes from the progress of all replicas that have spoken, its own included. True
  // if it moved. A counted replica that has not spoken yet holds the watermark where it is.
  bool advance(const InSyncView& in_sync, absl::Span<const ReplicaProgress> progress);

  // Follower: the leader says that everything below `told` is committed; up to `agreed_end` this
  // log is known to equal the leader's. True if it moved.
  bool learn(Offset told, Offset agreed_end);

  // The lineage has moved (S13): what was committed before binds no longer.
  void cut(Offset to);

  Offset value() const { return value_; }

 private:
  Offset value_;
};

}  // namespace barnabas::partition

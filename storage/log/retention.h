// Which segments of a log are old enough to go. A pure decision, taken from the oldest segment on:
// the first one that stays keeps all behind it, so that a log loses only its beginning.
//
//   age    its newest record is older than keep_ms. A segment whose records carry no timestamps
//          has no age.
//   size   what is left without it is still at least keep_bytes
//   start  nothing in it can be read any more: it ends at or below the log start
//
// None goes that holds anything at or above the limit: what is not committed and on disk is not
// old, whatever its timestamps say.

#pragma once

#include <cstdint>

#include "common/clock.h"
#include "common/ids.h"

namespace barnabas::storage {

struct SegmentFacts {
  Offset base;
  Offset end;  // behind its last record
  uint64_t bytes = 0;
  int64_t largest_timestamp_ms = -1;  // -1: none of its records has one
};

struct RetentionRules {
  int64_t keep_ms = -1;     // -1: for ever
  int64_t keep_bytes = -1;  // -1: any size
};

class Retention {
 public:
  // `log_bytes`: of all segments together.
  Retention(const RetentionRules& rules, Offset log_start, Offset limit, uint64_t log_bytes,
            WallTime now)
      : rules_(rules), log_start_(log_start), limit_(limit), left_(log_bytes), now_(now) {}

  // Does the age of segments matter? Looking it up may cost a read.
  bool asks_for_age() const { return rules_.keep_ms >= 0; }
  // May this one go, as the oldest of those that are left? To be asked in order.
  bool may_go(const SegmentFacts& segment);

 private:
  const RetentionRules rules_;
  const Offset log_start_;
  const Offset limit_;
  uint64_t left_;
  const WallTime now_;
  bool ended_ = false;
};

}  // namespace barnabas::storage

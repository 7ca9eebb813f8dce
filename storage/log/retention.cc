#include "storage/log/retention.h"

namespace barnabas::storage {

bool Retention::may_go(const SegmentFacts& segment) {
  if (ended_) return false;
  const bool out_of_reach = segment.end <= log_start_;
  const bool too_old =
      rules_.keep_ms >= 0 && segment.largest_timestamp_ms >= 0 &&
      now_.time_since_epoch().count() - segment.largest_timestamp_ms > rules_.keep_ms;
  const bool too_much = rules_.keep_bytes >= 0 && left_ >= segment.bytes &&
                        left_ - segment.bytes >= static_cast<uint64_t>(rules_.keep_bytes);
  ended_ = segment.end > limit_ || segment.bytes == 0 || !(out_of_reach || too_old || too_much);
  if (!ended_) left_ -= segment.bytes;
  return !ended_;
}

}  // namespace barnabas::storage

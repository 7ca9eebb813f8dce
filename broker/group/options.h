// What an operator can set about groups, with Kafka's defaults. The names are those of the broker's
// configuration keys.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "common/clock.h"

namespace barnabas::group {

struct Options {
  Duration initial_rebalance_delay{std::chrono::seconds(3)};    // group.initial.rebalance.delay.ms
  int32_t min_session_timeout_ms = 6'000;                       // group.min.session.timeout.ms
  int32_t max_session_timeout_ms = 1'800'000;                   // group.max.session.timeout.ms
  size_t max_group_size = std::numeric_limits<int32_t>::max();  // group.max.size
  size_t offset_metadata_max_bytes = 4'096;                     // offset.metadata.max.bytes
  std::chrono::milliseconds offsets_retention{std::chrono::hours(24 * 7)};  // ...retention.minutes
  Duration retention_check_interval{
      std::chrono::minutes(10)};  // offsets.retention.check.interval.ms
  // The largest batch that the offsets topic takes (its max.message.bytes), with the batch's own
  // header left off. What cannot fit is refused before it is appended, so that no group's size can
  // fail the whole shard.
  size_t max_append_bytes = 1'000'000;
  // A member that joins does not know its id yet and cannot send heartbeats; its request is given
  // up after this long.
  Duration new_member_join_timeout{std::chrono::minutes(5)};
};

}  // namespace barnabas::group

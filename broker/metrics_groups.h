// Consumer groups as metrics: state, members, and how far they are behind.
//
// Each group is shown by the broker that coordinates it. Its lag is the distance from what is
// committed to the high watermark as this broker's own replica knows it; of partitions without a
// replica here nothing is shown, rather than something that was asked of others and is old. (With
// three brokers and three replicas that is none.) In seconds it is the age of the first record that
// is not consumed, as its own timestamp says.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "broker/group/coordinator.h"
#include "broker/metrics_partitions.h"
#include "common/clock.h"
#include "common/http/operations_port.h"
#include "common/metrics.h"

namespace barnabas::broker {

class GroupCollector {
 public:
  // So many groups have series of their own; of the others only sums are shown.
  static constexpr size_t kMaxGroups = 1'000;
  // So many batches are read for their timestamps in one look.
  static constexpr int kMaxReads = 200;

  // `partitions`: those that have a replica here.
  void collect(const group::CoordinatorFacts& groups, const std::vector<PartitionFacts>& partitions,
               const partition::Partitions& replicas, WallTime now, const http::MetricsQuery& query,
               Exposition& into);

 private:
  using Place = std::tuple<std::string, std::string, int32_t>;  // group, topic, partition
  // The timestamp of what is next to be consumed, as it was read when the offset was committed.
  struct Next {
    int64_t offset = -1;
    int64_t timestamp_ms = -1;
    bool seen = false;
  };

  // Milliseconds; nullopt: not known.
  std::optional<int64_t> age(const group::OffsetFacts& committed, const PartitionFacts& partition,
                             const partition::Partitions& replicas, WallTime now, int& reads);

  std::map<Place, Next> next_;
};

}  // namespace barnabas::broker

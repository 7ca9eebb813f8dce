#include "broker/partition/high_watermark.h"

#include <algorithm>

#include "common/probe.h"

namespace barnabas::partition {
namespace {

bool contains(absl::Span<const BrokerId> set, BrokerId replica) {
  return std::find(set.begin(), set.end(), replica) != set.end();
}

bool counts(const InSyncView& in_sync, BrokerId replica) {
  return contains(in_sync.committed, replica) ||
         (in_sync.proposed.has_value() && contains(*in_sync.proposed, replica));
}

// Each member of the union must have spoken, or the minimum would be taken over too few.
bool all_have_spoken(absl::Span<const BrokerId> set, absl::Span<const ReplicaProgress> progress) {
  return std::all_of(set.begin(), set.end(), [&](BrokerId member) {
    return std::any_of(progress.begin(), progress.end(),
                       [&](const ReplicaProgress& p) { return p.replica == member; });
  });
}

}  // namespace

bool HighWatermark::advance(const InSyncView& in_sync, absl::Span<const ReplicaProgress> progress) {
  if (!all_have_spoken(in_sync.committed, progress)) return false;
  if (in_sync.proposed.has_value() && !all_have_spoken(*in_sync.proposed, progress)) return false;

  std::optional<Offset> slowest;
  for (const ReplicaProgress& p : progress) {
    if (!counts(in_sync, p.replica)) continue;
    if (slowest.has_value() && planted("partition: the fastest replica is enough")) {
      slowest = std::max(*slowest, p.end);
      continue;
    }
    slowest = slowest.has_value() ? std::min(*slowest, p.end) : p.end;
  }
  if (!slowest.has_value() || *slowest <= value_) return false;
  value_ = *slowest;
  return true;
}

bool HighWatermark::learn(Offset told, Offset agreed_end) {
  const Offset known = std::min(told, agreed_end);
  if (known <= value_) return false;
  value_ = known;
  return true;
}

void HighWatermark::cut(Offset to) { value_ = std::min(value_, to); }

}  // namespace barnabas::partition

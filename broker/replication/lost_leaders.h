// Brokers that this one copies from and whose connection broke a moment ago.
//
// A closed connection is news within a millisecond; that its partitions have other leaders is news
// only when the controller has looked, decided and committed. A client that asks for metadata in
// between would be sent back to the dead leader, and many look again only after half a second or
// more. So whoever answers metadata may wait for that moment to pass. It is a hint and no more:
// nothing is decided on it, and it expires by itself.
//
// Thread-safe: fetchers tell it on their loops, connections ask on theirs.

#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/mutex.h"

namespace barnabas::replication {

class LostLeaders {
 public:
  // Longer than a controller needs for a broker whose port refuses connections.
  static constexpr Duration kMoment = std::chrono::milliseconds(250);

  void lost(BrokerId leader, Instant now) {
    MutexLock lock(mutex_);
    lost_at_[leader] = now;
    count_ = lost_at_.size();
  }
  void back(BrokerId leader) {
    if (count_ == 0) return;
    MutexLock lock(mutex_);
    lost_at_.erase(leader);
    count_ = lost_at_.size();
  }
  // Those that were lost less than kMoment before `now`. Costs nothing while there are none.
  std::vector<BrokerId> recent(Instant now) {
    std::vector<BrokerId> out;
    if (count_ == 0) return out;
    MutexLock lock(mutex_);
    for (auto entry = lost_at_.begin(); entry != lost_at_.end();) {
      if (now - entry->second >= kMoment) {
        entry = lost_at_.erase(entry);
      } else {
        out.push_back((entry++)->first);
      }
    }
    count_ = lost_at_.size();
    return out;
  }

 private:
  Mutex mutex_;
  std::map<BrokerId, Instant> lost_at_ GUARDED_BY(mutex_);
  std::atomic<size_t> count_{0};
};

}  // namespace barnabas::replication

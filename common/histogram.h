// Numbers that a hot path counts with: relaxed atomics and nothing else, so that counting costs a
// few nanoseconds and needs no lock. Who wants to see them copies them (snapshot()); a copy that is
// taken while others count may miss some of them, and never invents any.

#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/clock.h"

namespace barnabas {

class Count {
 public:
  void add(int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Upper ends of buckets, inclusive, rising; beyond the last there is one more.
inline constexpr std::array<int64_t, 19> kLatencyBounds = {
    10,     20,     50,      100,     200,     500,       1'000,     2'000,     5'000,     10'000,
    20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000, 2'000'000, 5'000'000, 10'000'000};  // us
inline constexpr std::array<int64_t, 10> kSizeBounds = {
    1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26, 1 << 28};
inline constexpr std::array<int64_t, 10> kAmountBounds = {1,  2,   5,   10,  20,
                                                          50, 100, 200, 500, 1'000};

class Histogram {
 public:
  static constexpr size_t kMaxBounds = 19;

  struct Snapshot {
    std::span<const int64_t> bounds;
    std::vector<int64_t> counts;  // one more than bounds
    int64_t sum = 0;
    int64_t count = 0;

    // The value below which the part `q` of all lies, as far as the buckets tell; 0 if there is
    // nothing.
    double quantile(double q) const;
    // What has come since an earlier snapshot of the same histogram.
    Snapshot since(const Snapshot& earlier) const;
  };

  // `bounds` must outlive it.
  explicit Histogram(std::span<const int64_t> bounds = kLatencyBounds) : bounds_(bounds) {}

  void add(int64_t value) {
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    counts_[static_cast<size_t>(bucket)].add(1);
    sum_.add(value);
  }
  Snapshot snapshot() const;

 private:
  const std::span<const int64_t> bounds_;
  std::array<Count, kMaxBounds + 1> counts_;
  Count sum_;
};

// What a histogram has counted lately, for views that know no histograms. "Lately" is the last one
// to two windows: what has come since a copy that is at least one window old, and the youngest
// such.
class RecentHistogram {
 public:
  explicit RecentHistogram(Duration window = std::chrono::minutes(1)) : window_(window) {}

  // `all`: as it is now; `now` rises from call to call.
  Histogram::Snapshot recent(const Histogram::Snapshot& all, Instant now);

 private:
  const Duration window_;
  Histogram::Snapshot older_;  // at first nothing: the start of the process
  Histogram::Snapshot newer_;
  std::optional<Instant> newer_at_;
};

}  // namespace barnabas

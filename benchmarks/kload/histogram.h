// A latency histogram: 128 linear steps per power of two, so that every value is within 0.8 %.

#pragma once

#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace barnabas::kload {

class Histogram {
 public:
  void add(int64_t ns) {
    const uint64_t us10 = static_cast<uint64_t>(std::max<int64_t>(ns, 0)) / 100;  // unit: 0.1 us
    ++buckets_[index(us10)];
    ++count_;
    max_ = std::max(max_, us10);
  }
  double us(double quantile) const {
    if (count_ == 0) return 0;
    const uint64_t wanted =
        std::max<uint64_t>(1, static_cast<uint64_t>(quantile * static_cast<double>(count_) + 0.5));
    uint64_t seen = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      seen += buckets_[i];
      if (seen >= wanted) return static_cast<double>(std::min(upper(i), max_)) / 10;
    }
    return static_cast<double>(max_) / 10;
  }
  uint64_t count() const { return count_; }
  std::string json() const {
    char out[200];
    std::snprintf(out, sizeof out,
                  R"({"n":%)" PRIu64
                  R"(,"p50":%.1f,"p95":%.1f,"p99":%.1f,"p99.9":%.1f,"max":%.1f})",
                  count_, us(0.50), us(0.95), us(0.99), us(0.999), static_cast<double>(max_) / 10);
    return out;
  }

 private:
  static constexpr size_t kSub = 128, kBuckets = kSub * 48;
  static size_t index(uint64_t value) {
    if (value < kSub) return value;
    const int shift = 63 - __builtin_clzll(value) - 7;
    return std::min<size_t>(kBuckets - 1,
                            kSub * (static_cast<size_t>(shift) + 1) + ((value >> shift) - kSub));
  }
  static uint64_t upper(size_t i) {
    if (i < kSub) return i;
    const uint64_t shift = i / kSub - 1;
    return ((kSub + i % kSub + 1) << shift) - 1;
  }
  std::vector<uint64_t> buckets_ = std::vector<uint64_t>(kBuckets);
  uint64_t count_ = 0, max_ = 0;
};

}  // namespace barnabas::kload

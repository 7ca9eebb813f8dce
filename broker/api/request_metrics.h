// What the Kafka port counts. Plain relaxed atomics, one cache line's worth of work a request; the
// daemon copies them into its registry when somebody looks (broker/metrics.h).

#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "common/clock.h"

namespace barnabas::api {

class Count {
 public:
  void add(int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

struct RequestMetrics {
  // One place for each API key that exists; the last is for keys of our own.
  static constexpr int kPlaces = 97;
  static int place(int16_t api_key) {
    return api_key >= 0 && api_key < kPlaces - 1 ? api_key : kPlaces - 1;
  }

  struct OfApi {
    Count requests;
    Count errors;
    Count total_microseconds;
  };
  std::array<OfApi, kPlaces> apis;
  Count bytes_in;
  Count bytes_out;
  Count connections;          // open now
  Count refused_connections;  // closed for what they sent
  Count produced_bytes;
  Count produce_refused_disk_full;

  void received(int16_t api_key, size_t bytes) {
    apis[static_cast<size_t>(place(api_key))].requests.add(1);
    bytes_in.add(static_cast<int64_t>(bytes));
  }
  void answered(int16_t api_key, size_t bytes, int16_t error, Duration took) {
    OfApi& api = apis[static_cast<size_t>(place(api_key))];
    if (error != 0) api.errors.add(1);
    api.total_microseconds.add(took.count());
    bytes_out.add(static_cast<int64_t>(bytes));
  }
};

}  // namespace barnabas::api

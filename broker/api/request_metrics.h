// What the Kafka port counts. Plain relaxed atomics, one cache line's worth of work a request; the
// daemon copies them into its registry when somebody looks (broker/metrics.h).

#pragma once

#include <array>
#include <cstdint>

#include "common/clock.h"
#include "common/histogram.h"

namespace barnabas::api {

struct RequestMetrics {
  // One place for each API key that exists; the last is for keys of our own.
  static constexpr int kPlaces = 97;
  static int place(int16_t api_key) {
    return api_key >= 0 && api_key < kPlaces - 1 ? api_key : kPlaces - 1;
  }

  struct OfApi {
    Count requests;
    Count errors;
    // In microseconds. Total is local (while its thread worked on it) and remote (while it waited
    // for replicas, controllers, data).
    Histogram total;
    Histogram local;
    Histogram remote;
  };
  std::array<OfApi, kPlaces> apis;
  // Answers by the error code that they carry first; what lies beyond shares the last place.
  static constexpr int kErrors = 160;
  std::array<Count, kErrors> errors;
  Count bytes_in;
  Count bytes_out;
  Count connections;          // open now
  Count refused_connections;  // closed for what they sent
  Count unreached_clients;    // machines whose clients never use what they are told
  Count produced_bytes;
  Count produce_refused_disk_full;

  void received(int16_t api_key, size_t bytes) {
    apis[static_cast<size_t>(place(api_key))].requests.add(1);
    bytes_in.add(static_cast<int64_t>(bytes));
  }
  // `remote`: the part of `took` for which it waited.
  void answered(int16_t api_key, size_t bytes, int16_t error, Duration took, Duration remote) {
    OfApi& api = apis[static_cast<size_t>(place(api_key))];
    if (error != 0) {
      api.errors.add(1);
      const bool known = error > 0 && error < kErrors - 1;
      errors[static_cast<size_t>(known ? error : kErrors - 1)].add(1);
    }
    api.total.add(took.count());
    api.local.add((took - remote).count());
    api.remote.add(remote.count());
    bytes_out.add(static_cast<int64_t>(bytes));
  }
};

}  // namespace barnabas::api

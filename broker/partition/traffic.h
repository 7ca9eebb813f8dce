// What one replica counts of its own traffic, for metrics. As in Kafka, a request counts once for
// each partition in it, and only clients' traffic counts: not what replicas copy.

#pragma once

#include <cstdint>

#include "common/histogram.h"

namespace barnabas::partition {

struct TrafficView {
  int64_t records_in = 0;
  int64_t bytes_in = 0;
  int64_t bytes_out = 0;
  int64_t produce_requests = 0;
  int64_t fetch_requests = 0;
  int64_t failed_produce_requests = 0;
  int64_t failed_fetch_requests = 0;
  // Of the in-sync set, as its leader saw it.
  int64_t in_sync_shrinks = 0;
  int64_t in_sync_expands = 0;

  // `each(field of this, field of other)` for all of them.
  template <class Each>
  void with(const TrafficView& other, Each each) {
    each(records_in, other.records_in);
    each(bytes_in, other.bytes_in);
    each(bytes_out, other.bytes_out);
    each(produce_requests, other.produce_requests);
    each(fetch_requests, other.fetch_requests);
    each(failed_produce_requests, other.failed_produce_requests);
    each(failed_fetch_requests, other.failed_fetch_requests);
    each(in_sync_shrinks, other.in_sync_shrinks);
    each(in_sync_expands, other.in_sync_expands);
  }
  void add(const TrafficView& other) {
    with(other, [](int64_t& mine, int64_t theirs) { mine += theirs; });
  }
};

struct Traffic {
  Count records_in, bytes_in, bytes_out;
  Count produce_requests, fetch_requests, failed_produce_requests, failed_fetch_requests;
  Count in_sync_shrinks, in_sync_expands;

  TrafficView view() const {
    return {records_in.value(),
            bytes_in.value(),
            bytes_out.value(),
            produce_requests.value(),
            fetch_requests.value(),
            failed_produce_requests.value(),
            failed_fetch_requests.value(),
            in_sync_shrinks.value(),
            in_sync_expands.value()};
  }
};

}  // namespace barnabas::partition

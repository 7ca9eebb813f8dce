// Requests of the Kafka port as metrics: real histograms, and Kafka's own view with quantiles.

#pragma once

#include <map>

#include "broker/api/request_metrics.h"
#include "common/clock.h"
#include "common/histogram.h"
#include "common/metrics.h"

namespace barnabas::broker {

class RequestCollector {
 public:
  void collect(const api::RequestMetrics& requests, Instant now, Exposition& into);

 private:
  struct OfApi {
    RecentHistogram total;
    RecentHistogram local;
    RecentHistogram remote;
  };
  std::map<int16_t, OfApi> apis_;
};

}  // namespace barnabas::broker

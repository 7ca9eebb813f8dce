// What a broker counts, as the process-wide registry shows it. Copied there when somebody looks, so
// that the path of a request pays for nothing but its own atomics.

#pragma once

#include "broker/api/request_metrics.h"
#include "broker/partition/partitions.h"
#include "common/metrics.h"

namespace barnabas::broker {

// Thread-safe towards the path of requests; one caller at a time.
void publish(const api::RequestMetrics& requests, const partition::Partitions& partitions,
             Exposition& into);

}  // namespace barnabas::broker

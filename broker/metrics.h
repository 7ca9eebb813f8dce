// What a broker shows at /metrics, collected when somebody asks. The path of a request pays for
// nothing but its own atomics.

#pragma once

#include <map>
#include <string>

#include "broker/api/services.h"
#include "broker/controller_session.h"
#include "broker/group/coordinator.h"
#include "broker/metrics_groups.h"
#include "broker/metrics_partitions.h"
#include "broker/metrics_requests.h"
#include "broker/partition/partitions.h"
#include "common/http/operations_port.h"
#include "common/metrics.h"
#include "storage/flush_scheduler.h"

namespace barnabas::broker {

// Everything here is thread-safe, and outlives the collector.
struct MetricsSources {
  BrokerId self;
  const api::RequestMetrics& requests;
  const api::DiskState& disk;
  const ControllerSession& session;
  const partition::Partitions& partitions;
  const storage::FlushStatistics& flushes;
  group::Coordinator& groups;
};

// What only the metadata loop may see, as it was at the last look.
struct SessionFacts {
  bool serving = false;
  bool stopping = false;
  bool attached = false;  // to an active controller
  bool fenced = true;
  BrokerEpoch epoch = kNoBrokerEpoch;
  std::string cluster_id;
};

class BrokerMetrics {
 public:
  // `io_threads`: the names of the threads that serve requests.
  BrokerMetrics(MetricsSources sources, std::vector<std::string> io_threads)
      : sources_(sources), io_threads_(std::move(io_threads)) {}

  // One caller at a time.
  void collect(const SessionFacts& facts, const http::MetricsQuery& query, Instant now,
               Exposition& into);

 private:
  void show_session(const SessionFacts& facts, Exposition& into) const;
  void show_disk(Exposition& into) const;
  void show_idle(Instant now, Exposition& into);

  const MetricsSources sources_;
  const std::vector<std::string> io_threads_;
  RequestCollector requests_;
  PartitionCollector partitions_;
  GroupCollector groups_;
  // For the share of time in which the I/O threads had nothing to do, since the look before.
  Instant looked_at_{};
  double busy_seconds_ = 0;
  double idle_ = 1;
};

}  // namespace barnabas::broker

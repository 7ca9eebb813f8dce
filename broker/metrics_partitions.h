// Partitions as metrics: how many are in which state, and with /metrics/full one series for each.

#pragma once

#include <string>
#include <vector>

#include "broker/controller_session.h"
#include "broker/metrics_traffic.h"
#include "broker/partition/partitions.h"
#include "common/http/operations_port.h"
#include "common/metrics.h"

namespace barnabas::broker {

// One partition of which this broker has a replica, as the image says, and as it is here.
struct PartitionFacts {
  metadata::TopicPartition id;
  std::string topic;
  size_t replicas = 0;
  size_t in_sync = 0;
  size_t min_in_sync = 1;
  BrokerId leader = kNoBroker;
  bool leader_is_preferred = false;
  // How many partitions the topic has, told by one partition of each topic; else 0.
  size_t partitions_of_topic = 0;

  bool here = false;  // false: not opened, or damaged
  partition::PartitionView view;
};

// Under the image's lock only as long as copying takes.
std::vector<PartitionFacts> look_at_partitions(const ControllerSession& session,
                                               const partition::Partitions& partitions,
                                               BrokerId self);

class PartitionCollector {
 public:
  void collect(const std::vector<PartitionFacts>& partitions, BrokerId self,
               const http::MetricsQuery& query, Exposition& into);

 private:
  TrafficSums traffic_;
};

// "board" asks for that topic, "bo*" for all that begin so, "" for all.
bool matches(const std::string& asked, const std::string& name);

}  // namespace barnabas::broker

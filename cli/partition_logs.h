// Where partitions begin and end, how large they are, and how far followers are behind: what only
// brokers know, gathered for the verbs that show topics.

#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/cluster_port.h"

namespace barnabas::cli {

struct ReplicaLog {
  int32_t node = -1;
  int64_t bytes = -1;
  int64_t lag = -1;  // records behind the high watermark
};

struct PartitionLog {
  int64_t start = -1;  // -1: not known
  int64_t end = -1;
  std::vector<ReplicaLog> replicas;  // by node
  // Of the replica on `node`; -1: not known.
  int64_t bytes_on(int32_t node) const;
};

struct PartitionLogs {
  std::map<TopicPartition, PartitionLog> logs;
  std::string missing;  // why something is not known; empty: all is
};

// As much as can be had.
PartitionLogs look_at_logs(ClusterPort& brokers, const std::set<TopicPartition>& partitions);

// One object for each partition.
std::string logs_json(const PartitionLogs& logs);

}  // namespace barnabas::cli

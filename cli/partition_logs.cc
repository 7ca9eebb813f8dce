#include "cli/partition_logs.h"

#include <algorithm>

#include "cli/json_text.h"

namespace barnabas::cli {

int64_t PartitionLog::bytes_on(int32_t node) const {
  for (const ReplicaLog& replica : replicas) {
    if (replica.node == node) return replica.bytes;
  }
  return -1;
}

PartitionLogs look_at_logs(ClusterPort& brokers, const std::set<TopicPartition>& partitions) {
  PartitionLogs found;
  std::map<TopicPartition, int64_t> starts;
  std::map<TopicPartition, int64_t> ends;
  std::set<std::string> topics;
  for (const TopicPartition& one : partitions) {
    found.logs[one];
    starts[one] = kAtStart;
    ends[one] = kAtEnd;
    topics.insert(one.topic);
  }
  if (partitions.empty()) return found;
  const auto take = [&](const Result<std::map<TopicPartition, OffsetAnswer>>& answer,
                        int64_t PartitionLog::* where) {
    if (!answer.ok()) {
      found.missing = answer.problem().came_back;
      return;
    }
    for (const auto& [one, offset] : answer.value()) {
      if (offset.code == 0) found.logs[one].*where = offset.offset;
    }
  };
  const auto first = brokers.offsets(starts);
  take(first, &PartitionLog::start);
  if (!first.ok()) return found;  // nobody answers: no use in asking on
  take(brokers.offsets(ends), &PartitionLog::end);
  auto disks = brokers.log_dirs(topics);
  if (!disks.ok()) {
    found.missing = disks.problem().came_back;
    return found;
  }
  for (const ReplicaOnDisk& replica : disks.value().replicas) {
    const auto log = found.logs.find(replica.partition);
    if (log == found.logs.end()) continue;
    log->second.replicas.push_back({replica.node, replica.bytes, replica.lag});
  }
  for (auto& [one, log] : found.logs) {
    std::sort(log.replicas.begin(), log.replicas.end(),
              [](const ReplicaLog& a, const ReplicaLog& b) { return a.node < b.node; });
  }
  return found;
}

std::string logs_json(const PartitionLogs& logs) {
  std::vector<std::string> rows;
  for (const auto& [one, log] : logs.logs) {
    std::vector<std::string> replicas;
    for (const ReplicaLog& replica : log.replicas) {
      replicas.push_back(JsonObject()
                             .add("node", replica.node)
                             .add("bytes", replica.bytes)
                             .add("lag", replica.lag)
                             .text());
    }
    rows.push_back(JsonObject()
                       .add("topic", one.topic)
                       .add("partition", one.partition)
                       .add("start", log.start)
                       .add("end", log.end)
                       .add_json("replicas", json_list(replicas))
                       .text());
  }
  return json_list(rows);
}

}  // namespace barnabas::cli

// The brokers themselves, asked in Kafka's protocol: what these verbs do works on every cluster
// that speaks it.

#pragma once

#include <chrono>
#include <string>

#include "cli/broker_pool.h"
#include "cli/cluster_port.h"

namespace barnabas::cli {

class WireCluster final : public ClusterPort {
 public:
  // See BrokerPool.
  WireCluster(Bootstrap bootstrap, std::string client_id, std::chrono::milliseconds timeout,
              std::chrono::milliseconds failover)
      : pool_(std::move(bootstrap), std::move(client_id), timeout, failover), timeout_(timeout) {}

  Result<std::map<std::string, std::vector<int32_t>>> partitions(
      const std::set<std::string>& topics) override;
  Result<std::vector<GroupListing>> list_groups() override;
  Result<std::vector<GroupView>> describe_groups(const std::vector<std::string>& names) override;
  Result<std::map<TopicPartition, CommittedOffset>> committed(const std::string& group) override;
  Result<std::map<TopicPartition, int>> commit(
      const std::string& group, const std::map<TopicPartition, int64_t>& offsets) override;
  Result<std::map<std::string, int>> delete_groups(const std::vector<std::string>& names) override;
  Result<std::map<TopicPartition, int>> delete_offsets(
      const std::string& group, const std::set<TopicPartition>& partitions) override;
  Result<std::map<TopicPartition, OffsetAnswer>> offsets(
      const std::map<TopicPartition, int64_t>& at) override;
  Result<std::map<TopicPartition, int64_t>> record_times(
      const std::map<TopicPartition, int64_t>& at) override;
  Result<std::map<TopicPartition, OffsetAnswer>> delete_records(
      const std::map<TopicPartition, int64_t>& before) override;
  Result<LogDirs> log_dirs(const std::set<std::string>& topics) override;
  Result<std::vector<ConfigValue>> node_config(int32_t node) override;

 private:
  BrokerPool pool_;
  std::chrono::milliseconds timeout_;
};

}  // namespace barnabas::cli

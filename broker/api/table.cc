#include "broker/api/table.h"

#include <algorithm>

namespace barnabas::api {
namespace {

// Produce: 0-2 are announced because old librdkafka turns compression off without them, and are
// not served; 12 means that the broker adds partitions to transactions (KIP-890), 13 topic ids.
// FindCoordinator: 5 and 6 are about transactions and share groups.
constexpr Api kApis[] = {
    {0, "Produce", 0, 11, 3, true, handle_produce},
    {1, "Fetch", 4, 18, 4, true, handle_fetch},
    {2, "ListOffsets", 1, 11, 1, true, handle_list_offsets},
    {3, "Metadata", 0, 13, 0, true, handle_metadata},
    {8, "OffsetCommit", 2, 10, 2, true, handle_offset_commit},
    {9, "OffsetFetch", 1, 10, 1, true, handle_offset_fetch},
    {10, "FindCoordinator", 0, 4, 0, true, handle_find_coordinator},
    {11, "JoinGroup", 0, 9, 0, true, handle_join_group},
    {12, "Heartbeat", 0, 4, 0, true, handle_heartbeat},
    {13, "LeaveGroup", 0, 5, 0, true, handle_leave_group},
    {14, "SyncGroup", 0, 5, 0, true, handle_sync_group},
    {15, "DescribeGroups", 0, 6, 0, true, handle_describe_groups},
    {16, "ListGroups", 0, 5, 0, true, handle_list_groups},
    {kApiVersionsKey, "ApiVersions", 0, 4, 0, true, handle_api_versions},
    {19, "CreateTopics", 2, 7, 2, true, handle_create_topics},
    {20, "DeleteTopics", 1, 6, 1, true, handle_delete_topics},
    {21, "DeleteRecords", 0, 2, 0, true, handle_delete_records},
    {22, "InitProducerId", 0, 5, 0, true, handle_init_producer_id},
    {23, "OffsetForLeaderEpoch", 2, 4, 2, true, handle_offset_for_leader_epoch},
    {32, "DescribeConfigs", 1, 4, 1, true, handle_describe_configs},
    {33, "AlterConfigs", 0, 2, 0, true, handle_alter_configs},
    {35, "DescribeLogDirs", 1, 4, 1, true, handle_describe_log_dirs},
    {37, "CreatePartitions", 0, 3, 0, true, handle_create_partitions},
    {42, "DeleteGroups", 0, 2, 0, true, handle_delete_groups},
    {43, "ElectLeaders", 0, 2, 0, true, handle_elect_leaders},
    {44, "IncrementalAlterConfigs", 0, 1, 0, true, handle_incremental_alter_configs},
    {47, "OffsetDelete", 0, 0, 0, true, handle_offset_delete},
    {55, "DescribeQuorum", 0, 2, 0, true, handle_describe_quorum},
    {60, "DescribeCluster", 0, 2, 0, true, handle_describe_cluster},
    {64, "UnregisterBroker", 0, 0, 0, true, handle_unregister_broker},
    {74, "ListConfigResources", 0, 1, 0, true, handle_list_config_resources},
    {75, "DescribeTopicPartitions", 0, 0, 0, true, handle_describe_topic_partitions},
    {15000, "DurableReport", 0, 0, 0, false, handle_durable_report},
};

}  // namespace

absl::Span<const Api> all_apis() { return kApis; }

const Api* find_api(int16_t key) {
  const auto* found = std::lower_bound(std::begin(kApis), std::end(kApis), key,
                                       [](const Api& api, int16_t k) { return api.key < k; });
  return found != std::end(kApis) && found->key == key ? found : nullptr;
}

}  // namespace barnabas::api

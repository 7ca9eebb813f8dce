#include "broker/api/table.h"

#include <algorithm>

namespace barnabas::api {
namespace {

// Produce: 0-2 are announced because old librdkafka turns compression off without them, and are
// not served; 12 means that the broker adds partitions to transactions (KIP-890), 13 topic ids.
constexpr Api kApis[] = {
    {0, "Produce", 0, 11, 3, true, handle_produce},
    {1, "Fetch", 4, 18, 4, true, handle_fetch},
    {2, "ListOffsets", 1, 11, 1, true, handle_list_offsets},
    {3, "Metadata", 0, 13, 0, true, handle_metadata},
    {kApiVersionsKey, "ApiVersions", 0, 4, 0, true, handle_api_versions},
    {19, "CreateTopics", 2, 7, 2, true, handle_create_topics},
    {20, "DeleteTopics", 1, 6, 1, true, handle_delete_topics},
    {22, "InitProducerId", 0, 5, 0, true, handle_init_producer_id},
    {23, "OffsetForLeaderEpoch", 2, 4, 2, true, handle_offset_for_leader_epoch},
    {60, "DescribeCluster", 0, 2, 0, true, handle_describe_cluster},
    {32, "DescribeConfigs", 1, 4, 1, true, handle_describe_configs},
    {33, "AlterConfigs", 0, 2, 0, true, handle_alter_configs},
    {37, "CreatePartitions", 0, 3, 0, true, handle_create_partitions},
    {43, "ElectLeaders", 0, 2, 0, true, handle_elect_leaders},
    {44, "IncrementalAlterConfigs", 0, 1, 0, true, handle_incremental_alter_configs},
    {55, "DescribeQuorum", 0, 2, 0, true, handle_describe_quorum},
    {15000, "DurableReport", 0, 0, 0, false, handle_durable_report},
};
    {64, "UnregisterBroker", 0, 0, 0, true, handle_unregister_broker},
    {74, "ListConfigResources", 0, 1, 0, true, handle_list_config_resources},
    {75, "DescribeTopicPartitions", 0, 0, 0, true, handle_describe_topic_partitions},

}  // namespace

absl::Span<const Api> all_apis() { return kApis; }

const Api* find_api(int16_t key) {
  const auto* found = std::lower_bound(std::begin(kApis), std::end(kApis), key,
                                       [](const Api& api, int16_t k) { return api.key < k; });
  return found != std::end(kApis) && found->key == key ? found : nullptr;
}

}  // namespace barnabas::api

// A broker's settings, from a properties file with Kafka's key names.
//
// Nothing is ignored silently: an unknown key is refused with the nearest one that exists, a value
// that makes no sense with its line, two lines that contradict each other with both. Keys that mean
// something only to a JVM or to ZooKeeper are named once and have no effect.

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/advertised_map.h"
#include "broker/host_facts.h"
#include "common/clock.h"
#include "common/ids.h"
#include "common/properties.h"
#include "common/transport.h"
#include "metadata/image.h"

namespace barnabas::broker {

struct ListenerConfig {
  std::string name;
  std::string protocol;  // PLAINTEXT: the only one there is yet
  Endpoint bind;         // host 0.0.0.0 for "all addresses"
};

struct BrokerConfig {
  BrokerId node;
  std::string directory;  // log.dirs
  std::string rack;
  std::vector<ListenerConfig> listeners;
  std::string inter_broker_listener;
  // Of advertised.listeners; empty: auto. Same names as `listeners`.
  std::vector<metadata::ListenerAddress> advertised;
  std::vector<AdvertisedRule> advertised_map;
  std::vector<Endpoint> controllers;
  int network_threads = 1;

  bool auto_create_topics = true;
  bool delete_topics = true;
  size_t request_max_bytes = 104'857'600;
  size_t max_connections = 10'000;
  size_t max_connections_per_ip = 10'000;
  Duration connections_idle{std::chrono::minutes(10)};
  size_t fetch_max_bytes = 57'671'680;
  size_t fetch_session_slots = 1'000;
  bool rack_aware_fetch = false;  // replica.selector.class

  Duration replica_lag_max{std::chrono::seconds(30)};
  Duration replica_fetch_wait{std::chrono::milliseconds(500)};
  size_t replica_fetch_bytes = 1'048'576;
  size_t replica_fetch_response_bytes = 10'485'760;
  Duration flush_lag_max{std::chrono::seconds(10)};
  size_t unflushed_bytes_max = size_t{256} << 20;
  Duration producer_expiry{std::chrono::hours(24)};
  Duration retention_check{std::chrono::minutes(5)};
  Duration stray_keep{std::chrono::hours(24)};

  // Produce is refused below this much free space; -1: 256 MiB, or a twentieth of a small disk.
  int64_t free_bytes_min = -1;
  bool allow_insecure_listener = false;
  // metrics.address: where metrics and health are served over HTTP; nullopt: nowhere.
  std::optional<Endpoint> metrics_address;
  Duration controlled_shutdown_limit{std::chrono::seconds(5)};

  // Consumer groups, and the topic in which their state lies.
  int32_t offsets_partitions = 50;
  int32_t offsets_replication = 3;
  int64_t offsets_segment_bytes = 104'857'600;
  Duration offsets_retention{std::chrono::hours(7 * 24)};
  Duration offsets_retention_check{std::chrono::minutes(10)};
  Duration offsets_commit_timeout{std::chrono::seconds(5)};
  int32_t offset_metadata_max_bytes = 4096;
  Duration group_initial_rebalance_delay{std::chrono::seconds(3)};
  Duration group_min_session_timeout{std::chrono::seconds(6)};
  Duration group_max_session_timeout{std::chrono::minutes(30)};
  int32_t group_max_size = INT32_MAX;

  // Defaults for topics. The cluster keeps them: a broker offers those that the cluster does not
  // have yet, and what the cluster has already stands (broker/topic_defaults.h).
  metadata::ConfigMap topic_defaults;

  // All that stands in the file, for DescribeConfigs.
  metadata::ConfigMap file;

  // Not from the file: the daemon looks (advertised.listeners=auto).
  HostFacts host;

  // For the log, once: keys without effect, what an insecure listener means.
  std::vector<std::string> remarks;
};

// `cores`: for num.network.threads, where the file does not say. Errors name file, line and fix,
// one a line: all of them.
absl::StatusOr<BrokerConfig> parse_config(const Properties& properties, int cores);

// The same, with each finding by itself; usable only if there is no error among them.
BrokerConfig check_config(const Properties& properties, int cores,
                          std::vector<ConfigFinding>& findings);

}  // namespace barnabas::broker

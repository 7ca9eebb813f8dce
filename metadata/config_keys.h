// Every configuration key that exists, declared once (key_tables.h): parsing, validation,
// documentation, DescribeConfigs and `barnabas config explain` all read it (docs/configuration.md).

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "metadata/image.h"

namespace barnabas::metadata {

enum class KeyType { kBool, kString, kInt, kLong, kDouble, kList, kPassword };  // kInt: 32 bits

// Who may change it while brokers run.
enum class KeyChange {
  kFile,     // nobody: a broker reads it from its file when it starts
  kCluster,  // for all brokers, or for a topic
  kBroker,   // also for one broker
};

struct ConfigKey {
  std::string_view name;
  KeyType type;
  std::string_view default_value;
  std::string_view documentation;
  std::string_view broker_key;  // topics: the broker-level synonym, empty: none
  int64_t min = INT64_MIN;
  int64_t max = INT64_MAX;
  std::string_view allowed = {};  // comma separated, for enumerations; empty: any
  bool has_effect = true;         // false: accepted, stored and shown, means nothing here
  KeyChange change = KeyChange::kCluster;
};

int32_t kafka_type(KeyType type);  // as DescribeConfigs numbers it
std::string_view type_name(KeyType type);
// "0 or more", "1 to 100", "one of durable, replicated", "true or false", "any".
std::string allowed_values(const ConfigKey& key);

absl::Span<const ConfigKey> topic_keys();
const ConfigKey* find_topic_key(std::string_view name);
// OK, or a sentence that names key, value and what is allowed, with the nearest key if unknown.
absl::Status check_topic_config(std::string_view key, std::string_view value);

// Defaults of all brokers (resource type broker, name "") that may be changed while they run: the
// synonyms of topic keys, and those of topics that are created without saying how.
absl::Span<const ConfigKey> broker_keys();
const ConfigKey* find_broker_key(std::string_view name);
absl::Status check_broker_config(std::string_view key, std::string_view value);
// Of one broker (resource type broker, name "3"), before the default of all: FailedPrecondition for
// a key that exists and may not differ between brokers, or is read from the file only.
absl::Status check_one_broker_config(std::string_view key, std::string_view value);

// What stands in a broker's own file and can be changed there only.
absl::Span<const ConfigKey> static_broker_keys();
const ConfigKey* find_static_broker_key(std::string_view name);

// What holds for a topic: its own setting, else that of the broker which asks, else the default of
// all brokers, each under the synonym, else the built-in default.
struct TopicSettings {
  int32_t min_in_sync_replicas = 1;
  int32_t max_message_bytes = 1'048'588;
  int64_t segment_bytes = int64_t{1} << 30;
  int64_t segment_ms = 604'800'000;
  int64_t segment_jitter_ms = 0;
  int64_t file_delete_delay_ms = 60'000;
  int64_t retention_ms = 604'800'000;
  int64_t retention_bytes = -1;
  bool compacted = false;  // cleanup.policy has "compact"
  bool deletes = true;     // cleanup.policy has "delete"
  bool log_append_time = false;
  int64_t timestamp_before_max_ms = INT64_MAX;
  int64_t timestamp_after_max_ms = 3'600'000;
  std::string compression_type = "producer";
  bool unclean_leader_election = false;
  Durability durability = Durability::kDurable;  // acks.durability
  bool strict_validation = false;                // produce.validation
  int32_t index_interval_bytes = 4096;
};
TopicSettings topic_settings(const Image& image, std::string_view topic);
TopicSettings topic_settings(const Image& image, std::string_view topic, BrokerId broker);
// The same for a topic that does not exist yet, or would be changed: `own` are its own settings,
// `defaults` those of all brokers.
TopicSettings topic_settings(const ConfigMap& own, const ConfigMap& defaults);
// Of min.insync.replicas: what a partition with so many replicas can ask for.
int32_t effective_min_in_sync(const TopicSettings& settings, size_t replicas);

// What a topic gets that is created without saying it: num.partitions, default.replication.factor.
int32_t default_partitions(const Image& image);
int32_t default_replication_factor(const Image& image);

}  // namespace barnabas::metadata

#include "metadata/config_keys.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <numeric>

#include "common/nearest.h"
#include "common/status.h"
#include "metadata/key_tables.h"

namespace barnabas::metadata {

namespace {

constexpr int64_t kIntMax = INT32_MAX;

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

// What the controller decides by, or what a record's safety hangs on, is one for the cluster.
constexpr std::string_view kSameEverywhere[] = {"acks.durability", "min.insync.replicas",
                                                "unclean.leader.election.enable"};

std::vector<ConfigKey> make_broker_keys() {
  const absl::Span<const ConfigKey> own = broker_only_key_table();
  std::vector<ConfigKey> keys(own.begin(), own.end());
  for (const ConfigKey& key : topic_key_table()) {
    if (key.broker_key.empty()) continue;
    keys.push_back(key);
    keys.back().name = key.broker_key;
    keys.back().broker_key = {};
    const bool same = std::find(std::begin(kSameEverywhere), std::end(kSameEverywhere),
                                key.broker_key) != std::end(kSameEverywhere);
    keys.back().change = same ? KeyChange::kCluster : KeyChange::kBroker;
  }
  std::sort(keys.begin(), keys.end(),
            [](const ConfigKey& a, const ConfigKey& b) { return a.name < b.name; });
  return keys;
}

const ConfigKey* find(absl::Span<const ConfigKey> keys, std::string_view name) {
  const auto found = std::lower_bound(
      keys.begin(), keys.end(), name,
      [](const ConfigKey& key, std::string_view wanted) { return key.name < wanted; });
  return found != keys.end() && found->name == name ? &*found : nullptr;
}

absl::Status unknown_key(absl::Span<const ConfigKey> keys, std::string_view what,
                         std::string_view name) {
  // A name beyond any key's length is not worth comparing, and would make the search long.
  const std::string shown(name.substr(0, 80));
  const ConfigKey* nearest = nullptr;
  size_t best = 5;
  for (const ConfigKey& key : keys) {
    if (const size_t distance = edit_distance(shown, key.name); distance < best) {
      best = distance;
      nearest = &key;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "Unknown ", absl_view(what), " key '", shown, "'.",
      nearest == nullptr ? std::string()
                         : absl::StrCat(" Did you mean '", absl_view(nearest->name), "'?")));
}

absl::Status bad_value(const ConfigKey& key, std::string_view value, const std::string& wanted) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid value '", absl_view(value.substr(0, 200)),
                                                 "' for '", absl_view(key.name), "': ", wanted,
                                                 "."));
}

std::vector<std::string> split_list(std::string_view value) {
  std::vector<std::string> out;
  for (absl::string_view part : absl::StrSplit(absl_view(value), ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (!part.empty()) out.emplace_back(part);
  }
  return out;
}

bool is_allowed(const ConfigKey& key, std::string_view value) {
  if (key.allowed.empty()) return true;
  const std::vector<std::string> choices = split_list(key.allowed);
  return std::find(choices.begin(), choices.end(), value) != choices.end();
}

absl::Status check_number(const ConfigKey& key, std::string_view value) {
  int64_t number = 0;
  const std::string text(absl::StripAsciiWhitespace(absl_view(value)));
  const bool is_int = key.type == KeyType::kInt;
  const int64_t max = is_int ? std::min(key.max, kIntMax) : key.max;
  const int64_t min = is_int ? std::max(key.min, int64_t{INT32_MIN}) : key.min;
  if (!absl::SimpleAtoi(text, &number)) {
    return bad_value(key, value, "a whole number is expected");
  }
  if (number < min || number > max) {
    return bad_value(key, value,
                     max == INT64_MAX ? absl::StrCat("it must be at least ", min)
                                      : absl::StrCat("it must lie between ", min, " and ", max));
  }
  return absl::OkStatus();
}

absl::Status check_value(const ConfigKey& key, std::string_view value) {
  switch (key.type) {
    case KeyType::kInt:
    case KeyType::kLong:
      return check_number(key, value);
    case KeyType::kBool: {
      // In any case, as in Kafka.
      const std::string lower = absl::AsciiStrToLower(absl_view(value));
      if (lower != "true" && lower != "false") {
        return bad_value(key, value, "true or false is expected");
      }
      if (!is_allowed(key, lower)) return bad_value(key, value, "only false is possible here");
      return absl::OkStatus();
    }
    case KeyType::kDouble: {
      double number = 0;
      if (!absl::SimpleAtod(absl_view(value), &number) ||
          !(number >= static_cast<double>(key.min) && number <= static_cast<double>(key.max))) {
        return bad_value(key, value,
                         absl::StrCat("a number from ", key.min, " to ", key.max, " is expected"));
      }
      return absl::OkStatus();
    }
    case KeyType::kList:
      for (const std::string& part : split_list(value)) {
        if (!is_allowed(key, part)) {
          return bad_value(key, value,
                           absl::StrCat("each part must be one of ", absl_view(key.allowed)));
        }
      }
      return absl::OkStatus();
    case KeyType::kString:
    case KeyType::kPassword:
      if (!is_allowed(key, value)) {
        return bad_value(key, value,
                         absl::StrCat("one of ", absl_view(key.allowed), " is expected"));
      }
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

// Reads one topic setting after the other from where it is set. Values were checked before they
// were committed.
class SettingReader {
 public:
  SettingReader(const ConfigMap& own, const ConfigMap& defaults) : own_(own), defaults_(defaults) {}

  std::string_view text(std::string_view name) const {
    const ConfigKey* key = find_topic_key(name);
    if (const auto found = own_.find(std::string(name)); found != own_.end()) {
      return found->second;
    }
    if (const auto found = defaults_.find(std::string(key->broker_key)); found != defaults_.end()) {
      return found->second;
    }
    return key->default_value;
  }
  int64_t number(std::string_view name) const {
    int64_t value = 0;
    static_cast<void>(absl::SimpleAtoi(absl_view(text(name)), &value));
    return value;
  }
  int32_t small_number(std::string_view name) const { return static_cast<int32_t>(number(name)); }
  bool flag(std::string_view name) const {
    return absl::EqualsIgnoreCase(absl_view(text(name)), "true");
  }

 private:
  const ConfigMap& own_;
  const ConfigMap& defaults_;
};

const ConfigMap& configs_or_none(const Image& image, ResourceType type, std::string_view name) {
  static const ConfigMap kNone;
  const ConfigMap* found = image.configs(type, name);
  return found == nullptr ? kNone : *found;
}

int32_t broker_default(const Image& image, std::string_view name) {
  const ConfigMap& defaults = configs_or_none(image, ResourceType::kBroker, "");
  const auto found = defaults.find(std::string(name));
  const std::string_view text =
      found == defaults.end() ? find_broker_key(name)->default_value : found->second;
  int32_t value = 1;
  static_cast<void>(absl::SimpleAtoi(absl_view(text), &value));
  return value;
}

}  // namespace

int32_t kafka_type(KeyType type) {
  switch (type) {
    case KeyType::kBool:
      return 1;
    case KeyType::kString:
      return 2;
    case KeyType::kInt:
      return 3;
    case KeyType::kLong:
      return 5;
    case KeyType::kDouble:
      return 6;
    case KeyType::kList:
      return 7;
    case KeyType::kPassword:
      return 9;
  }
  return 0;
}

std::string_view type_name(KeyType type) {
  switch (type) {
    case KeyType::kBool:
      return "boolean";
    case KeyType::kString:
      return "string";
    case KeyType::kInt:
      return "int";
    case KeyType::kLong:
      return "long";
    case KeyType::kDouble:
      return "double";
    case KeyType::kList:
      return "list";
    case KeyType::kPassword:
      return "password";
  }
  return "";
}

std::string allowed_values(const ConfigKey& key) {
  if (key.type == KeyType::kBool) return key.allowed.empty() ? "true or false" : "only false";
  if (!key.allowed.empty()) {
    const std::string choices = absl::StrJoin(split_list(key.allowed), ", ");
    return absl::StrCat(key.type == KeyType::kList ? "any of " : "one of ", choices);
  }
  const bool is_int = key.type == KeyType::kInt;
  if (!is_int && key.type != KeyType::kLong && key.type != KeyType::kDouble) return "any";
  const int64_t min = is_int ? std::max(key.min, int64_t{INT32_MIN}) : key.min;
  if (key.max == INT64_MAX || (is_int && key.max >= kIntMax)) return absl::StrCat(min, " or more");
  return absl::StrCat(min, " to ", key.max);
}

absl::Span<const ConfigKey> topic_keys() { return topic_key_table(); }
absl::Span<const ConfigKey> static_broker_keys() { return static_key_table(); }

absl::Span<const ConfigKey> broker_keys() {
  static const std::vector<ConfigKey>& keys = *new std::vector<ConfigKey>(make_broker_keys());
  return keys;
}

const ConfigKey* find_topic_key(std::string_view name) { return find(topic_keys(), name); }
const ConfigKey* find_broker_key(std::string_view name) { return find(broker_keys(), name); }
const ConfigKey* find_static_broker_key(std::string_view name) {
  return find(static_broker_keys(), name);
}

absl::Status check_topic_config(std::string_view key, std::string_view value) {
  const ConfigKey* found = find_topic_key(key);
  return found == nullptr ? unknown_key(topic_keys(), "topic configuration", key)
                          : check_value(*found, value);
}

absl::Status check_broker_config(std::string_view key, std::string_view value) {
  if (find_static_broker_key(key) != nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", absl_view(key),
                     "' is read when a broker starts: write it into that broker's file and "
                     "restart it."));
  }
  const ConfigKey* found = find_broker_key(key);
  return found == nullptr ? unknown_key(broker_keys(), "cluster-wide broker configuration", key)
                          : check_value(*found, value);
}

absl::Status check_one_broker_config(std::string_view key, std::string_view value) {
  RETURN_IF_ERROR(check_broker_config(key, value));
  if (find_broker_key(key)->change != KeyChange::kCluster) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("'", absl_view(key),
                   "' must be the same on all brokers: set it for the cluster (a broker resource "
                   "with an empty name) or for a topic."));
}

TopicSettings topic_settings(const Image& image, std::string_view topic) {
  return topic_settings(configs_or_none(image, ResourceType::kTopic, topic),
                        configs_or_none(image, ResourceType::kBroker, ""));
}

TopicSettings topic_settings(const Image& image, std::string_view topic, BrokerId broker) {
  const ConfigMap& own =
      configs_or_none(image, ResourceType::kBroker, std::to_string(broker.value()));
  if (own.empty()) return topic_settings(image, topic);
  ConfigMap defaults = own;
  const ConfigMap& all = configs_or_none(image, ResourceType::kBroker, "");
  defaults.insert(all.begin(), all.end());
  return topic_settings(configs_or_none(image, ResourceType::kTopic, topic), defaults);
}

TopicSettings topic_settings(const ConfigMap& own, const ConfigMap& defaults) {
  const SettingReader read(own, defaults);
  TopicSettings settings;
  settings.min_in_sync_replicas = read.small_number("min.insync.replicas");
  settings.max_message_bytes = read.small_number("max.message.bytes");
  settings.segment_bytes = read.number("segment.bytes");
  settings.segment_ms = read.number("segment.ms");
  settings.segment_jitter_ms = read.number("segment.jitter.ms");
  settings.file_delete_delay_ms = read.number("file.delete.delay.ms");
  settings.retention_ms = read.number("retention.ms");
  settings.retention_bytes = read.number("retention.bytes");
  settings.compacted = false;
  settings.deletes = false;
  for (const std::string& policy : split_list(read.text("cleanup.policy"))) {
    settings.compacted |= policy == "compact";
    settings.deletes |= policy == "delete";
  }
  settings.log_append_time = read.text("message.timestamp.type") == "LogAppendTime";
  settings.timestamp_before_max_ms = read.number("message.timestamp.before.max.ms");
  settings.timestamp_after_max_ms = read.number("message.timestamp.after.max.ms");
  settings.compression_type = std::string(read.text("compression.type"));
  settings.unclean_leader_election = read.flag("unclean.leader.election.enable");
  settings.durability =
      read.text("acks.durability") == "replicated" ? Durability::kReplicated : Durability::kDurable;
  settings.strict_validation = read.text("produce.validation") == "strict";
  settings.index_interval_bytes = read.small_number("index.interval.bytes");
  return settings;
}

int32_t effective_min_in_sync(const TopicSettings& settings, size_t replicas) {
  return std::min(settings.min_in_sync_replicas, static_cast<int32_t>(replicas));
}

int32_t default_partitions(const Image& image) { return broker_default(image, "num.partitions"); }
int32_t default_replication_factor(const Image& image) {
  return broker_default(image, "default.replication.factor");
}

}  // namespace barnabas::metadata

#include "metadata/config_keys.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <numeric>

namespace barnabas::metadata {

namespace {

constexpr int64_t kIntMax = INT32_MAX;
constexpr int64_t kLongMax = INT64_MAX;
constexpr std::string_view kLongMaxText = "9223372036854775807";
constexpr std::string_view kCodecs = "uncompressed,zstd,lz4,snappy,gzip,producer";
constexpr bool kNoEffect = false;

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

constexpr ConfigKey kTopicKeys[] = {
    {"acks.durability", KeyType::kString, "durable",
     "What acks=all means: durable = on disk on every in-sync replica, replicated = received by "
     "every in-sync replica.",
     "acks.durability", INT64_MIN, INT64_MAX, "durable,replicated"},
    {"cleanup.policy", KeyType::kList, "delete",
     "What happens to old records: delete, compact, or both.", "log.cleanup.policy", INT64_MIN,
     INT64_MAX, "delete,compact"},
    {"compression.gzip.level", KeyType::kInt, "-1", "Level where gzip is the topic's own codec.",
     "compression.gzip.level", -1, 9},
    {"compression.lz4.level", KeyType::kInt, "9", "Level where lz4 is the topic's own codec.",
     "compression.lz4.level", 1, 17},
    {"compression.type", KeyType::kString, "producer",
     "The codec at rest; producer keeps what was sent.", "compression.type", INT64_MIN, INT64_MAX,
     kCodecs},
    {"compression.zstd.level", KeyType::kInt, "3", "Level where zstd is the topic's own codec.",
     "compression.zstd.level", -131072, 22},
    {"delete.retention.ms", KeyType::kLong, "86400000",
     "How long a compacted topic keeps its tombstones.", "log.cleaner.delete.retention.ms", 0},
    {"file.delete.delay.ms", KeyType::kLong, "60000",
     "How long a removed file stays on disk before it is unlinked.", "log.segment.delete.delay.ms",
     0, kLongMax, "", kNoEffect},
    {"flush.messages", KeyType::kLong, kLongMaxText,
     "Records between forced flushes. Every acknowledged record is on disk anyway, unless "
     "acks.durability=replicated.",
     "log.flush.interval.messages", 1, kLongMax, "", kNoEffect},
    {"flush.ms", KeyType::kLong, kLongMaxText, "Time between forced flushes; see flush.messages.",
     "log.flush.interval.ms", 0, kLongMax, "", kNoEffect},
    {"follower.replication.throttled.replicas", KeyType::kList, "",
     "Replicas whose copying is throttled on the follower.", "", INT64_MIN, INT64_MAX, "",
     kNoEffect},
    {"index.interval.bytes", KeyType::kInt, "4096", "Bytes between two entries of an index.",
     "log.index.interval.bytes", 0},
    {"leader.replication.throttled.replicas", KeyType::kList, "",
     "Replicas whose copying is throttled on the leader.", "", INT64_MIN, INT64_MAX, "", kNoEffect},
    {"local.retention.bytes", KeyType::kLong, "-2", "Only of tiered storage.",
     "log.local.retention.bytes", -2, kLongMax, "", kNoEffect},
    {"local.retention.ms", KeyType::kLong, "-2", "Only of tiered storage.",
     "log.local.retention.ms", -2, kLongMax, "", kNoEffect},
    {"max.compaction.lag.ms", KeyType::kLong, kLongMaxText,
     "A record is compacted at the latest after this time.", "log.cleaner.max.compaction.lag.ms",
     1},
    {"max.message.bytes", KeyType::kInt, "1048588", "The largest record batch that is accepted.",
     "message.max.bytes", 0},
    {"message.timestamp.after.max.ms", KeyType::kLong, "3600000",
     "How far a record's timestamp may lie in the future.", "log.message.timestamp.after.max.ms",
     0},
    {"message.timestamp.before.max.ms", KeyType::kLong, kLongMaxText,
     "How far a record's timestamp may lie in the past.", "log.message.timestamp.before.max.ms", 0},
    {"message.timestamp.type", KeyType::kString, "CreateTime",
     "Whose clock stamps records: the producer's or the broker's.", "log.message.timestamp.type",
     INT64_MIN, INT64_MAX, "CreateTime,LogAppendTime"},
    {"min.cleanable.dirty.ratio", KeyType::kDouble, "0.5",
     "The share of uncompacted bytes at which compaction begins.",
     "log.cleaner.min.cleanable.ratio", 0, 1},
    {"min.compaction.lag.ms", KeyType::kLong, "0", "A record stays uncompacted at least this long.",
     "log.cleaner.min.compaction.lag.ms", 0},
    {"min.insync.replicas", KeyType::kInt, "1",
     "How many replicas must be in sync for acks=all to be accepted.", "min.insync.replicas", 1},
    {"preallocate", KeyType::kBool, "false", "Reserve a segment's file in full.", "log.preallocate",
     INT64_MIN, INT64_MAX, "", kNoEffect},
    {"produce.validation", KeyType::kString, "relaxed",
     "strict decompresses and checks every record of a batch.", "produce.validation", INT64_MIN,
     INT64_MAX, "relaxed,strict"},
    {"remote.log.copy.disable", KeyType::kBool, "false", "Only of tiered storage.", "", INT64_MIN,
     INT64_MAX, "", kNoEffect},
    {"remote.log.delete.on.disable", KeyType::kBool, "false", "Only of tiered storage.", "",
     INT64_MIN, INT64_MAX, "", kNoEffect},
    {"remote.storage.enable", KeyType::kBool, "false", "Tiered storage does not exist here.", "",
     INT64_MIN, INT64_MAX, "false", kNoEffect},
    {"retention.bytes", KeyType::kLong, "-1", "Bytes of a partition that are kept; -1: no limit.",
     "log.retention.bytes", -1},
    {"retention.ms", KeyType::kLong, "604800000", "How long records are kept; -1: for ever.",
     "log.retention.ms", -1},
    {"segment.bytes", KeyType::kInt, "1073741824", "Size at which a new segment is begun.",
     "log.segment.bytes", 14},
    {"segment.index.bytes", KeyType::kInt, "10485760", "Size of a segment's index.",
     "log.index.size.max.bytes", 4, kIntMax, "", kNoEffect},
    {"segment.jitter.ms", KeyType::kLong, "0", "Random part of segment.ms.", "log.roll.jitter.ms",
     0, kLongMax, "", kNoEffect},
    {"segment.ms", KeyType::kLong, "604800000", "Age at which a new segment is begun.",
     "log.roll.ms", 1},
    {"unclean.leader.election.enable", KeyType::kBool, "false",
     "May a replica lead that lacks acknowledged records, where no other is left?",
     "unclean.leader.election.enable"},
};

constexpr ConfigKey kBrokerOnlyKeys[] = {
    {"default.replication.factor", KeyType::kInt, "1",
     "Replicas of a topic that is created without saying how many.", "", 1, 32767},
    {"num.partitions", KeyType::kInt, "1",
     "Partitions of a topic that is created without saying how many.", "", 1, kIntMax},
};

std::vector<ConfigKey> make_broker_keys() {
  std::vector<ConfigKey> keys(std::begin(kBrokerOnlyKeys), std::end(kBrokerOnlyKeys));
  for (const ConfigKey& key : kTopicKeys) {
    if (key.broker_key.empty()) continue;
    keys.push_back(key);
    keys.back().name = key.broker_key;
    keys.back().broker_key = {};
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

// How many letters must be added, removed or changed to make one of the other.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
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
    return bad_value(key, value, absl::StrCat("it must lie between ", min, " and ", max));
  }
  return absl::OkStatus();
}

absl::Status check_value(const ConfigKey& key, std::string_view value) {
  switch (key.type) {
    case KeyType::kInt:
    case KeyType::kLong:
      return check_number(key, value);
    case KeyType::kBool:
      if (value != "true" && value != "false") {
        return bad_value(key, value, "true or false is expected");
      }
      if (!is_allowed(key, value)) return bad_value(key, value, "only false is possible here");
      return absl::OkStatus();
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
  bool flag(std::string_view name) const { return text(name) == "true"; }

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

absl::Span<const ConfigKey> topic_keys() { return kTopicKeys; }

absl::Span<const ConfigKey> broker_keys() {
  static const std::vector<ConfigKey>& keys = *new std::vector<ConfigKey>(make_broker_keys());
  return keys;
}

const ConfigKey* find_topic_key(std::string_view name) { return find(topic_keys(), name); }
const ConfigKey* find_broker_key(std::string_view name) { return find(broker_keys(), name); }

absl::Status check_topic_config(std::string_view key, std::string_view value) {
  const ConfigKey* found = find_topic_key(key);
  return found == nullptr ? unknown_key(topic_keys(), "topic configuration", key)
                          : check_value(*found, value);
}

absl::Status check_broker_config(std::string_view key, std::string_view value) {
  const ConfigKey* found = find_broker_key(key);
  return found == nullptr ? unknown_key(broker_keys(), "cluster-wide broker configuration", key)
                          : check_value(*found, value);
}

TopicSettings topic_settings(const Image& image, std::string_view topic) {
  return topic_settings(configs_or_none(image, ResourceType::kTopic, topic),
                        configs_or_none(image, ResourceType::kBroker, ""));
}

TopicSettings topic_settings(const ConfigMap& own, const ConfigMap& defaults) {
  const SettingReader read(own, defaults);
  TopicSettings settings;
  settings.min_in_sync_replicas = read.small_number("min.insync.replicas");
  settings.max_message_bytes = read.small_number("max.message.bytes");
  settings.segment_bytes = read.number("segment.bytes");
  settings.segment_ms = read.number("segment.ms");
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

#include "metadata/config_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace barnabas::metadata {
namespace {

TEST(ConfigKeys, AreSortedAndTheirDefaultsPassTheirOwnCheck) {
  for (const auto keys : {topic_keys(), broker_keys()}) {
    EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end(),
                               [](const auto& a, const auto& b) { return a.name < b.name; }));
  }
  for (const ConfigKey& key : topic_keys()) {
    EXPECT_TRUE(check_topic_config(key.name, key.default_value).ok()) << key.name;
    EXPECT_FALSE(key.documentation.empty()) << key.name;
  }
  for (const ConfigKey& key : broker_keys()) {
    EXPECT_TRUE(check_broker_config(key.name, key.default_value).ok()) << key.name;
  }
}

TEST(ConfigKeys, AnUnknownKeyIsRefusedWithTheNearestOne) {
  const absl::Status status = check_topic_config("retention.m", "1");
  EXPECT_EQ(status.message(),
            "Unknown topic configuration key 'retention.m'. Did you mean 'retention.ms'?");
  EXPECT_EQ(check_topic_config("pancakes", "1").message(),
            "Unknown topic configuration key 'pancakes'.");
}

TEST(ConfigKeys, AKeyOfAnyLengthIsRefusedInBoundedTime) {
  const absl::Status status = check_topic_config(std::string(1 << 20, 'x'), "1");
  EXPECT_LT(status.message().size(), 200u);
}

TEST(ConfigKeys, AValueOutsideItsRangeIsRefusedWithTheRange) {
  EXPECT_EQ(check_topic_config("min.insync.replicas", "0").message(),
            "Invalid value '0' for 'min.insync.replicas': it must lie between 1 and 2147483647.");
  EXPECT_FALSE(check_topic_config("retention.ms", "-2").ok());
  EXPECT_FALSE(check_topic_config("retention.ms", "soon").ok());
  EXPECT_FALSE(check_topic_config("max.message.bytes", "2147483648").ok());
  EXPECT_FALSE(check_topic_config("min.cleanable.dirty.ratio", "1.5").ok());
  EXPECT_FALSE(check_topic_config("min.cleanable.dirty.ratio", "nan").ok());
  EXPECT_FALSE(check_topic_config("preallocate", "yes").ok());
  EXPECT_FALSE(check_topic_config("acks.durability", "sometimes").ok());
  EXPECT_FALSE(check_topic_config("cleanup.policy", "delete,eat").ok());
  EXPECT_TRUE(check_topic_config("cleanup.policy", "compact, delete").ok());
  EXPECT_FALSE(check_topic_config("remote.storage.enable", "true").ok());
}

TEST(TopicSettings, ComeFromTheTopicThenTheBrokersThenTheBuiltInDefault) {
  EXPECT_EQ(topic_settings(ConfigMap(), ConfigMap()).max_message_bytes, 1'048'588);
  EXPECT_EQ(topic_settings({}, {{"message.max.bytes", "5"}}).max_message_bytes, 5);
  EXPECT_EQ(
      topic_settings({{"max.message.bytes", "6"}}, {{"message.max.bytes", "5"}}).max_message_bytes,
      6);
}

TEST(TopicSettings, OfNothingSetAreTheStructsOwnDefaults) {
  const TopicSettings plain;
  const TopicSettings read = topic_settings(ConfigMap(), ConfigMap());
  EXPECT_EQ(read.min_in_sync_replicas, plain.min_in_sync_replicas);
  EXPECT_EQ(read.segment_bytes, plain.segment_bytes);
  EXPECT_EQ(read.segment_ms, plain.segment_ms);
  EXPECT_EQ(read.retention_ms, plain.retention_ms);
  EXPECT_EQ(read.retention_bytes, plain.retention_bytes);
  EXPECT_EQ(read.compacted, plain.compacted);
  EXPECT_EQ(read.deletes, plain.deletes);
  EXPECT_EQ(read.timestamp_before_max_ms, plain.timestamp_before_max_ms);
  EXPECT_EQ(read.timestamp_after_max_ms, plain.timestamp_after_max_ms);
  EXPECT_EQ(read.compression_type, plain.compression_type);
  EXPECT_EQ(read.durability, plain.durability);
  EXPECT_EQ(read.index_interval_bytes, plain.index_interval_bytes);
}

TEST(TopicSettings, MinInSyncIsNeverMoreThanThereAreReplicas) {
  TopicSettings settings;
  settings.min_in_sync_replicas = 3;
  EXPECT_EQ(effective_min_in_sync(settings, 2), 2);
  EXPECT_EQ(effective_min_in_sync(settings, 5), 3);
}

}  // namespace
}  // namespace barnabas::metadata

#include "metadata/config_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proto/metadata.pb.h"

namespace barnabas::metadata {
namespace {

TEST(ConfigKeys, AreSortedAndTheirDefaultsPassTheirOwnCheck) {
  for (const auto keys : {topic_keys(), broker_keys(), static_broker_keys()}) {
    for (const ConfigKey& key : keys) {
      EXPECT_FALSE(key.documentation.empty()) << key.name;
      EXPECT_EQ(key.documentation.back(), '.') << key.name;
    }
    EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end(),
                               [](const auto& a, const auto& b) { return a.name < b.name; }));
  }
  for (const ConfigKey& key : topic_keys()) {
    EXPECT_TRUE(check_topic_config(key.name, key.default_value).ok()) << key.name;
  }
  for (const ConfigKey& key : broker_keys()) {
    EXPECT_EQ(find_static_broker_key(key.name), nullptr) << key.name;
    EXPECT_TRUE(check_broker_config(key.name, key.default_value).ok()) << key.name;
  }
}

TEST(ConfigKeys, SayWhatIsAllowed) {
  EXPECT_EQ(allowed_values(*find_topic_key("retention.ms")), "-1 or more");
  EXPECT_EQ(allowed_values(*find_topic_key("min.insync.replicas")), "1 or more");
  EXPECT_EQ(allowed_values(*find_topic_key("compression.lz4.level")), "1 to 17");
  EXPECT_EQ(allowed_values(*find_topic_key("acks.durability")), "one of durable, replicated");
  EXPECT_EQ(allowed_values(*find_topic_key("cleanup.policy")), "any of delete, compact");
  EXPECT_EQ(allowed_values(*find_topic_key("preallocate")), "true or false");
  EXPECT_EQ(allowed_values(*find_static_broker_key("broker.rack")), "any");
  EXPECT_EQ(kafka_type(KeyType::kLong), 5);
}

TEST(ConfigKeys, OfABrokersFileCannotBeChangedWhileItRuns) {
  const absl::Status status = check_broker_config("listeners", "PLAINTEXT://:1");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(check_one_broker_config("listeners", "PLAINTEXT://:1"), status);
}

TEST(ConfigKeys, OneBrokerDiffersOnlyInWhatNoRecordsSafetyHangsOn) {
  EXPECT_TRUE(check_one_broker_config("log.retention.ms", "5").ok());
  EXPECT_EQ(check_one_broker_config("min.insync.replicas", "2").code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(check_one_broker_config("num.partitions", "2").code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(check_one_broker_config("log.retention.ms", "soon").code(),
            absl::StatusCode::kInvalidArgument);
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
  EXPECT_EQ(check_topic_config("retention.ms", "-2").message(),
            "Invalid value '-2' for 'retention.ms': it must be at least -1.");
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

TEST(TopicSettings, OfOneBrokerComeBeforeThoseOfAllAndAfterTheTopics) {
  Image image;
  proto::Decision decision;
  const auto set = [&](proto::ResourceType type, const char* name, const char* key,
                       const char* value) {
    proto::Config* config = decision.add_records()->mutable_config();
    config->set_type(type);
    config->set_name(name);
    config->set_key(key);
    config->set_value(value);
  };
  set(proto::RESOURCE_BROKER, "", "message.max.bytes", "5");
  set(proto::RESOURCE_BROKER, "3", "message.max.bytes", "7");
  set(proto::RESOURCE_BROKER, "", "log.retention.ms", "8");
  set(proto::RESOURCE_TOPIC, "own", "max.message.bytes", "9");
  image.apply(LogIndex{1}, decision);
  EXPECT_EQ(topic_settings(image, "any", BrokerId{3}).max_message_bytes, 7);
  EXPECT_EQ(topic_settings(image, "any", BrokerId{3}).retention_ms, 8);
  EXPECT_EQ(topic_settings(image, "any", BrokerId{4}).max_message_bytes, 5);
  EXPECT_EQ(topic_settings(image, "own", BrokerId{3}).max_message_bytes, 9);
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

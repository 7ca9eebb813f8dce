// DescribeConfigs, AlterConfigs, IncrementalAlterConfigs and ListConfigResources as clients see
// them.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "broker/config_keys.h"
#include "broker/testing/admin_port.h"
#include "kafka/messages/alter_configs.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "kafka/messages/list_config_resources.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::AlterConfigsRequest;
using kafka::AlterConfigsResponse;
using kafka::DescribeConfigsRequest;
using kafka::DescribeConfigsResponse;
using kafka::IncrementalAlterConfigsRequest;
using kafka::IncrementalAlterConfigsResponse;
using kafka::ListConfigResourcesRequest;
using kafka::ListConfigResourcesResponse;
using metadata::ResourceType;
using Config = DescribeConfigsResponse::DescribeConfigsResourceResult;

constexpr int8_t kTopic = 2;
constexpr int8_t kBroker = 4;

DescribeConfigsRequest describe(int8_t type, std::string_view name,
                                std::vector<std::string_view> keys = {}) {
  DescribeConfigsRequest out;
  auto& resource = out.resources.emplace_back();
  resource.resource_type = type;
  resource.resource_name = name;
  resource.configuration_keys.reset();
  if (!keys.empty()) resource.configuration_keys = std::move(keys);
  out.include_synonyms = true;
  return out;
}

class Configs : public AdminPort {
 protected:
  // The one key of a description that must have it.
  static Config find(const DescribeConfigsResponse& response, std::string_view key) {
    for (const Config& config : response.results.at(0).configs) {
      if (config.name == key) return config;
    }
    ADD_FAILURE() << "no key " << key;
    return {};
  }
  int16_t error_of(int8_t type, std::string_view name) {
    return call<DescribeConfigsResponse>(describe(type, name), 4).body.results.at(0).error_code;
  }
};

TEST_F(Configs, ATopicsKeyIsShownWithWhatHoldsAndEverythingBehindIt) {
  port.add_topic("board");
  configure(ResourceType::kTopic, "board", "retention.ms", "3000");
  configure(ResourceType::kBroker, "1", "log.retention.ms", "2000");
  configure(ResourceType::kBroker, "", "log.retention.ms", "1000");
  DescribeConfigsRequest message = describe(kTopic, "board");
  message.include_documentation = true;
  for (int16_t version = 1; version <= 4; ++version) {
    message.include_documentation = version >= 3;
    const auto got = call<DescribeConfigsResponse>(message, version);
    ASSERT_EQ(got.body.results.at(0).error_code, 0);
    EXPECT_EQ(got.body.results[0].configs.size(), metadata::topic_keys().size());
    const Config config = find(got.body, "retention.ms");
    EXPECT_EQ(config.value, "3000");
    EXPECT_EQ(config.config_source, 1);
    EXPECT_FALSE(config.read_only);
    EXPECT_FALSE(config.is_sensitive);
    if (version >= 3) {
      EXPECT_EQ(config.config_type, 5);  // long
      EXPECT_FALSE(config.documentation.value_or("").empty());
    }
    std::vector<std::tuple<std::string, std::string, int>> synonyms;
    for (const auto& synonym : config.synonyms) {
      synonyms.emplace_back(synonym.name, synonym.value.value_or(""), synonym.source);
    }
    EXPECT_EQ(synonyms, (std::vector<std::tuple<std::string, std::string, int>>{
                            {"retention.ms", "3000", 1},
                            {"log.retention.ms", "2000", 2},
                            {"log.retention.ms", "1000", 3},
                            {"log.retention.ms", "604800000", 5}}));
  }
}

TEST_F(Configs, WithoutAnythingSetTheDefaultHolds) {
  port.add_topic("board");
  const auto got = call<DescribeConfigsResponse>(describe(kTopic, "board"), 4);
  const Config config = find(got.body, "min.insync.replicas");
  EXPECT_EQ(config.value, "1");
  EXPECT_EQ(config.config_source, 5);
  EXPECT_FALSE(config.documentation.has_value());  // it was not asked for
}

TEST_F(Configs, TheClustersDefaultReachesTopicsThatSayNothing) {
  port.add_topic("board");
  configure(ResourceType::kBroker, "", "min.insync.replicas", "2");
  const auto got = call<DescribeConfigsResponse>(describe(kTopic, "board"), 4);
  EXPECT_EQ(find(got.body, "min.insync.replicas").value, "2");
  EXPECT_EQ(find(got.body, "min.insync.replicas").config_source, 3);
}

TEST_F(Configs, OnlyTheKeysAskedForAndOnlySynonymsAskedFor) {
  port.add_topic("board");
  DescribeConfigsRequest message = describe(kTopic, "board", {"cleanup.policy", "segment.bytes"});
  message.include_synonyms = false;
  const auto got = call<DescribeConfigsResponse>(message, 4);
  ASSERT_EQ(got.body.results.at(0).configs.size(), 2u);
  EXPECT_EQ(find(got.body, "cleanup.policy").value, "delete");
  EXPECT_TRUE(find(got.body, "cleanup.policy").synonyms.empty());
}

TEST_F(Configs, ABrokersOwnFileIsShownReadOnly) {
  port.options().file = {{"node.id", "1"}, {"fetch.max.bytes", "5000000"}};
  port.options().chosen = {{"num.network.threads", "4"}};
  configure(ResourceType::kBroker, "1", "log.retention.ms", "2000");
  const auto got = call<DescribeConfigsResponse>(describe(kBroker, "1"), 4);
  ASSERT_EQ(got.body.results.at(0).error_code, 0);
  const Config from_file = find(got.body, "fetch.max.bytes");
  EXPECT_EQ(from_file.value, "5000000");
  EXPECT_EQ(from_file.config_source, 4);
  EXPECT_TRUE(from_file.read_only);
  ASSERT_EQ(from_file.synonyms.size(), 2u);
  EXPECT_EQ(from_file.synonyms[1].value, "57671680");
  EXPECT_EQ(from_file.synonyms[1].source, 5);
  const Config changed = find(got.body, "log.retention.ms");
  EXPECT_EQ(changed.value, "2000");
  EXPECT_EQ(changed.config_source, 2);
  EXPECT_FALSE(changed.read_only);
  EXPECT_EQ(find(got.body, "num.network.threads").value, "4");
  EXPECT_EQ(find(got.body, "num.network.threads").config_source, 5);
  EXPECT_FALSE(find(got.body, "broker.rack").value.has_value());
}

TEST_F(Configs, EveryKeyOfAFileThatHasAnEffectIsDescribed) {
  const auto got = call<DescribeConfigsResponse>(describe(kBroker, "1"), 4);
  std::set<std::string, std::less<>> described;
  for (const Config& config : got.body.results.at(0).configs) described.emplace(config.name);
  for (const std::string& key : broker::all_key_names()) {
    if (broker::kind_of(key) != broker::KeyKind::kEffective) continue;
    EXPECT_TRUE(described.contains(key)) << key << " has no row in metadata/static_key_table.cc";
  }
}

TEST_F(Configs, ABrokerDescribesItselfOnly) {
  port.register_broker(2, 6, "127.0.0.1", 9093);
  EXPECT_EQ(error_of(kBroker, "1"), 0);
  EXPECT_EQ(error_of(kBroker, "2"), 42);
  EXPECT_EQ(error_of(kBroker, "one"), 42);
  const auto got = call<DescribeConfigsResponse>(describe(kBroker, "2"), 4);
  EXPECT_EQ(got.body.results[0].error_message,
            "Unexpected broker id, expected 1 or empty string, but received 2: ask broker 2 "
            "itself.");
}

TEST_F(Configs, ABrokerWithoutANameMeansWhatWasChangedForAll) {
  configure(ResourceType::kBroker, "", "log.retention.ms", "1000");
  configure(ResourceType::kBroker, "1", "log.segment.bytes", "1048576");
  const auto got = call<DescribeConfigsResponse>(describe(kBroker, ""), 4);
  ASSERT_EQ(got.body.results.at(0).configs.size(), 1u);
  EXPECT_EQ(find(got.body, "log.retention.ms").value, "1000");
  EXPECT_EQ(find(got.body, "log.retention.ms").config_source, 3);
}

TEST_F(Configs, WhatCannotBeDescribedGetsKafkasCode) {
  EXPECT_EQ(error_of(kTopic, "letters"), 3);
  EXPECT_EQ(error_of(kTopic, "not/a/name"), 17);
  EXPECT_EQ(error_of(8, "1"), 42);
  EXPECT_EQ(error_of(99, "x"), 42);
}

TEST_F(Configs, KeysWithoutEffectSaySo) {
  port.add_topic("board");
  DescribeConfigsRequest message = describe(kTopic, "board", {"flush.messages"});
  message.include_documentation = true;
  const auto got = call<DescribeConfigsResponse>(message, 4);
  EXPECT_NE(find(got.body, "flush.messages").documentation->find("no effect here"),
            std::string_view::npos);
}

// ---- Changes

IncrementalAlterConfigsRequest change(int8_t type, std::string_view name, std::string_view key,
                                      int8_t operation, std::optional<std::string_view> value) {
  IncrementalAlterConfigsRequest out;
  auto& resource = out.resources.emplace_back();
  resource.resource_type = type;
  resource.resource_name = name;
  auto& config = resource.configs.emplace_back();
  config.name = key;
  config.config_operation = operation;
  config.value = value;
  return out;
}

proto::AdminAnswer altered(int count) {
  proto::AdminAnswer out;
  for (int i = 0; i < count; ++i) out.mutable_alter_configs()->add_resources();
  return out;
}

TEST_F(Configs, ChangesAreForwardedWithTheirOperations) {
  using Change = proto::ConfigChange;
  const Change::Operation meant[] = {Change::SET, Change::DELETE, Change::APPEND, Change::SUBTRACT};
  for (int16_t version = 0; version <= 1; ++version) {
    for (int8_t operation = 0; operation < 4; ++operation) {
      IncrementalAlterConfigsRequest message =
          change(kTopic, "board", "cleanup.policy", operation, "compact");
      message.validate_only = operation == 3;
      if (operation == 1) message.resources[0].configs[0].value.reset();
      send(message, version);
      const proto::AdminRequest request = take(altered(1));
      EXPECT_FALSE(request.alter_configs().replace());
      EXPECT_EQ(request.alter_configs().validate_only(), operation == 3);
      const proto::ConfigResource& resource = request.alter_configs().resources(0);
      EXPECT_EQ(resource.type(), kTopic);
      EXPECT_EQ(resource.name(), "board");
      EXPECT_EQ(resource.changes(0).operation(), meant[operation]);
      EXPECT_EQ(resource.changes(0).value(), operation == 1 ? "" : "compact");
      const auto got = answer<IncrementalAlterConfigsResponse>(version);
      EXPECT_EQ(got.body.responses.at(0).error_code, 0);
      EXPECT_FALSE(got.body.responses[0].error_message.has_value());
    }
  }
}

TEST_F(Configs, TheOldWayReplaces) {
  AlterConfigsRequest message;
  auto& resource = message.resources.emplace_back();
  resource.resource_type = kTopic;
  resource.resource_name = "board";
  auto& config = resource.configs.emplace_back();
  config.name = "retention.ms";
  config.value = "5";
  for (int16_t version = 0; version <= 2; ++version) {
    send(message, version);
    const proto::AdminRequest request = take(altered(1));
    EXPECT_TRUE(request.alter_configs().replace());
    EXPECT_EQ(request.alter_configs().resources(0).changes(0).value(), "5");
    EXPECT_EQ(answer<AlterConfigsResponse>(version).body.responses.at(0).error_code, 0);
  }
}

TEST_F(Configs, TheControllersRefusalArrivesAtTheRightResource) {
  IncrementalAlterConfigsRequest message = change(kBroker, "7", "log.retention.ms", 0, "1");
  message.resources.push_back(change(kTopic, "board", "retention.ms", 0, "-5").resources[0]);
  message.resources.push_back(change(kTopic, "letters", "retention.ms", 0, "5").resources[0]);
  send(message, 1);
  proto::AdminAnswer out = altered(2);
  proto::Error& error = *out.mutable_alter_configs()->mutable_resources(0)->mutable_error();
  error.set_code(40);
  error.set_message("Invalid value '-5' for 'retention.ms': it must be at least -1.");
  EXPECT_EQ(take(out).alter_configs().resources_size(), 2);
  const auto got = answer<IncrementalAlterConfigsResponse>(1);
  ASSERT_EQ(got.body.responses.size(), 3u);
  EXPECT_EQ(got.body.responses[0].error_code, 42);
  EXPECT_EQ(got.body.responses[0].resource_name, "7");
  EXPECT_EQ(got.body.responses[1].error_code, 40);
  EXPECT_EQ(got.body.responses[1].resource_name, "board");
  EXPECT_EQ(got.body.responses[1].error_message,
            "Invalid value '-5' for 'retention.ms': it must be at least -1.");
  EXPECT_EQ(got.body.responses[2].error_code, 0);
}

TEST_F(Configs, WhatIsPlainlyWrongIsNotForwarded) {
  const auto refused = [&](const IncrementalAlterConfigsRequest& message) {
    send(message, 1);
    EXPECT_TRUE(port.session.admin_requests.empty());
    const auto got = answer<IncrementalAlterConfigsResponse>(1);
    EXPECT_FALSE(got.body.responses.at(0).error_message.value_or("").empty());
    return got.body.responses.back().error_code;
  };
  EXPECT_EQ(refused(change(kTopic, "board", "retention.ms", 4, "5")), 42);
  EXPECT_EQ(refused(change(kTopic, "board", "retention.ms", 0, std::nullopt)), 42);
  EXPECT_EQ(refused(change(8, "1", "root", 0, "DEBUG")), 42);
  EXPECT_EQ(refused(change(kBroker, "2", "log.retention.ms", 0, "5")), 42);
  EXPECT_EQ(refused(change(kBroker, "b1", "log.retention.ms", 0, "5")), 42);
  EXPECT_EQ(refused(change(kTopic, "a/b", "retention.ms", 0, "5")), 17);
  EXPECT_EQ(refused(change(kTopic, "", "retention.ms", 0, "5")), 42);
  IncrementalAlterConfigsRequest twice = change(kTopic, "board", "retention.ms", 0, "5");
  twice.resources.push_back(change(kTopic, "board", "segment.ms", 0, "5").resources[0]);
  EXPECT_EQ(refused(twice), 42);
}

TEST_F(Configs, AnUnknownOutcomeIsATimeoutForAllThatWereForwarded) {
  send(change(kTopic, "board", "retention.ms", 0, "5"), 1);
  take(absl::DeadlineExceededError("no active controller was found"));
  const auto got = answer<IncrementalAlterConfigsResponse>(1);
  EXPECT_EQ(got.body.responses.at(0).error_code, 7);
  EXPECT_NE(got.body.responses[0].error_message->find("may still be carried out"),
            std::string_view::npos);
}

TEST_F(Configs, TheAnswerOfAChangeWaitsUntilThisBrokerKnowsIt) {
  port.add_topic("board");
  send(change(kTopic, "board", "retention.ms", 0, "5"), 1);
  proto::AdminAnswer out = altered(1);
  out.mutable_alter_configs()->set_index(port.session.image.index().value() + 1);
  take(out);
  EXPECT_TRUE(client->frames.empty());
  configure(ResourceType::kTopic, "board", "retention.ms", "5");
  EXPECT_EQ(answer<IncrementalAlterConfigsResponse>(1).body.responses.at(0).error_code, 0);
}

// ---- What there is to be described

TEST_F(Configs, ResourcesAreListedByKind) {
  port.add_topic("board");
  port.register_broker(2, 6, "127.0.0.1", 9093);
  port.register_broker(3, 7, "127.0.0.1", 9094, /*fenced=*/true);
  const auto listed = [&](std::vector<int8_t> types) {
    ListConfigResourcesRequest message;
    message.resource_types = std::move(types);
    const auto got = call<ListConfigResourcesResponse>(message, 1);
    EXPECT_EQ(got.body.error_code, 0);
    std::set<std::pair<int, std::string>> out;
    for (const auto& resource : got.body.config_resources) {
      out.emplace(resource.resource_type, resource.resource_name);
    }
    return out;
  };
  using Listed = std::set<std::pair<int, std::string>>;
  EXPECT_EQ(listed({kTopic}), (Listed{{2, "board"}}));
  EXPECT_EQ(listed({kBroker}), (Listed{{4, "1"}, {4, "2"}}));
  EXPECT_EQ(listed({16, 32}), Listed{});
  EXPECT_EQ(listed({}), (Listed{{2, "board"}, {4, "1"}, {4, "2"}}));
}

TEST_F(Configs, TheFirstVersionListsClientMetricsOnlyAndUnknownKindsAreRefused) {
  port.add_topic("board");
  const auto old = call<ListConfigResourcesResponse>(ListConfigResourcesRequest(), 0);
  EXPECT_EQ(old.body.error_code, 0);
  EXPECT_TRUE(old.body.config_resources.empty());
  ListConfigResourcesRequest message;
  message.resource_types = {3};
  EXPECT_EQ(call<ListConfigResourcesResponse>(message, 1).body.error_code, 35);
}

}  // namespace
}  // namespace barnabas::api

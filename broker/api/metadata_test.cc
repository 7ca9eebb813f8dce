#include "kafka/messages/metadata.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/api/table.h"
#include "broker/testing/kafka_port.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/describe_cluster.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::MetadataRequest;
using kafka::MetadataResponse;

class Metadata : public testing::Test {
 protected:
  Metadata() : client(port.connect()) {}

  static MetadataRequest named(std::vector<std::string_view> names) {
    MetadataRequest out;
    out.topics.emplace();
    for (std::string_view name : names) out.topics->emplace_back().name = name;
    return out;
  }
  static MetadataRequest all() {
    MetadataRequest out;
    out.topics.reset();
    return out;
  }
  Answer<MetadataResponse> call(const MetadataRequest& message, int16_t version) {
    return port.call<MetadataResponse>(*client, message, version);
  }

  KafkaPort port;
  std::unique_ptr<RawClient> client;
};

TEST_F(Metadata, AllVersionsTellBrokersTopicsAndLeaders) {
  const Uuid id = port.add_topic("board", 2);
  for (int16_t version = 0; version <= 13; ++version) {
    const auto answer = call(named({"board"}), version);
    ASSERT_EQ(answer.body.brokers.size(), 1u) << version;
    EXPECT_EQ(answer.body.brokers[0].node_id, 1);
    EXPECT_EQ(answer.body.brokers[0].host, "127.0.0.1");
    EXPECT_EQ(answer.body.brokers[0].port, 9092);
    ASSERT_EQ(answer.body.topics.size(), 1u);
    EXPECT_EQ(answer.body.topics[0].name, "board");
    ASSERT_EQ(answer.body.topics[0].partitions.size(), 2u);
    EXPECT_EQ(answer.body.topics[0].partitions[1].leader_id, 1);
    if (version >= 1) {
      EXPECT_EQ(answer.body.controller_id, 1);
    }
    if (version >= 2) {
      EXPECT_EQ(answer.body.cluster_id, "castle");
    }
    if (version >= 7) {
      EXPECT_EQ(answer.body.topics[0].partitions[0].leader_epoch, 1);
    }
    if (version >= 10) {
      EXPECT_EQ(answer.body.topics[0].topic_id, id);
    }
  }
}

// A client that has just lost its leader would be sent back to it, and look again only later.
TEST_F(Metadata, WaitsForTheControllersWordOnALeaderWhoseConnectionBroke) {
  port.register_broker(2, 6, "127.0.0.1", 9093);
  port.add_topic("board", 1, {1, 2}, 2);
  port.lost_leaders.lost(BrokerId{2}, port.broker.clock().now());
  client->send(request_frame(named({"board"}), 7, 1));
  port.simulation.run_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(client->frames.empty());
  port.fence(2);
  port.simulation.run_for(std::chrono::milliseconds(10));
  ASSERT_EQ(client->frames.size(), 1u);
}

TEST_F(Metadata, WaitsForAMomentOnlyAndNotForABrokerThatIsBack) {
  port.register_broker(2, 6, "127.0.0.1", 9093);
  port.add_topic("board", 1, {1, 2}, 2);
  port.lost_leaders.lost(BrokerId{2}, port.broker.clock().now());
  client->send(request_frame(named({"board"}), 7, 1));
  client->send(request_frame(named({}), 7, 2));
  port.simulation.run_for(replication::LostLeaders::kMoment - std::chrono::milliseconds(20));
  EXPECT_TRUE(client->frames.empty());
  port.simulation.run_for(std::chrono::milliseconds(40));
  EXPECT_EQ(client->frames.size(), 2u);
  client->frames.clear();
  port.lost_leaders.lost(BrokerId{2}, port.broker.clock().now());
  port.lost_leaders.back(BrokerId{2});
  client->send(request_frame(named({"board"}), 7, 1));
  port.simulation.run_for(std::chrono::milliseconds(10));
  EXPECT_EQ(client->frames.size(), 1u);
}

TEST_F(Metadata, EmptyMeansAllInVersion0AndNoneFromVersion1) {
  port.add_topic("board");
  port.add_topic("letters");
  EXPECT_EQ(call(named({}), 0).body.topics.size(), 2u);
  EXPECT_TRUE(call(named({}), 1).body.topics.empty());
  EXPECT_EQ(call(all(), 1).body.topics.size(), 2u);
  EXPECT_EQ(call(all(), 12).body.topics.size(), 2u);
}

TEST_F(Metadata, UnknownAndIllegalNames) {
  MetadataRequest message = named({"nowhere", "..", "a/b", std::string_view("a\0b", 3), "é"});
  const std::string long_name(250, 'x');
  message.topics->emplace_back().name = long_name;
  message.allow_auto_topic_creation = false;
  const auto answer = call(message, 9);
  ASSERT_EQ(answer.body.topics.size(), 6u);
  EXPECT_EQ(answer.body.topics[0].error_code, 3);
  for (size_t i = 1; i < 6; ++i) EXPECT_EQ(answer.body.topics[i].error_code, 17) << i;
  EXPECT_TRUE(port.session.admin_requests.empty());
}

TEST_F(Metadata, AnUnknownTopicIsCreatedOnceWhereThatIsAllowed) {
  EXPECT_EQ(call(named({"new"}), 9).body.topics[0].error_code, 3);
  EXPECT_EQ(call(named({"new"}), 9).body.topics[0].error_code, 3);
  ASSERT_EQ(port.session.admin_requests.size(), 1u);
  const proto::NewTopic& asked = port.session.admin_requests[0].first.create_topics().topics(0);
  EXPECT_EQ(asked.name(), "new");
  EXPECT_EQ(asked.partitions(), -1);
  EXPECT_EQ(asked.replication_factor(), -1);
  // When that has failed, the next one who asks starts it again.
  port.session.admin_requests[0].second(absl::UnavailableError("gone"));
  call(named({"new"}), 9);
  EXPECT_EQ(port.session.admin_requests.size(), 2u);
}

TEST_F(Metadata, WhoAsksForATopicThatIsBeingCreatedIsToldOfItAtOnce) {
  client->send(request_frame(named({"new"}), 9, 1));
  auto other = port.connect();
  other->send(request_frame(named({"new"}), 9, 1));
  ASSERT_TRUE(port.until([&] { return !port.session.admin_requests.empty(); }));
  port.simulation.run_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(client->frames.empty());
  proto::AdminAnswer answer;
  answer.mutable_create_topics()->add_topics()->set_name("new");
  answer.mutable_create_topics()->set_index(port.session.image.index().value() + 1);
  port.session.admin_requests[0].second(answer);
  port.add_topic("new");
  ASSERT_TRUE(port.until([&] { return !client->frames.empty() && !other->frames.empty(); },
                         std::chrono::milliseconds(20)));
  EXPECT_EQ(port.session.admin_requests.size(), 1u);
  const auto got = parse_answer<MetadataResponse>(client->frames[0], 9);
  EXPECT_EQ(got.body.topics[0].error_code, 0);
  EXPECT_EQ(got.body.topics[0].partitions[0].leader_id, 1);
}

TEST_F(Metadata, NothingIsCreatedWhereTheBrokerDoesNotAllowIt) {
  port.options().auto_create_topics = false;
  EXPECT_EQ(call(named({"new"}), 9).body.topics[0].error_code, 3);
  EXPECT_TRUE(port.session.admin_requests.empty());
}

TEST_F(Metadata, TopicIdsAreAskedForFromVersion12) {
  const Uuid id = port.add_topic("board");
  MetadataRequest message;
  message.topics.emplace();
  message.topics->emplace_back().topic_id = id;
  message.topics->back().name.reset();
  message.topics->emplace_back().topic_id = Uuid::make(*port.random);
  message.topics->back().name.reset();
  const auto answer = call(message, 12);
  EXPECT_EQ(answer.body.topics[0].name, "board");
  EXPECT_EQ(answer.body.topics[1].error_code, 100);
  EXPECT_FALSE(answer.body.topics[1].name.has_value());
  EXPECT_EQ(call(message, 11).body.topics[0].error_code, 42);
}

TEST_F(Metadata, LeaderlessAndOfflineReplicas) {
  port.register_broker(2, 6, "127.0.0.1", 9094, /*fenced=*/true);
  port.add_topic("board", 1, {1, 2}, -1);
  const auto answer = call(named({"board"}), 9);
  EXPECT_EQ(answer.body.brokers.size(), 1u);
  const auto& partition = answer.body.topics[0].partitions[0];
  EXPECT_EQ(partition.error_code, 5);
  EXPECT_EQ(partition.leader_id, -1);
  EXPECT_EQ(partition.replica_nodes, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(partition.offline_replicas, std::vector<int32_t>{2});
}

TEST_F(Metadata, TheControllerIsAlwaysTheSameLiveBroker) {
  port.register_broker(0, 6, "127.0.0.1", 9094, /*fenced=*/true);
  port.register_broker(2, 7, "127.0.0.1", 9095);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(call(all(), 9).body.controller_id, 1);
}

TEST_F(Metadata, AuthorizedOperationsOnlyWhenAsked) {
  port.add_topic("board");
  MetadataRequest message = named({"board"});
  EXPECT_EQ(call(message, 8).body.topics[0].topic_authorized_operations, INT32_MIN);
  message.include_topic_authorized_operations = true;
  message.include_cluster_authorized_operations = true;
  const auto answer = call(message, 8);
  EXPECT_EQ(answer.body.topics[0].topic_authorized_operations, 3576);
  EXPECT_EQ(answer.body.cluster_authorized_operations, 8096);
}

TEST_F(Metadata, DescribeClusterTellsTheSame) {
  port.register_broker(2, 6, "127.0.0.1", 9094, /*fenced=*/true);
  kafka::DescribeClusterRequest message;
  for (int16_t version = 0; version <= 2; ++version) {
    const auto answer = port.call<kafka::DescribeClusterResponse>(*client, message, version);
    EXPECT_EQ(answer.body.error_code, 0);
    EXPECT_EQ(answer.body.cluster_id, "castle");
    EXPECT_EQ(answer.body.controller_id, 1);
    EXPECT_EQ(answer.body.brokers.size(), 1u);
  }
  message.include_fenced_brokers = true;
  EXPECT_EQ(port.call<kafka::DescribeClusterResponse>(*client, message, 2).body.brokers.size(), 2u);
  message.endpoint_type = 2;
  EXPECT_EQ(port.call<kafka::DescribeClusterResponse>(*client, message, 2).body.error_code, 114);
  message.endpoint_type = 9;
  EXPECT_EQ(port.call<kafka::DescribeClusterResponse>(*client, message, 2).body.error_code, 115);
}

TEST_F(Metadata, ApiVersionsTellsWhatIsServedAndNothingElse) {
  kafka::ApiVersionsRequest message;
  message.client_software_name = "test";
  message.client_software_version = "1.0";
  for (int16_t version = 0; version <= 4; ++version) {
    const auto answer = port.call<kafka::ApiVersionsResponse>(*client, message, version);
    std::vector<int16_t> keys;
    for (const auto& api : answer.body.api_keys) keys.push_back(api.api_key);
    std::vector<int16_t> served;
    for (const Api& api : all_apis()) {
      if (api.advertised) served.push_back(api.key);
    }
    EXPECT_EQ(keys, served);
    // Gone since 4.0, for controllers only, or our own between brokers.
    for (int16_t key : {4, 5, 6, 7, 52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82, 15000}) {
      EXPECT_EQ(std::count(keys.begin(), keys.end(), key), 0) << key;
    }
    EXPECT_EQ(answer.body.api_keys[0].min_version, 0);
    EXPECT_EQ(answer.body.api_keys[0].max_version, 11);
    EXPECT_TRUE(answer.body.finalized_features.empty());
  }
  message.client_software_name = "-bad";
  EXPECT_EQ(port.call<kafka::ApiVersionsResponse>(*client, message, 3).body.error_code, 42);
}

TEST_F(Metadata, ApiVersionsTellsFinalizedFeatures) {
  proto::Decision decision;
  decision.add_records()->mutable_feature_level()->set_name("metadata.version");
  decision.mutable_records(0)->mutable_feature_level()->set_level(1);
  port.session.commit(decision);
  kafka::ApiVersionsRequest message;
  message.client_software_name = "test";
  message.client_software_version = "1";
  const auto answer = port.call<kafka::ApiVersionsResponse>(*client, message, 3);
  ASSERT_EQ(answer.body.finalized_features.size(), 1u);
  EXPECT_EQ(answer.body.finalized_features[0].name, "metadata.version");
  EXPECT_EQ(answer.body.finalized_features[0].max_version_level, 1);
  EXPECT_EQ(answer.body.finalized_features_epoch, port.session.image.index().value());
}

}  // namespace
}  // namespace barnabas::api

#include "broker/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/config_keys.h"

namespace barnabas::broker {
namespace {

constexpr char kMinimal[] =
    "node.id=1\n"
    "log.dirs=/data\n"
    "controller.quorum.voters=1@127.0.0.1:9640,2@127.0.0.1:9641\n";

absl::StatusOr<BrokerConfig> parse(const std::string& text, int cores = 2) {
  auto properties = Properties::parse(text, "server.properties");
  if (!properties.ok()) return properties.status();
  return parse_config(*properties, cores);
}
absl::StatusOr<BrokerConfig> with(const std::string& lines) { return parse(kMinimal + lines); }

TEST(BrokerConfig, ThreeLinesAreEnough) {
  const auto config = parse(kMinimal);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->node, BrokerId{1});
  EXPECT_EQ(config->directory, "/data");
  ASSERT_EQ(config->listeners.size(), 1u);
  EXPECT_EQ(config->listeners[0].bind, (Endpoint{"127.0.0.1", 9092}));
  EXPECT_EQ(config->inter_broker_listener, "PLAINTEXT");
  EXPECT_TRUE(config->advertised.empty());
  EXPECT_EQ(config->controllers, (std::vector<Endpoint>{{"127.0.0.1", 9640}, {"127.0.0.1", 9641}}));
  EXPECT_TRUE(config->remarks.empty());
  EXPECT_EQ(config->network_threads, 1);
  EXPECT_EQ(parse(kMinimal, 16)->network_threads, 8);
}

TEST(BrokerConfig, ReadsTheKeysOfAnOrdinaryServerProperties) {
  const auto config = parse(
      "process.roles=broker\n"
      "broker.id=3\n"
      "log.dir=/var/lib/kafka\n"
      "controller.quorum.bootstrap.servers=c1:9093, c2:9093\n"
      "controller.listener.names=CONTROLLER\n"
      "listeners=INTERNAL://127.0.0.1:9094,OUT://:9092\n"
      "advertised.listeners=INTERNAL://127.0.0.1:9094,OUT://kafka.example.com:19092\n"
      "listener.security.protocol.map=INTERNAL:PLAINTEXT,OUT:PLAINTEXT\n"
      "inter.broker.listener.name=INTERNAL\n"
      "allow.insecure.listener=true\n"
      "broker.rack=a\n"
      "num.network.threads=3\n"
      "num.io.threads=8\n"
      "log.retention.hours=168\n"
      "min.insync.replicas=2\n"
      "auto.create.topics.enable=false\n"
      "socket.send.buffer.bytes=102400\n"
      "zookeeper.connect=localhost:2181\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->node, BrokerId{3});
  EXPECT_EQ(config->directory, "/var/lib/kafka");
  EXPECT_EQ(config->rack, "a");
  EXPECT_EQ(config->inter_broker_listener, "INTERNAL");
  EXPECT_EQ(config->listeners[1].bind, (Endpoint{"0.0.0.0", 9092}));
  ASSERT_EQ(config->advertised.size(), 2u);
  EXPECT_EQ(config->advertised[1].host, "kafka.example.com");
  EXPECT_EQ(config->advertised[1].port, 19092);
  EXPECT_EQ(config->network_threads, 3);
  EXPECT_FALSE(config->auto_create_topics);
  EXPECT_EQ(config->topic_defaults,
            (metadata::ConfigMap{{"log.retention.ms", "604800000"}, {"min.insync.replicas", "2"}}));
  ASSERT_EQ(config->remarks.size(), 2u);
  EXPECT_EQ(config->remarks[0],
            "ignored, not needed here: controller.listener.names, num.io.threads, "
            "socket.send.buffer.bytes, zookeeper.connect");
}

TEST(BrokerConfig, GroupsHaveKafkasNamesDefaultsAndRanges) {
  const auto plain = parse(kMinimal);
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->offsets_partitions, 50);
  EXPECT_EQ(plain->offsets_replication, 3);
  EXPECT_EQ(plain->offsets_segment_bytes, 104'857'600);
  EXPECT_EQ(plain->offsets_retention, std::chrono::hours(168));
  EXPECT_EQ(plain->offset_metadata_max_bytes, 4096);
  EXPECT_EQ(plain->group_initial_rebalance_delay, std::chrono::seconds(3));
  EXPECT_EQ(plain->group_min_session_timeout, std::chrono::seconds(6));
  EXPECT_EQ(plain->group_max_session_timeout, std::chrono::minutes(30));
  EXPECT_EQ(plain->group_max_size, INT32_MAX);

  const auto config = with(
      "group.initial.rebalance.delay.ms=0\n"
      "group.min.session.timeout.ms=100\n"
      "group.max.size=9\n"
      "offsets.retention.minutes=1\n"
      "offsets.topic.num.partitions=3\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->group_initial_rebalance_delay, Duration::zero());
  EXPECT_EQ(config->group_min_session_timeout, std::chrono::milliseconds(100));
  EXPECT_EQ(config->group_max_size, 9);
  EXPECT_EQ(config->offsets_retention, std::chrono::minutes(1));
  EXPECT_EQ(config->offsets_partitions, 3);
  EXPECT_TRUE(config->remarks.empty());

  EXPECT_FALSE(with("offsets.topic.num.partitions=0\n").ok());
  EXPECT_FALSE(with("group.max.size=0\n").ok());
  EXPECT_FALSE(with("group.min.session.timeout.ms=1800001\n").ok());
  const auto contradiction =
      with("group.min.session.timeout.ms=7000\ngroup.max.session.timeout.ms=6500\n");
  ASSERT_FALSE(contradiction.ok());
  EXPECT_THAT(std::string(contradiction.status().message()),
              testing::AllOf(testing::HasSubstr("group.min.session.timeout.ms=7000"),
                             testing::HasSubstr("group.max.session.timeout.ms=6500")));
}

TEST(BrokerConfig, AutoIsTheDefaultOfAdvertisedListeners) {
  EXPECT_TRUE(with("advertised.listeners=auto\n")->advertised.empty());
}

TEST(BrokerConfig, TrueAndFalseAreReadInAnyCase) {
  EXPECT_FALSE(with("delete.topic.enable=False\n")->delete_topics);
  EXPECT_TRUE(with("delete.topic.enable=TRUE\n")->delete_topics);
}

TEST(BrokerConfig, AMapSaysWhatClientsOfANetworkAreTold) {
  const auto config = with("advertised.map=172.16.0.0/12 -> auto, * -> k.lan:{9092+node}\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->advertised_map.size(), 2u);
}

struct Bad {
  const char* what;
  const char* lines;
  std::vector<const char*> said;  // all of it
};

class BadBrokerConfig : public testing::TestWithParam<Bad> {};

TEST_P(BadBrokerConfig, IsRefusedWithKeyLineAndFix) {
  const auto config = with(GetParam().lines);
  ASSERT_FALSE(config.ok());
  const std::string message(config.status().message());
  for (const char* said : GetParam().said) {
    EXPECT_NE(message.find(said), std::string::npos) << message;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadBrokerConfig,
    testing::Values(
        Bad{"misspelt",
            "auto.create.topic.enable=true\n",
            {"server.properties:4", "auto.create.topic.enable=true", "auto.create.topics.enable"}},
        Bad{"no such key", "wibble.wobble.wubble=1\n", {"server.properties:4", "wibble"}},
        Bad{"duplicate", "node.id=2\n", {"node.id=1", "node.id=2"}},
        Bad{"two names, two values",
            "broker.id=2\n",
            {"server.properties:4: broker.id=2", "server.properties:1: node.id=1"}},
        Bad{"not a number",
            "num.network.threads=many\n",
            {"num.network.threads=many", "whole number"}},
        Bad{"out of range", "num.network.threads=0\n", {"between 1 and 64"}},
        Bad{"negative id", "broker.id=-4\n", {"broker.id=-4", "between 0"}},
        Bad{"not a boolean",
            "delete.topic.enable=yes\n",
            {"delete.topic.enable=yes", "true or false"}},
        Bad{"listener form", "listeners=127.0.0.1:9092\n", {"NAME://host:port"}},
        Bad{"listener port", "listeners=PLAINTEXT://127.0.0.1:99999\n", {"NAME://host:port"}},
        Bad{"listener twice",
            "listeners=PLAINTEXT://127.0.0.1:1,PLAINTEXT://127.0.0.1:2\n",
            {"PLAINTEXT is there twice"}},
        Bad{"port twice",
            "listener.security.protocol.map=A:PLAINTEXT\n"
            "listeners=PLAINTEXT://127.0.0.1:9092,A://127.0.0.1:9092\n",
            {"9092 is there twice"}},
        Bad{"listener without protocol",
            "listeners=CLIENT://127.0.0.1:9092\n",
            {"CLIENT has no protocol", "CLIENT:PLAINTEXT"}},
        Bad{"TLS", "listeners=SSL://127.0.0.1:9092\n", {"SSL", "PLAINTEXT only"}},
        Bad{"open to the world",
            "listeners=PLAINTEXT://0.0.0.0:9092\n",
            {"allow.insecure.listener=true", "server.properties:4"}},
        Bad{"advertised nowhere",
            "advertised.listeners=PLAINTEXT://0.0.0.0:9092\n",
            {"no client can connect to 0.0.0.0"}},
        Bad{"advertised unknown",
            "listeners=PLAINTEXT://127.0.0.1:9092\nadvertised.listeners=OUT://a:1\n",
            {"advertised.listeners=OUT://a:1", "contradicts", "listeners=PLAINTEXT", "OUT"}},
        Bad{"map without a host",
            "advertised.map=* -> 9092\n",
            {"server.properties:4", "neither auto nor HOST:PORT"}},
        Bad{"map and list",
            "advertised.listeners=PLAINTEXT://k.lan:9092\nadvertised.map=* -> k.lan:9092\n",
            {"advertised.map=* -> k.lan:9092", "contradicts", "advertised.listeners=PLAINTEXT"}},
        Bad{"inter-broker unknown",
            "inter.broker.listener.name=NOPE\n",
            {"inter.broker.listener.name=NOPE", "no listener has that name"}},
        Bad{"controller role", "process.roles=broker,controller\n", {"barnabas-controller"}},
        Bad{"two disks", "log.dir=/a,/b\n", {"log.dir=/a,/b", "log.dirs=/data"}},
        Bad{"lag times",
            "flush.lag.max.ms=20000\nreplica.lag.time.max.ms=10000\n",
            {"flush.lag.max.ms=20000", "contradicts", "replica.lag.time.max.ms=10000"}},
        Bad{"wait longer than lag",
            "replica.lag.time.max.ms=300\n",
            {"replica.lag.time.max.ms=300", "replica.fetch.wait.max.ms"}},
        Bad{"topic default out of range", "min.insync.replicas=0\n", {"min.insync.replicas"}},
        Bad{"retention in two units",
            "log.retention.ms=5\nlog.retention.hours=1\n",
            {"log.retention.hours=1", "log.retention.ms=5"}}),
    [](const testing::TestParamInfo<Bad>& info) {
      std::string name;
      for (const char* at = info.param.what; *at != 0; ++at) name += std::isalnum(*at) ? *at : '_';
      return name;
    });

TEST(BrokerConfig, WhatIsMissingIsSaidWithAnExample) {
  EXPECT_NE(
      parse("log.dirs=/d\ncontroller.quorum.voters=1@h:1\n").status().message().find("node.id=1"),
      absl::string_view::npos);
  EXPECT_NE(
      parse("node.id=1\ncontroller.quorum.voters=1@h:1\n").status().message().find("log.dirs="),
      absl::string_view::npos);
  EXPECT_NE(parse("node.id=1\nlog.dirs=/d\n").status().message().find("controller.quorum.voters="),
            absl::string_view::npos);
}

TEST(BrokerConfig, SecurityThatIsNotHereIsRefusedAndItsSecretsAreNotShown) {
  for (const char* line : {"ssl.keystore.password=hunter2\n", "sasl.jaas.config=hunter2\n",
                           "authorizer.class.name=hunter2\n", "super.users=hunter2\n"}) {
    const auto config = with(line);
    ASSERT_FALSE(config.ok()) << line;
    EXPECT_EQ(config.status().message().find("hunter2"), absl::string_view::npos);
    EXPECT_NE(config.status().message().find("server.properties:4"), absl::string_view::npos);
  }
}

TEST(BrokerConfig, AnInsecureListenerIsRemarkedOn) {
  const auto config = with("listeners=PLAINTEXT://:9092\nallow.insecure.listener=true\n");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->remarks.size(), 1u);
  EXPECT_NE(config->remarks[0].find("without encryption"), std::string::npos);
}

TEST(BrokerConfig, AllThatIsWrongIsSaidAtOnce) {
  const std::string message(with("num.network.threads=0\n"
                                 "no.such.key=1\n"
                                 "delete.topic.enable=perhaps\n")
                                .status()
                                .message());
  for (const char* said : {"server.properties:4", "server.properties:5", "server.properties:6"}) {
    EXPECT_NE(message.find(said), std::string::npos) << message;
  }
  std::vector<ConfigFinding> findings;
  check_config(*Properties::parse("node.id=x\nlog.dirs=/d\nnum.io.threads=8\n", "f"), 2, findings);
  ASSERT_EQ(findings.size(), 3u);  // node.id, no controllers, and the remark
  EXPECT_EQ(findings[0].line, 1);
  EXPECT_EQ(findings[0].key, "node.id");
  EXPECT_TRUE(findings[1].is_error);
  EXPECT_FALSE(findings[2].is_error);
}

TEST(BrokerConfig, AMisspeltKeyOfSomethingThatDoesNothingHereIsRefusedToo) {
  for (const char* line : {"offsets.topic.num.partition=3\n", "group.max.sizes=3\n",
                           "log.cleaner.thread=1\n", "zookeeper.conect=h:2181\n"}) {
    EXPECT_FALSE(with(line).ok()) << line;
  }
}

TEST(BrokerConfig, VariablesOfTheEnvironmentAreSettings) {
  Properties properties("the environment");
  properties.take_environment({"KAFKA_NODE_ID=1", "KAFKA_LOG_DIRS=/d",
                               "KAFKA_CONTROLLER_QUORUM_VOTERS=1@h:1", "KAFKA_UNHEARD_OF_THING=x"});
  const auto config = parse_config(properties, 2);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->directory, "/d");
  ASSERT_EQ(config->remarks.size(), 1u);  // somebody else's variable
  EXPECT_NE(config->remarks[0].find("KAFKA_UNHEARD_OF_THING"), std::string::npos);
  properties.take_environment({"KAFKA_LISTENER=PLAINTEXT://:9092"});
  const std::string message(parse_config(properties, 2).status().message());
  EXPECT_NE(message.find("environment: KAFKA_LISTENER="), std::string::npos) << message;
  EXPECT_NE(message.find("listeners"), std::string::npos) << message;
}

TEST(BrokerConfig, EveryKeyThatCanBeSuggestedExists) {
  for (const std::string& key : all_key_names()) EXPECT_NE(kind_of(key), KeyKind::kUnknown) << key;
}

}  // namespace
}  // namespace barnabas::broker

#include "controller/config.h"

#include <gtest/gtest.h>

namespace barnabas::controller {
namespace {

constexpr char kMinimal[] =
    "node.id=2\n"
    "controller.quorum.voters=1@127.0.0.1:9640, 2@127.0.0.1:9641\n"
    "log.dirs=/data\n";

absl::StatusOr<ControllerConfig> parse(const std::string& more,
                                       const std::string& base = kMinimal) {
  const auto properties = Properties::parse(base + more, "controller.properties");
  if (!properties.ok()) return properties.status();
  return parse_config(*properties);
}

std::string error(const std::string& more, const std::string& base = kMinimal) {
  const auto config = parse(more, base);
  return config.ok() ? "" : std::string(config.status().message());
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ControllerConfig, ThreeKeysAreEnough) {
  const auto config = parse("");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->node, ControllerId{2});
  EXPECT_EQ(config->voters.size(), 2u);
  EXPECT_EQ(config->listen, (Endpoint{"127.0.0.1", 9641}));
  EXPECT_EQ(config->directory, "/data");
  EXPECT_EQ(config->session_timeout, std::chrono::seconds(2));
}

TEST(ControllerConfig, AnUnknownKeyIsRefusedWithItsLineAndTheNearestKey) {
  const std::string text = error("broker.session.timeout=1\n");
  EXPECT_TRUE(says(text, "broker.session.timeout.ms")) << text;
  EXPECT_TRUE(says(text, ":4")) << text;
}

TEST(ControllerConfig, ABadValueIsRefusedWithItsLine) {
  EXPECT_TRUE(says(error("broker.session.timeout.ms=soon\n"), "controller.properties:4"));
  EXPECT_TRUE(says(error("num.partitions=0\n"), "between 1 and"));
  EXPECT_TRUE(says(error("auto.leader.rebalance.enable=yes\n"), "true or false"));
  EXPECT_TRUE(says(error("process.roles=broker,controller\n"), "nothing else"));
}

TEST(ControllerConfig, WhatIsMissingIsNamed) {
  EXPECT_TRUE(says(error("", ""), "node.id is missing"));
  EXPECT_TRUE(says(error("", "node.id=1\n"), "controller.quorum.voters"));
  EXPECT_TRUE(says(error("", "node.id=1\ncontroller.quorum.voters=1@a:1\n"), "log.dirs"));
}

TEST(ControllerConfig, AControllerOutsideItsOwnQuorumIsRefusedQuotingBothLines) {
  const std::string text =
      error("", "node.id=3\ncontroller.quorum.voters=1@127.0.0.1:1\nlog.dirs=/d\n");
  EXPECT_TRUE(says(text, "node.id=3")) << text;
  EXPECT_TRUE(says(text, "1@127.0.0.1:1")) << text;
}

TEST(ControllerConfig, VotersAreChecked) {
  const auto voters = [](const std::string& text) {
    return error("", "node.id=1\nlog.dirs=/d\ncontroller.quorum.voters=" + text + "\n");
  };
  EXPECT_TRUE(says(voters("1@127.0.0.1"), "127.0.0.1"));
  EXPECT_TRUE(says(voters("127.0.0.1:1"), "ID@HOST:PORT"));
  EXPECT_TRUE(says(voters("1@127.0.0.1:1,1@127.0.0.1:2"), "named twice"));
}

TEST(ControllerConfig, BeyondLoopbackItMustBeWantedInWriting) {
  const std::string base = "node.id=1\ncontroller.quorum.voters=1@10.0.0.5:9640\nlog.dirs=/d\n";
  EXPECT_TRUE(says(error("", base), "allow.insecure.listener=true"));
  const auto config = parse("allow.insecure.listener=true\n", base);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->remarks.size(), 1u);
  EXPECT_TRUE(parse("listeners=CONTROLLER://127.0.0.1:9640\n", base).ok());
}

TEST(ControllerConfig, TimersThatContradictEachOtherAreRefused) {
  EXPECT_TRUE(says(error("controller.quorum.election.timeout.ms=100\n"), "contradict"));
}

TEST(ControllerConfig, AllThatIsWrongIsSaidAtOnce) {
  const std::string text = error("broker.session.timeout.ms=soon\nno.such.thing=1\n");
  EXPECT_TRUE(says(text, ":4")) << text;
  EXPECT_TRUE(says(text, ":5")) << text;
}

TEST(ControllerConfig, WhatABrokerReadsIsNamedOnceAndDoesNothing) {
  const auto config =
      parse("broker.rack=a\nnum.io.threads=8\ncontroller.quorum.fetch.timeout.ms=1\n");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->remarks.size(), 1u);
  EXPECT_TRUE(says(config->remarks[0], "broker.rack, controller.quorum.fetch.timeout.ms, num.io"));
  EXPECT_FALSE(says(error("ssl.keystore.password=hunter2\n"), "hunter2"));
  EXPECT_TRUE(says(error("ssl.keystore.password=hunter2\n"), "ssl.keystore.password"));
}

TEST(ControllerConfig, AListenerThatABrokersFileHasIsNotTakenForItsOwn) {
  EXPECT_TRUE(says(error("listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9640\n"),
                   "one listener"));
}

TEST(ControllerConfig, DefaultsOfBrokersAreTakenAlong) {
  const auto config = parse("num.partitions=3\nmin.insync.replicas=2\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->broker_defaults, (std::map<std::string, std::string>{
                                         {"min.insync.replicas", "2"}, {"num.partitions", "3"}}));
  EXPECT_EQ(parse("log.retention.hours=2\n")->broker_defaults.at("log.retention.ms"), "7200000");
  EXPECT_TRUE(says(error("log.retention.hours=2\nlog.retention.ms=5\n"), "log.retention.ms=5"));
}

}  // namespace
}  // namespace barnabas::controller

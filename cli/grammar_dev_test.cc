// The words of dev, doctor and config check.

#include <gtest/gtest.h>

#include "cli/command_line.h"

namespace barnabas::cli {
namespace {

Parsed parsed(const std::vector<std::string>& words, const std::string& brokers = "") {
  return parse(
      words,
      [&](const std::string& name) -> std::optional<std::string> {
        if (name == "BARNABAS_BROKERS" && !brokers.empty()) return brokers;
        return std::nullopt;
      },
      0);
}

TEST(DevWords, NothingHasToBeSaid) {
  const Parsed none = parsed({"dev"});
  ASSERT_TRUE(none.line.has_value());
  EXPECT_EQ(none.line->verb, Verb::kDev);
  EXPECT_FALSE(none.line->dev.nodes.has_value());
  EXPECT_FALSE(none.line->dev.command.has_value());
  EXPECT_TRUE(none.line->dev.directory.empty());
}

TEST(DevWords, EverythingCanBeSaid) {
  const Parsed all =
      parsed({"dev", "--nodes", "3", "--exec", "pytest -q", "--dir", "/d", "--fresh", "--any-port",
              "--kafka-port", "19092", "--controller-port", "19640", "-X", "broker.rack=a"});
  ASSERT_TRUE(all.line.has_value());
  const DevOptions& options = all.line->dev;
  EXPECT_EQ(options.nodes, 3);
  EXPECT_EQ(options.command, "pytest -q");
  EXPECT_EQ(options.directory, "/d");
  EXPECT_TRUE(options.fresh);
  EXPECT_TRUE(options.any_port);
  EXPECT_EQ(options.kafka_port, 19092);
  EXPECT_EQ(options.controller_port, 19640);
  EXPECT_EQ(options.settings.size(), 1u);
}

TEST(DevWords, APortIsAPort) {
  EXPECT_TRUE(parsed({"dev", "--kafka-port", "0"}).problem.has_value());
  EXPECT_TRUE(parsed({"dev", "--kafka-port", "70000"}).problem.has_value());
  EXPECT_TRUE(parsed({"dev", "--nodes", "many"}).problem.has_value());
}

TEST(DoctorWords, AnAddressIsTypedOrInTheEnvironmentOrTheUsualOne) {
  EXPECT_EQ(parsed({"doctor", "h:1"}).line->doctor.bootstrap, "h:1");
  EXPECT_EQ(parsed({"doctor", "h:1"}, "e:2").line->doctor.bootstrap, "h:1");
  EXPECT_EQ(parsed({"doctor"}, "e:2").line->doctor.bootstrap, "e:2");
  EXPECT_EQ(parsed({"doctor"}).line->doctor.bootstrap, "localhost:9092");
  EXPECT_EQ(parsed({"doctor", "--timeout", "1s"}).line->doctor.timeout.count(), 1000);
}

TEST(ConfigCheckWords, AFileIsNeededAndARoleIsOneOfTwo) {
  EXPECT_EQ(parsed({"config", "check", "f"}).line->config_check.file, "f");
  EXPECT_EQ(parsed({"config", "check", "f", "--role", "controller"}).line->config_check.role,
            "controller");
  EXPECT_TRUE(parsed({"config", "check"}).problem.has_value());
  EXPECT_TRUE(parsed({"config", "check", "f", "--role", "king"}).problem.has_value());
}

}  // namespace
}  // namespace barnabas::cli

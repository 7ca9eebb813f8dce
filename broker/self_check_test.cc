#include "broker/self_check.h"

#include <gtest/gtest.h>

namespace barnabas::broker {
namespace {

std::vector<std::string> doubts(const std::string& bind, const std::string& told,
                                const std::string& gateway = "") {
  BrokerConfig config;
  config.listeners = {{"PLAINTEXT", "PLAINTEXT", {bind, 9092}}};
  config.advertised = {{"PLAINTEXT", told, 9092, ""}};
  config.host.container_gateway = gateway;
  return doubts_about(config);
}

TEST(SelfCheck, ALoopbackAddressForTheWholeWorldIsDoubted) {
  ASSERT_EQ(doubts("0.0.0.0", "127.0.0.1").size(), 1u);
  EXPECT_NE(doubts("0.0.0.0", "localhost")[0].find("its own machine"), std::string::npos);
  EXPECT_TRUE(doubts("127.0.0.1", "127.0.0.1").empty());
}

TEST(SelfCheck, LoopbackInsideAContainerIsDoubtedWhateverItIsBoundTo) {
  EXPECT_EQ(doubts("127.0.0.1", "localhost", "172.17.0.1").size(), 1u);
}

TEST(SelfCheck, AContainersNameIsDoubted) {
  ASSERT_EQ(doubts("0.0.0.0", "1cbfdb9e8dc6").size(), 1u);
  EXPECT_NE(doubts("0.0.0.0", "1cbfdb9e8dc6")[0].find("container"), std::string::npos);
  EXPECT_TRUE(doubts("0.0.0.0", "kafka.example.com").empty());
}

TEST(SelfCheck, AutoIsNotDoubted) {
  BrokerConfig config;
  config.listeners = {{"PLAINTEXT", "PLAINTEXT", {"0.0.0.0", 9092}}};
  EXPECT_TRUE(doubts_about(config).empty());
}

}  // namespace
}  // namespace barnabas::broker

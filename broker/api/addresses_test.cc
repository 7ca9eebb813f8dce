#include "broker/api/addresses.h"

#include <gtest/gtest.h>

namespace barnabas::api {
namespace {

struct Case {
  const char* what;
  int32_t broker;
  const char* registered;
  const char* reached;
  bool automatic;
  const char* told;
  const char* peer = "10.9.9.9";
};

class AdvertisedAddress : public testing::TestWithParam<Case> {};

TEST_P(AdvertisedAddress, IsOneTheClientCanReach) {
  metadata::BrokerImage broker;
  broker.id = BrokerId{GetParam().broker};
  broker.listeners = {{"PLAINTEXT", GetParam().registered, 9093, "PLAINTEXT"}};
  ConnectionFacts connection;
  connection.listener = "PLAINTEXT";
  connection.local = {GetParam().reached, 9092};
  connection.peer = {GetParam().peer, 40000};
  Options options;
  options.self = BrokerId{1};
  options.advertise_reached = GetParam().automatic;
  options.host.container_gateway = "172.18.0.1";
  EXPECT_EQ(address_for(broker, connection, options), (Endpoint{GetParam().told, 9093}));
}

INSTANTIATE_TEST_SUITE_P(
    Table, AdvertisedAddress,
    testing::Values(
        Case{"everything on loopback", 2, "127.0.0.1", "127.0.0.1", true, "127.0.0.1"},
        Case{"self behind any address", 1, "10.0.0.5", "192.168.1.5", true, "192.168.1.5"},
        Case{"another machine", 2, "10.0.0.6", "10.0.0.5", true, "10.0.0.6"},
        Case{"client on the same machine", 2, "10.0.0.6", "127.0.0.1", true, "10.0.0.6"},
        Case{"another broker that knows only loopback", 2, "127.0.0.1", "10.0.0.5", true,
             "10.0.0.5"},
        Case{"another broker without an address", 2, "", "10.0.0.5", true, "10.0.0.5"},
        Case{"IPv4 through an IPv6 socket", 1, "10.0.0.5", "::ffff:192.168.1.5", true,
             "192.168.1.5"},
        Case{"the machine that runs our container", 1, "172.18.0.2", "172.18.0.2", true,
             "localhost", "172.18.0.1"},
        Case{"the same, of another container", 2, "172.18.0.3", "172.18.0.2", true, "localhost",
             "::ffff:172.18.0.1"},
        Case{"another container", 1, "172.18.0.2", "172.18.0.2", true, "172.18.0.2", "172.18.0.7"},
        Case{"what was set is told", 1, "kafka.example.com", "10.0.0.5", false,
             "kafka.example.com"},
        Case{"what was set is told through a gateway too", 1, "kafka.example.com", "172.18.0.2",
             false, "kafka.example.com", "172.18.0.1"}));

class AddressOfAnotherMachine : public testing::Test {
 protected:
  AddressOfAnotherMachine() {
    broker_.id = BrokerId{2};
    broker_.listeners = {{"PLAINTEXT", "10.0.0.6", 9093, "PLAINTEXT"},
                         {"PLAINTEXT", "192.168.7.6", 9093, "PLAINTEXT"},
                         {"PLAINTEXT", "172.17.0.1", 9093, "PLAINTEXT"},
                         {"PLAINTEXT", "fd00::6", 9093, "PLAINTEXT"}};
    options_.self = BrokerId{1};
    options_.host.interfaces = {
        {"10.0.0.5", 24}, {"192.168.4.5", 16}, {"172.17.0.1", 16}, {"fd00::5", 64}};
  }
  std::string told(const char* reached) {
    ConnectionFacts connection;
    connection.listener = "PLAINTEXT";
    connection.local = {reached, 9092};
    connection.peer = {"10.9.9.9", 40000};
    return address_for(broker_, connection, options_)->host;
  }
  metadata::BrokerImage broker_;
  Options options_;
};

TEST_F(AddressOfAnotherMachine, IsTheOneInTheNetworkByWhichTheClientReachedUs) {
  EXPECT_EQ(told("10.0.0.5"), "10.0.0.6");
  EXPECT_EQ(told("192.168.4.5"), "192.168.7.6");
  EXPECT_EQ(told("fd00::5"), "fd00::6");
}

TEST_F(AddressOfAnotherMachine, IsItsFirstWhereNoneFits) {
  EXPECT_EQ(told("172.20.0.5"), "10.0.0.6");
  EXPECT_EQ(told("127.0.0.1"), "10.0.0.6");
}

TEST_F(AddressOfAnotherMachine, IsNeverOneThatWeHaveOurselves) {
  EXPECT_EQ(told("172.17.0.1"), "10.0.0.6");  // a bridge that every machine with containers has
}

TEST_F(AddressOfAnotherMachine, IsWhatTheMapSaysToTheNetworkOfTheClient) {
  options_.advertised_map =
      *broker::parse_advertised_map("10.9.0.0/16 -> k{node}.lan:{9000+node}, * -> auto");
  EXPECT_EQ(told("10.0.0.5"), "k2.lan");  // the client is 10.9.9.9
  options_.advertised_map = *broker::parse_advertised_map("10.9.0.0/16 -> auto, * -> k.lan:9000");
  EXPECT_EQ(told("10.0.0.5"), "10.0.0.6");
  options_.advertised_map = *broker::parse_advertised_map("10.8.0.0/16 -> k.lan:9000");
  EXPECT_EQ(told("10.0.0.5"), "10.0.0.6");  // named nowhere: auto
}

TEST(Networks, AreComparedBitByBit) {
  EXPECT_TRUE(in_same_network("10.0.0.5", "10.0.0.200", 24));
  EXPECT_FALSE(in_same_network("10.0.0.5", "10.0.1.5", 24));
  EXPECT_TRUE(in_same_network("10.0.0.5", "10.0.1.5", 23));
  EXPECT_FALSE(in_same_network("10.0.0.5", "10.0.2.5", 23));
  EXPECT_TRUE(in_same_network("1.2.3.4", "200.2.3.4", 0));
  EXPECT_FALSE(in_same_network("1.2.3.4", "fd00::1", 0));
  EXPECT_FALSE(in_same_network("localhost", "localhost", 0));
  EXPECT_TRUE(in_same_network("fd00::1", "fd00::ffff", 64));
  EXPECT_EQ(network_of("10.1.2.3", 20), "10.1.0.0/20");
  EXPECT_EQ(network_of("fd00:1:2:3::9", 64), "fd00:1:2:3::/64");
  EXPECT_EQ(network_of("host", 24), "host");
}

TEST(Guesses, AreToldOnceForEachListenerAndNetwork) {
  GuessLog log;
  EXPECT_TRUE(log.is_new("PLAINTEXT", "10.0.0.0/24"));
  EXPECT_FALSE(log.is_new("PLAINTEXT", "10.0.0.0/24"));
  EXPECT_TRUE(log.is_new("OUT", "10.0.0.0/24"));
  for (int i = 0; i < 1000; ++i) log.is_new("PLAINTEXT", std::to_string(i));
  EXPECT_FALSE(log.is_new("PLAINTEXT", "one too many"));
}

TEST(AdvertisedAddress, OnlyOfTheListenerThatTheClientCameBy) {
  metadata::BrokerImage broker;
  broker.listeners = {{"INTERNAL", "10.0.0.6", 9093, "PLAINTEXT"}};
  ConnectionFacts connection;
  connection.listener = "PLAINTEXT";
  EXPECT_FALSE(address_for(broker, connection, Options()).has_value());
}

}  // namespace
}  // namespace barnabas::api

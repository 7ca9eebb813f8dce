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
};

class AdvertisedAddress : public testing::TestWithParam<Case> {};

TEST_P(AdvertisedAddress, IsOneTheClientCanReach) {
  metadata::BrokerImage broker;
  broker.id = BrokerId{GetParam().broker};
  broker.listeners = {{"PLAINTEXT", GetParam().registered, 9093, "PLAINTEXT"}};
  ConnectionFacts connection;
  connection.listener = "PLAINTEXT";
  connection.local = {GetParam().reached, 9092};
  Options options;
  options.self = BrokerId{1};
  options.advertise_reached = GetParam().automatic;
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
        Case{"what was set is told", 1, "kafka.example.com", "10.0.0.5", false,
             "kafka.example.com"}));

TEST(AdvertisedAddress, OnlyOfTheListenerThatTheClientCameBy) {
  metadata::BrokerImage broker;
  broker.listeners = {{"INTERNAL", "10.0.0.6", 9093, "PLAINTEXT"}};
  ConnectionFacts connection;
  connection.listener = "PLAINTEXT";
  EXPECT_FALSE(address_for(broker, connection, Options()).has_value());
}

}  // namespace
}  // namespace barnabas::api

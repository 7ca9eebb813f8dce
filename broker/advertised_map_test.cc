#include "broker/advertised_map.h"

#include <gtest/gtest.h>

namespace barnabas::broker {
namespace {

TEST(AdvertisedMap, NetworksAreMappedToAutoOrToAddresses) {
  const auto rules = parse_advertised_map(
      "172.16.0.0/12 -> auto, 10.1.2.3->10.1.2.4:9092 , fd00::/8 -> k:1, "
      "* -> k{node}.example.com:{9092+node}");
  ASSERT_TRUE(rules.ok()) << rules.status();
  ASSERT_EQ(rules->size(), 4u);
  EXPECT_TRUE((*rules)[0].is_auto);
  EXPECT_EQ((*rules)[0].network, "172.16.0.0");
  EXPECT_EQ((*rules)[0].prefix, 12);
  EXPECT_EQ((*rules)[1].prefix, 32);
  EXPECT_EQ(told_by((*rules)[1], BrokerId{7}), (Endpoint{"10.1.2.4", 9092}));
  EXPECT_EQ((*rules)[2].prefix, 8);
  EXPECT_TRUE((*rules)[3].network.empty());
  EXPECT_EQ(told_by((*rules)[3], BrokerId{2}), (Endpoint{"k2.example.com", 9094}));
  EXPECT_EQ(told_by((*rules)[3], BrokerId{60'000}).port, 0);
}

TEST(AdvertisedMap, NothingIsNoRule) {
  EXPECT_TRUE(parse_advertised_map("")->empty());
  EXPECT_TRUE(parse_advertised_map(" , ")->empty());
}

TEST(AdvertisedMap, WhatCannotBeReadIsQuotedWithAnExample) {
  for (const char* text :
       {"10.0.0.0/8", "10.0.0.0/33 -> auto", "10.0.0/8 -> auto", "here -> auto", "* -> host",
        "* -> host:0", "* -> host:70000", "* -> :9092", "* -> host:{node}", "* -> h:{9092+node",
        "* -> a:1 -> b:2", "10.0.0.0/8/8 -> auto", "10.0.0.0/x -> auto", " -> auto"}) {
    const auto rules = parse_advertised_map(text);
    ASSERT_FALSE(rules.ok()) << text;
    EXPECT_NE(rules.status().message().find("example.com"), absl::string_view::npos) << text;
  }
}

}  // namespace
}  // namespace barnabas::broker

#include "tests/simulation/group_protocol.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

const Assignment kFour{{"t", 0}, {"t", 1}, {"t", 2}, {"t", 3}};

Subscription owning(Assignment owned, int32_t generation = 1) {
  return {{"t"}, std::move(owned), generation};
}

TEST(GroupProtocol, ASubscriptionIsReadAsItWasWritten) {
  const Subscription written{{"t", "u"}, {{"t", 1}, {"u", 0}}, 7};
  const Subscription read = decode_subscription(encode(written));
  EXPECT_EQ(read.topics, written.topics);
  EXPECT_EQ(read.owned, written.owned);
  EXPECT_EQ(read.generation, 7);
}

TEST(GroupProtocol, AnAssignmentIsReadAsItWasWrittenAndAnEmptyOneToo) {
  EXPECT_EQ(decode_assignment(encode(kFour)), kFour);
  EXPECT_EQ(decode_assignment(encode(Assignment())), Assignment());
  EXPECT_EQ(decode_assignment(""), Assignment());
}

TEST(GroupProtocol, EagerSharesCoverEverythingOnce) {
  const auto shares = share_out_eagerly({{"a", {}}, {"b", {}}, {"c", {}}}, kFour);
  Assignment all;
  for (const auto& [member, share] : shares) all.insert(share.begin(), share.end());
  EXPECT_EQ(all, kFour);
  EXPECT_EQ(shares.at("a").size() + shares.at("b").size() + shares.at("c").size(), 4U);
}

TEST(GroupProtocol, WhatAnotherIsToGiveUpIsGivenToNobodyYet) {
  const auto first = share_out_cooperatively({{"a", owning(kFour)}, {"b", {}}}, kFour);
  EXPECT_EQ(first.at("a").size(), 2U);
  EXPECT_TRUE(first.at("b").empty());
  const auto second = share_out_cooperatively({{"a", owning(first.at("a"))}, {"b", {}}}, kFour);
  EXPECT_EQ(second.at("a"), first.at("a"));
  EXPECT_EQ(second.at("b").size(), 2U);
}

TEST(GroupProtocol, OfTwoThatClaimTheSameTheLaterGenerationIsRight) {
  const auto shares =
      share_out_cooperatively({{"a", owning(kFour, 3)}, {"b", owning(kFour, 5)}}, kFour);
  EXPECT_TRUE(shares.at("a").empty());
  EXPECT_EQ(shares.at("b").size(), 2U);
}

}  // namespace
}  // namespace barnabas::simulation

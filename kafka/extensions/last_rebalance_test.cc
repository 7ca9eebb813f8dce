// A field of our own beside Kafka's: read where it is expected, skipped by everybody else.

#include "kafka/extensions/last_rebalance.h"

#include <gtest/gtest.h>

#include "common/buffer.h"
#include "common/bytes.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::kafka {
namespace {

const LastRebalance kLast{"session_expired", "member a-1 was silent for 3000 ms", 1'700'000'000'000,
                          4, 7};

template <class Message>
std::string written(const Message& message, int16_t version) {
  MessageWriter out;
  EXPECT_TRUE(message.write(out, version).ok());
  return flatten(out.finish());
}

TEST(LastRebalance, TravelsThroughARequestAndAnAnswer) {
  DescribeGroupsRequest request;
  request.groups = {"g"};
  EXPECT_FALSE(asks_for_last_rebalance(request.unknown_tags));
  ask_for_last_rebalance(request.unknown_tags);
  const std::string asked = written(request, 6);
  DescribeGroupsRequest arrived;
  ByteReader in(asked);
  ASSERT_TRUE(arrived.read(in, 6).ok());
  EXPECT_TRUE(asks_for_last_rebalance(arrived.unknown_tags));

  DescribeGroupsResponse response;
  const std::string body = encode(kLast);
  response.groups.resize(2);
  response.groups[0].unknown_tags.add({kLastRebalanceTag, body});
  const std::string answered = written(response, 6);
  DescribeGroupsResponse back;
  ByteReader answer(answered);
  ASSERT_TRUE(back.read(answer, 6).ok());
  EXPECT_EQ(last_rebalance_of(back.groups.at(0).unknown_tags), kLast);
  EXPECT_EQ(last_rebalance_of(back.groups.at(1).unknown_tags), std::nullopt);
}

TEST(LastRebalance, WhatIsCutOffOrOfAnotherFormatIsNone) {
  const std::string body = encode(kLast);
  for (size_t size = 0; size < body.size(); ++size) {
    const std::string part = body.substr(0, size);
    UnknownTags tags;
    tags.add({kLastRebalanceTag, part});
    EXPECT_EQ(last_rebalance_of(tags), std::nullopt) << size;
  }
  std::string other = body;
  other[0] = 2;
  UnknownTags tags;
  tags.add({kLastRebalanceTag, other});
  EXPECT_EQ(last_rebalance_of(tags), std::nullopt);
}

TEST(LastRebalance, MayGrowAtItsEnd) {
  const std::string longer = encode(kLast) + "more";
  UnknownTags tags;
  tags.add({kLastRebalanceTag, longer});
  EXPECT_EQ(last_rebalance_of(tags), kLast);
}

}  // namespace
}  // namespace barnabas::kafka

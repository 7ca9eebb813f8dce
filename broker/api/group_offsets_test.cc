// What clients see of committed offsets: every API in every version, and Kafka's codes for what is
// wrong. Membership, and what tools ask of groups, are in groups_test.cc.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/testing/group_port.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/offset_delete.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using namespace kafka;            // NOLINT

constexpr int16_t kUnknownTopic = 3, kMetadataTooLarge = 12, kIllegalGeneration = 22,
                  kUnknownMember = 25, kNoSuchTopicId = 100;

class GroupOffsets : public GroupPort {};

TEST_F(GroupOffsets, OffsetsAreCommittedAndFetchedInEveryVersion) {
  make_offsets_topic();
  for (int16_t version = 2; version <= 10; ++version) {
    OffsetCommitRequest message = commit_request("g", {}, "board", 1, 100 + version, "a note");
    if (version >= 10) {
      message.topics[0].topic_id = board;
      message.topics[0].name = "";
    }
    const auto answer = call<OffsetCommitResponse>(message, version);
    ASSERT_EQ(answer.body.topics.size(), 1u);
    if (version < 10) {
      EXPECT_EQ(answer.body.topics[0].name, "board");
    }
    if (version >= 10) {
      EXPECT_EQ(answer.body.topics[0].topic_id, board);
    }
    EXPECT_EQ(answer.body.topics[0].partitions.at(0).partition_index, 1);
    EXPECT_EQ(answer.body.topics[0].partitions.at(0).error_code, 0) << version;
    EXPECT_EQ(fetch(*client, "g", "board", 1).offset, 100 + version);
  }
  for (int16_t version = 1; version <= 7; ++version) {
    for (const bool all : {false, true}) {
      if (all && version < 2) continue;
      OffsetFetchRequest message = fetch_request("g", "board", 1);
      if (all) message.topics.reset();
      const auto answer = call<OffsetFetchResponse>(message, version);
      EXPECT_EQ(answer.body.error_code, 0);
      ASSERT_EQ(answer.body.topics.size(), 1u) << version;
      EXPECT_EQ(answer.body.topics[0].name, "board");
      const auto& found = answer.body.topics[0].partitions.at(0);
      EXPECT_EQ(found.partition_index, 1);
      EXPECT_EQ(found.committed_offset, 110);
      EXPECT_EQ(found.metadata, "a note");
    }
  }
  for (int16_t version = 8; version <= 10; ++version) {
    for (const bool all : {false, true}) {
      OffsetFetchRequest message;
      auto& asked = message.groups.emplace_back();
      asked.group_id = "g";
      if (all) {
        asked.topics.reset();
      } else {
        auto& topic = asked.topics->emplace_back();
        if (version >= 10) {
          topic.topic_id = board;
        } else {
          topic.name = "board";
        }
        topic.partition_indexes = {1, 2};
      }
      message.groups.emplace_back().group_id = "nobody";
      const auto answer = call<OffsetFetchResponse>(message, version);
      ASSERT_EQ(answer.body.groups.size(), 2u);
      EXPECT_EQ(answer.body.groups[0].group_id, "g");
      EXPECT_EQ(answer.body.groups[0].error_code, 0);
      ASSERT_EQ(answer.body.groups[0].topics.size(), 1u) << version;
      const auto& topic = answer.body.groups[0].topics[0];
      if (version >= 10) {
        EXPECT_EQ(topic.topic_id, board);
      } else {
        EXPECT_EQ(topic.name, "board");
      }
      EXPECT_EQ(topic.partitions.at(0).committed_offset, 110);
      if (!all) {
        EXPECT_EQ(topic.partitions.at(1).committed_offset, -1);
      }
      EXPECT_EQ(answer.body.groups[1].error_code, 0);
    }
  }
}

TEST_F(GroupOffsets, ACommitForATopicThatDoesNotExistIsRefusedAndTheOthersCount) {
  make_offsets_topic();
  OffsetCommitRequest message = commit_request("g", {}, "nowhere", 0, 5);
  auto& existing = message.topics.emplace_back();
  existing.name = "board";
  for (int32_t index : {0, 99}) {
    auto& partition = existing.partitions.emplace_back();
    partition.partition_index = index;
    partition.committed_offset = 6;
  }
  const auto answer = call<OffsetCommitResponse>(message, 7);
  ASSERT_EQ(answer.body.topics.size(), 2u);
  EXPECT_EQ(answer.body.topics[0].partitions.at(0).error_code, kUnknownTopic);
  EXPECT_EQ(answer.body.topics[1].partitions.at(0).error_code, 0);
  EXPECT_EQ(answer.body.topics[1].partitions.at(1).error_code, kUnknownTopic);
  EXPECT_EQ(fetch(*client, "g").offset, 6);
  EXPECT_EQ(fetch(*client, "g", "nowhere").offset, -1);

  OffsetCommitRequest by_id = commit_request("g", {}, "", 0, 5);
  by_id.topics[0].topic_id = Uuid::make(*port.random);
  EXPECT_EQ(call<OffsetCommitResponse>(by_id, 10).body.topics.at(0).partitions.at(0).error_code,
            kNoSuchTopicId);
}

TEST_F(GroupOffsets, CommitsHaveKafkasCodesForWhatIsWrongWithThem) {
  make_offsets_topic();
  const Member member = become_a_member(*client, "g");
  EXPECT_EQ(commit(*client, "g", member, 1), 0);
  EXPECT_EQ(commit(*client, "g", {"nobody", member.generation}, 2), kUnknownMember);
  EXPECT_EQ(commit(*client, "g", {member.id, member.generation - 1}, 2), kIllegalGeneration);
  EXPECT_EQ(commit(*client, "g", {}, 2), kUnknownMember) << "the group has members";
  EXPECT_EQ(commit(*client, "g", member, 3, "board", 0, std::string(4096, 'x')), 0);
  EXPECT_EQ(commit(*client, "g", member, 4, "board", 0, std::string(4097, 'x')), kMetadataTooLarge);
  const Fetched found = fetch(*client, "g");
  EXPECT_EQ(found.offset, 3);
  EXPECT_EQ(found.metadata, std::string(4096, 'x'));
}

TEST_F(GroupOffsets, TenMegabytesOfMetadataAreRefusedAndTheGroupGoesOn) {
  make_offsets_topic();
  // No client writes a string that long: by hand, then.
  std::string bytes = request_frame(commit_request("g", {}, "board", 0, 5, "Q"), 9, 1);
  const size_t at = bytes.rfind("\2Q");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 2, "\x81\x80\x80\x05" + std::string(10 << 20, 'x'));
  client->send(std::move(bytes));
  const auto refused = answer<OffsetCommitResponse>(*client, 9);
  EXPECT_EQ(refused.body.topics.at(0).partitions.at(0).error_code, kMetadataTooLarge);
  EXPECT_EQ(commit(*client, "g", {}, 6), 0);
  EXPECT_EQ(fetch(*client, "g").offset, 6);
}

TEST_F(GroupOffsets, ATopicThatIsDeletedTakesItsOffsetsAlong) {
  make_offsets_topic();
  EXPECT_EQ(commit(*client, "g", {}, 6), 0);
  metadata::Delta delta;
  delta.removed_topics[board] = "board";
  port.groups.image_changed(port.session.image, delta, true);
  settle();
  EXPECT_EQ(fetch(*client, "g").offset, -1);
}

TEST_F(GroupOffsets, AnAnswerNeverOvertakesAnEarlierOneOfTheSameConnection) {
  make_offsets_topic();
  for (int64_t offset = 1; offset <= 20; ++offset) {
    send(*client, commit_request("g", {}, "board", 0, offset), 7);
    send(*client, fetch_request("g", "board", 0), 5);
  }
  for (int64_t offset = 1; offset <= 20; ++offset) {
    const auto done = answer<OffsetCommitResponse>(*client, 7);
    EXPECT_EQ(done.body.topics.at(0).partitions.at(0).error_code, 0);
    const auto found = answer<OffsetFetchResponse>(*client, 5);
    EXPECT_GE(found.body.topics.at(0).partitions.at(0).committed_offset, offset)
        << "what was committed before on this connection is seen";
  }
}

}  // namespace
}  // namespace barnabas::api

// How brokers are found, whom each question goes to, and what is asked again.

#include "cli/wire_cluster.h"

#include <gtest/gtest.h>

#include "cli/testing/scripted_broker.h"
#include "kafka/messages/delete_records.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/records/builder.h"

namespace barnabas::cli {
namespace {

using std::chrono::milliseconds;

// Two brokers: 1 leads board:0, 2 leads board:1, nobody leads board:2.
class WireClusterTest : public testing::Test {
 protected:
  WireClusterTest() {
    for (ScriptedBroker* broker : {&one, &two}) {
      broker->on<kafka::MetadataRequest>(
          12, [this](const kafka::MetadataRequest& request, int16_t version,
                     kafka::MessageWriter& out) { metadata(request, version, out); });
      broker->on<kafka::FindCoordinatorRequest>(
          4, [this](const kafka::FindCoordinatorRequest& request, int16_t version,
                    kafka::MessageWriter& out) { coordinator(request, version, out); });
    }
  }

  void metadata(const kafka::MetadataRequest& request, int16_t version,
                kafka::MessageWriter& out) const {
    EXPECT_FALSE(request.allow_auto_topic_creation);
    kafka::MetadataResponse response;
    for (const ScriptedBroker* broker : {&one, &two}) {
      auto& node = response.brokers.emplace_back();
      node.node_id = broker == &one ? 1 : 2;
      node.host = "127.0.0.1";
      node.port = broker->port();
    }
    for (const auto& asked : *request.topics) {
      auto& topic = response.topics.emplace_back();
      topic.name = asked.name;
      if (*asked.name != "board") {
        topic.error_code = 3;
        continue;
      }
      for (int32_t i = 0; i < 3; ++i) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = i;
        partition.leader_id = i < 2 ? i + 1 : -1;
      }
    }
    ASSERT_TRUE(response.write(out, version).ok());
  }

  void coordinator(const kafka::FindCoordinatorRequest& request, int16_t version,
                   kafka::MessageWriter& out) {
    kafka::FindCoordinatorResponse response;
    for (const std::string_view key : request.coordinator_keys) {
      auto& found = response.coordinators.emplace_back();
      found.key = key;
      found.error_code = looks++ == 0 ? 15 : 0;  // at first nobody knows
      found.node_id = 2;
      found.host = "127.0.0.1";
      found.port = two.port();
    }
    ASSERT_TRUE(response.write(out, version).ok());
  }

  WireCluster cluster(milliseconds failover = milliseconds(0)) {
    return {[this]() -> Result<std::string> { return one.endpoint(); }, "test",
            milliseconds(20'000), failover};
  }

  ScriptedBroker one, two;
  int looks = 0;
};

TEST_F(WireClusterTest, AGroupIsAskedOfItsCoordinatorAndAgainWhileThatMovesOrLoads) {
  int described = 0;
  two.on<kafka::DescribeGroupsRequest>(5, [&](const kafka::DescribeGroupsRequest& request,
                                              int16_t version, kafka::MessageWriter& out) {
    kafka::DescribeGroupsResponse response;
    auto& group = response.groups.emplace_back();
    group.group_id = request.groups.at(0);
    group.error_code = described++ == 0 ? 14 : 0;
    group.group_state = "Stable";
    group.protocol_type = "consumer";
    auto& member = group.members.emplace_back();
    member.member_id = "m";
    member.member_assignment =
        std::string_view("\0\0\0\0\0\1\0\5board\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0\0", 29);
    ASSERT_TRUE(response.write(out, version).ok());
  });
  const auto groups = cluster().describe_groups({"readers"});
  ASSERT_TRUE(groups.ok()) << to_text(groups.problem());
  EXPECT_EQ(groups.value()[0].state, "Stable");
  EXPECT_EQ(groups.value()[0].coordinator.endpoint, two.endpoint());
  EXPECT_EQ(groups.value()[0].members[0].assigned,
            (std::vector<TopicPartition>{{"board", 0}, {"board", 1}}));
  EXPECT_EQ(described, 2);
  EXPECT_EQ(one.asked(kafka::DescribeGroupsRequest::kApiKey), 0);
}

TEST_F(WireClusterTest, AnAssignmentThatCannotBeReadIsNone) {
  two.on<kafka::DescribeGroupsRequest>(5, [&](const kafka::DescribeGroupsRequest& request,
                                              int16_t version, kafka::MessageWriter& out) {
    kafka::DescribeGroupsResponse response;
    auto& group = response.groups.emplace_back();
    group.group_id = request.groups.at(0);
    group.protocol_type = "consumer";
    group.members.emplace_back().member_assignment =
        std::string_view("\0\0\x7f\xff\xff\xff\0\5bo", 10);
    ASSERT_TRUE(response.write(out, version).ok());
  });
  const auto groups = cluster().describe_groups({"readers"});
  ASSERT_TRUE(groups.ok()) << to_text(groups.problem());
  EXPECT_TRUE(groups.value()[0].members[0].assigned.empty());
}

TEST_F(WireClusterTest, OffsetsAreAskedOfEachLeaderAndAgainWhenItHasMoved) {
  int asked = 0;
  for (ScriptedBroker* broker : {&one, &two}) {
    const int64_t offset = broker == &one ? 10 : 20;
    broker->on<kafka::ListOffsetsRequest>(
        7, [&asked, offset](const kafka::ListOffsetsRequest& request, int16_t version,
                            kafka::MessageWriter& out) {
          EXPECT_EQ(request.replica_id, -1);
          kafka::ListOffsetsResponse response;
          auto& topic = response.topics.emplace_back();
          topic.name = request.topics.at(0).name;
          for (const auto& partition : request.topics[0].partitions) {
            EXPECT_EQ(partition.timestamp, kAtEnd);
            auto& told = topic.partitions.emplace_back();
            told.partition_index = partition.partition_index;
            told.error_code = asked++ == 0 ? 6 : 0;
            told.offset = offset;
          }
          ASSERT_TRUE(response.write(out, version).ok());
        });
  }
  const auto offsets =
      cluster(milliseconds(60'000))
          .offsets({{{"board", 0}, kAtEnd}, {{"board", 1}, kAtEnd}, {{"board", 9}, kAtEnd}});
  ASSERT_TRUE(offsets.ok()) << to_text(offsets.problem());
  EXPECT_EQ((offsets.value().at({"board", 0}).offset), 10);
  EXPECT_EQ((offsets.value().at({"board", 0}).code), 0);
  EXPECT_EQ((offsets.value().at({"board", 1}).offset), 20);
  EXPECT_EQ((offsets.value().at({"board", 9}).code), 3);
  EXPECT_EQ(asked, 3);
}

TEST_F(WireClusterTest, WhatIsKnownIsNotAskedAgain) {
  one.on<kafka::ListOffsetsRequest>(
      7, [](const kafka::ListOffsetsRequest& request, int16_t version, kafka::MessageWriter& out) {
        kafka::ListOffsetsResponse response;
        auto& topic = response.topics.emplace_back();
        topic.name = request.topics.at(0).name;
        topic.partitions.emplace_back().offset = 5;
        ASSERT_TRUE(response.write(out, version).ok());
      });
  two.on<kafka::DescribeGroupsRequest>(5, [](const kafka::DescribeGroupsRequest& request,
                                             int16_t version, kafka::MessageWriter& out) {
    kafka::DescribeGroupsResponse response;
    response.groups.emplace_back().group_id = request.groups.at(0);
    ASSERT_TRUE(response.write(out, version).ok());
  });
  looks = 1;  // the coordinator is known at once
  WireCluster brokers = cluster();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(brokers.offsets({{{"board", 0}, kAtEnd}}).ok());
    EXPECT_TRUE(brokers.describe_groups({"readers"}).ok());
  }
  EXPECT_EQ(one.asked(kafka::MetadataRequest::kApiKey), 1);
  EXPECT_EQ(one.asked(kafka::FindCoordinatorRequest::kApiKey), 1);
}

TEST_F(WireClusterTest, APartitionWithoutALeaderIsToldOnceTimeIsUp) {
  const auto offsets =
      cluster(milliseconds(50)).offsets({{{"board", 2}, kAtEnd}, {{"nowhere", 0}, kAtEnd}});
  ASSERT_TRUE(offsets.ok()) << to_text(offsets.problem());
  EXPECT_EQ((offsets.value().at({"board", 2}).code), 5);
  EXPECT_EQ((offsets.value().at({"nowhere", 0}).code), 3);
}

TEST_F(WireClusterTest, TheTimeOfARecordIsThatOfTheFirstOneAtAnOffsetOrBehindIt) {
  for (const kafka::Codec codec : {kafka::Codec::kNone, kafka::Codec::kZstd}) {
    kafka::BatchOptions options;
    options.base_offset = Offset(4);
    options.codec = codec;
    kafka::BatchBuilder builder(options);
    for (int64_t i = 0; i < 5; ++i) builder.append(1000 + i * 10, "k", "v");
    const std::string batch = builder.finish();
    one.on<kafka::FetchRequest>(
        12, [&](const kafka::FetchRequest& request, int16_t version, kafka::MessageWriter& out) {
          EXPECT_EQ(request.replica_id, -1);
          kafka::FetchResponse response;
          auto& topic = response.responses.emplace_back();
          topic.topic = "board";
          auto& partition = topic.partitions.emplace_back();
          partition.records = Buffer::borrow(batch);
          ASSERT_TRUE(response.write(out, version).ok());
        });
    const auto at = [&](int64_t offset) {
      const auto times = cluster().record_times({{{"board", 0}, offset}});
      return times.ok() && times.value().size() == 1 ? times.value().at({"board", 0}) : -1;
    };
    EXPECT_EQ(at(4), 1000);
    EXPECT_EQ(at(6), 1020);
    EXPECT_EQ(at(2), 1000);
    EXPECT_EQ(at(9), -1);  // not in this batch
  }
}

TEST_F(WireClusterTest, GroupsAreListedFromAllBrokers) {
  for (ScriptedBroker* broker : {&one, &two}) {
    broker->on<kafka::ListGroupsRequest>(5, [name = broker == &one ? "a" : "b", first = true](
                                                const kafka::ListGroupsRequest&, int16_t version,
                                                kafka::MessageWriter& out) mutable {
      kafka::ListGroupsResponse response;
      if (std::exchange(first, false)) {
        response.error_code = 14;
      } else {
        response.groups.emplace_back().group_id = name;
      }
      ASSERT_TRUE(response.write(out, version).ok());
    });
  }
  const auto groups = cluster(milliseconds(60'000)).list_groups();
  ASSERT_TRUE(groups.ok()) << to_text(groups.problem());
  ASSERT_EQ(groups.value().size(), 2U);
  EXPECT_EQ(groups.value()[0].coordinator + groups.value()[1].coordinator, 3);
}

TEST_F(WireClusterTest, ABrokerWithoutAnApiIsOfAnotherVersion) {
  const auto groups = cluster().list_groups();
  ASSERT_FALSE(groups.ok());
  EXPECT_EQ(groups.problem().exit, ExitCode::kPrecondition);
  EXPECT_NE(groups.problem().came_back.find("ListGroups"), std::string::npos);
}

TEST_F(WireClusterTest, SomethingElseThanABrokerIsNamedAsSuch) {
  one.speak("HTTP/1.1 400 Bad Request\r\n\r\n");
  const auto groups = cluster().list_groups();
  ASSERT_FALSE(groups.ok());
  EXPECT_EQ(groups.problem().exit, ExitCode::kFailed);
  EXPECT_NE(groups.problem().cause.find("something else than a Kafka broker"), std::string::npos);
}

TEST_F(WireClusterTest, WhereNobodyListensItIsUnreachable) {
  WireCluster nobody([]() -> Result<std::string> { return std::string("127.0.0.1:1"); }, "test",
                     milliseconds(20'000), milliseconds(0));
  EXPECT_EQ(nobody.list_groups().problem().exit, ExitCode::kUnreachable);
  EXPECT_EQ(nobody.describe_groups({"g"}).problem().exit, ExitCode::kUnreachable);
  WireCluster unknown(
      []() -> Result<std::string> {
        return Problem{ExitCode::kPrecondition, "find brokers", "no broker is running", "", ""};
      },
      "test", milliseconds(20'000), milliseconds(0));
  EXPECT_EQ(unknown.list_groups().problem().exit, ExitCode::kPrecondition);
}

}  // namespace
}  // namespace barnabas::cli

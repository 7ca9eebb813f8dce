#include "kafka/messages/describe_topic_partitions.h"

#include <gtest/gtest.h>

#include "broker/testing/admin_port.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::DescribeTopicPartitionsRequest;
using kafka::DescribeTopicPartitionsResponse;

class DescribeTopicPartitions : public AdminPort {
 protected:
  static DescribeTopicPartitionsRequest named(std::vector<std::string_view> names,
                                              int32_t limit = 2000) {
    DescribeTopicPartitionsRequest out;
    for (std::string_view name : names) out.topics.emplace_back().name = name;
    out.response_partition_limit = limit;
    return out;
  }
  static DescribeTopicPartitionsRequest from(DescribeTopicPartitionsRequest message,
                                             std::string_view topic, int32_t partition) {
    DescribeTopicPartitionsRequest::Cursor cursor;
    cursor.topic_name = topic;
    cursor.partition_index = partition;
    message.cursor = cursor;
    return message;
  }
  // "board:0,1 letters:0 >letters:1", and the error in brackets where there is one.
  std::string told(const DescribeTopicPartitionsRequest& message) {
    const auto got = call<DescribeTopicPartitionsResponse>(message, 0);
    std::string out;
    for (const auto& topic : got.body.topics) {
      out += (out.empty() ? "" : " ") + std::string(topic.name.value_or("?"));
      if (topic.error_code != 0) out += "[" + std::to_string(topic.error_code) + "]";
      for (size_t i = 0; i < topic.partitions.size(); ++i) {
        out += (i == 0 ? ":" : ",") + std::to_string(topic.partitions[i].partition_index);
      }
    }
    if (got.body.next_cursor.has_value()) {
      out += " >" + std::string(got.body.next_cursor->topic_name) + ":" +
             std::to_string(got.body.next_cursor->partition_index);
    }
    return out;
  }
};

TEST_F(DescribeTopicPartitions, TopicsComeInTheOrderOfTheirNames) {
  port.add_topic("letters");
  port.add_topic("board", 3);
  EXPECT_EQ(told(named({})), "board:0,1,2 letters:0");
  EXPECT_EQ(told(named({"letters", "board", "letters"})), "board:0,1,2 letters:0");
}

TEST_F(DescribeTopicPartitions, SoManyPartitionsAtATimeAndTheCursorGoesOn) {
  port.add_topic("board", 3);
  port.add_topic("letters", 2);
  port.add_topic("notes", 1);
  EXPECT_EQ(told(named({}, 2)), "board:0,1 >board:2");
  EXPECT_EQ(told(from(named({}, 2), "board", 2)), "board:2 letters:0 >letters:1");
  EXPECT_EQ(told(from(named({}, 2), "letters", 1)), "letters:1 notes:0");
  // A topic that has just fitted: the cursor stands at the beginning of the next one.
  EXPECT_EQ(told(named({}, 3)), "board:0,1,2 >letters:0");
  EXPECT_EQ(told(named({"letters", "notes"}, 2)), "letters:0,1 >notes:0");
}

TEST_F(DescribeTopicPartitions, TheLimitIsAtLeastOneAndAtMostTwoThousand) {
  port.add_topic("board", 3);
  EXPECT_EQ(told(named({}, 0)), "board:0 >board:1");
  EXPECT_EQ(told(named({}, -7)), "board:0 >board:1");
  port.add_topic("many", 2001, {2}, -1);
  const auto got = call<DescribeTopicPartitionsResponse>(named({"many"}, 1'000'000), 0);
  EXPECT_EQ(got.body.topics.at(0).partitions.size(), 2000u);
  ASSERT_TRUE(got.body.next_cursor.has_value());
  EXPECT_EQ(got.body.next_cursor->partition_index, 2000);
}

TEST_F(DescribeTopicPartitions, UnknownTopicsAreToldWhereTheyWereNamed) {
  port.add_topic("board");
  EXPECT_EQ(told(named({"absent", "board", "bad/name"})), "absent[3] bad/name[17] board:0");
}

TEST_F(DescribeTopicPartitions, ACursorWhoseTopicIsGoneGoesOnBehindIt) {
  port.add_topic("board", 2);
  port.add_topic("notes", 2);
  EXPECT_EQ(told(from(named({}), "letters", 1)), "notes:0,1");
}

TEST_F(DescribeTopicPartitions, ACursorOutsideOfWhatIsAskedForIsRefused) {
  port.add_topic("board", 2);
  EXPECT_EQ(told(from(named({"board"}), "letters", 0)), "board[42]");
  EXPECT_EQ(told(from(named({"board"}), "board", -1)), "board[42]");
  EXPECT_EQ(told(from(named({"board"}), "board", 9)), "board");
}

TEST_F(DescribeTopicPartitions, APartitionIsToldWithThoseWhoMayYetLead) {
  port.register_broker(2, 6, "127.0.0.1", 9093);
  port.register_broker(3, 7, "127.0.0.1", 9094, /*fenced=*/true);
  const Uuid id = port.add_topic("board", 1, {1, 2, 3});
  proto::Decision decision;
  proto::PartitionChange& change = *decision.add_records()->mutable_partition_change();
  change.set_topic_id(id.bytes());
  change.set_index(0);
  change.set_partition_epoch(2);
  change.mutable_in_sync()->add_ids(1);
  change.mutable_eligible()->add_ids(2);
  change.mutable_last_known_eligible()->add_ids(3);
  port.session.commit(decision);
  const auto got = call<DescribeTopicPartitionsResponse>(named({"board"}), 0);
  const auto& topic = got.body.topics.at(0);
  EXPECT_EQ(topic.topic_id, id);
  EXPECT_FALSE(topic.is_internal);
  EXPECT_NE(topic.topic_authorized_operations, INT32_MIN);
  const auto& partition = topic.partitions.at(0);
  EXPECT_EQ(partition.error_code, 0);
  EXPECT_EQ(partition.leader_id, 1);
  EXPECT_EQ(partition.leader_epoch, 1);
  EXPECT_EQ(partition.replica_nodes, (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(partition.isr_nodes, (std::vector<int32_t>{1}));
  EXPECT_EQ(partition.eligible_leader_replicas, (std::vector<int32_t>{2}));
  EXPECT_EQ(partition.last_known_elr, (std::vector<int32_t>{3}));
  EXPECT_EQ(partition.offline_replicas, (std::vector<int32_t>{3}));
}

TEST_F(DescribeTopicPartitions, APartitionWithoutALeaderSaysSo) {
  port.add_topic("board", 1, {2}, -1);
  const auto got = call<DescribeTopicPartitionsResponse>(named({"board"}), 0);
  EXPECT_EQ(got.body.topics.at(0).partitions.at(0).error_code, 5);
  EXPECT_EQ(got.body.topics[0].partitions[0].leader_id, -1);
}

}  // namespace
}  // namespace barnabas::api

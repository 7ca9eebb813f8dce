#include "kafka/messages/delete_records.h"

#include <gtest/gtest.h>

#include "broker/testing/batches.h"
#include "broker/testing/kafka_port.h"
#include "kafka/errors.h"
#include "kafka/messages/fetch.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::DeleteRecordsRequest;
using kafka::DeleteRecordsResponse;
using kafka::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

class DeleteRecords : public testing::Test {
 protected:
  DeleteRecords() : client(port.connect()) {}

  void append(const Uuid& topic, int32_t index, const Buffer& records) {
    port.partitions.find({topic, PartitionIndex{index}})
        ->produce(records, 1, port.broker.now() + seconds(1), port.broker,
                  [](partition::ProduceAnswer) {});
    port.simulation.run_for(milliseconds(5));
  }
  static DeleteRecordsRequest request(std::string_view name,
                                      std::vector<std::pair<int32_t, int64_t>> asked,
                                      int32_t timeout_ms = 1000) {
    DeleteRecordsRequest out;
    out.timeout_ms = timeout_ms;
    auto& topic = out.topics.emplace_back();
    topic.name = name;
    for (const auto& [index, offset] : asked) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = index;
      partition.offset = offset;
    }
    return out;
  }
  Answer<DeleteRecordsResponse> call(const DeleteRecordsRequest& message, int16_t version = 2) {
    return port.call<DeleteRecordsResponse>(*client, message, version, seconds(10));
  }
  static ErrorCode error_of(const Answer<DeleteRecordsResponse>& answer, size_t index = 0) {
    return static_cast<ErrorCode>(answer.body.topics.at(0).partitions.at(index).error_code);
  }

  KafkaPort port;
  std::unique_ptr<RawClient> client;
};

TEST_F(DeleteRecords, AllVersionsDeleteAndTellTheNewLowWatermark) {
  const Uuid id = port.add_topic("board");
  append(id, 0, batch_of(10));
  for (int16_t version = 0; version <= 2; ++version) {
    const auto answer = call(request("board", {{0, version + 1}}), version);
    EXPECT_EQ(error_of(answer), ErrorCode::kNone) << version;
    EXPECT_EQ(answer.body.topics[0].name, "board");
    EXPECT_EQ(answer.body.topics[0].partitions[0].low_watermark, version + 1);
  }
}

TEST_F(DeleteRecords, EachPartitionHasItsOwnAnswer) {
  const Uuid id = port.add_topic("board", 2);
  append(id, 0, batch_of(2));
  const auto answer = call(request("board", {{0, -1}, {1, 1}, {7, 0}}));
  EXPECT_EQ(error_of(answer, 0), ErrorCode::kNone);
  EXPECT_EQ(answer.body.topics[0].partitions[0].low_watermark, 2);
  EXPECT_EQ(error_of(answer, 1), ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(answer.body.topics[0].partitions[1].low_watermark, -1);
  EXPECT_EQ(error_of(answer, 2), ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(DeleteRecords, WhatThisBrokerDoesNotLeadOrMustNotTouchIsRefused) {
  port.register_broker(2, 6, "127.0.0.1", 9093);
  port.add_topic("elsewhere", 1, {2}, 2);
  port.add_topic("followed", 1, {1, 2}, 2);
  port.add_topic("__consumer_offsets");
  EXPECT_EQ(error_of(call(request("elsewhere", {{0, 0}}))), ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(error_of(call(request("followed", {{0, 0}}))), ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(error_of(call(request("nothing", {{0, 0}}))), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(error_of(call(request("__consumer_offsets", {{0, 0}}))),
            ErrorCode::kInvalidTopicException);
}

TEST_F(DeleteRecords, AnInSyncReplicaThatDoesNotFollowMakesItTimeOut) {
  port.register_broker(2, 6, "127.0.0.1", 9093);
  port.add_topic("board", 1, {1, 2});
  // Nothing to delete, but the other replica has not said where its log starts.
  const Instant before = port.simulation.now();
  const auto answer = call(request("board", {{0, -1}}, 700));
  EXPECT_EQ(error_of(answer), ErrorCode::kRequestTimedOut);
  EXPECT_GE(port.simulation.now() - before, milliseconds(700));
}

TEST_F(DeleteRecords, AConsumerBelowTheNewStartIsTold) {
  const Uuid id = port.add_topic("board");
  append(id, 0, batch_of(5));
  call(request("board", {{0, 3}}));
  kafka::FetchRequest fetch;
  fetch.max_bytes = 1 << 20;
  auto& topic = fetch.topics.emplace_back();
  topic.topic_id = id;
  topic.partitions.emplace_back().partition_max_bytes = 1 << 20;
  topic.partitions[0].fetch_offset = 2;
  const auto answer = port.call<kafka::FetchResponse>(*client, fetch, 13);
  EXPECT_EQ(answer.body.responses.at(0).partitions.at(0).error_code,
            static_cast<int16_t>(ErrorCode::kOffsetOutOfRange));
}

}  // namespace
}  // namespace barnabas::api

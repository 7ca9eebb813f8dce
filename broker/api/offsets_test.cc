#include <gtest/gtest.h>

#include "broker/testing/batches.h"
#include "broker/testing/kafka_port.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/offset_for_leader_epoch.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::ListOffsetsRequest;
using kafka::ListOffsetsResponse;
using kafka::OffsetForLeaderEpochRequest;
using kafka::OffsetForLeaderEpochResponse;

class Offsets : public testing::Test {
 protected:
  Offsets() : client(port.connect()) {
    id = port.add_topic("board");
    const auto answer = port.partitions.find({id, PartitionIndex{0}})
                            ->produce(batch_of(10), 1, port.broker.now(), port.broker,
                                      [](partition::ProduceAnswer) {});
    EXPECT_EQ(answer->error, kafka::ErrorCode::kNone);
    port.simulation.run_for(std::chrono::milliseconds(5));
  }
  ListOffsetsResponse::ListOffsetsPartitionResponse list(int64_t timestamp, int16_t version,
                                                         int32_t index = 0) {
    ListOffsetsRequest message;
    message.replica_id = -1;
    auto& topic = message.topics.emplace_back();
    topic.name = "board";
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = index;
    partition.timestamp = timestamp;
    const auto answer = port.call<ListOffsetsResponse>(*client, message, version);
    return answer.body.topics.at(0).partitions.at(0);
  }

  KafkaPort port;
  std::unique_ptr<RawClient> client;
  Uuid id;
};

TEST_F(Offsets, AllVersionsKnowFirstLastAndByTime) {
  for (int16_t version = 1; version <= 11; ++version) {
    EXPECT_EQ(list(-1, version).offset, 10) << version;
    EXPECT_EQ(list(-2, version).offset, 0);
    EXPECT_EQ(list(1'700'000'000'004, version).offset, 4);
    EXPECT_EQ(list(1'700'000'000'004, version).timestamp, 1'700'000'000'004);
    const auto beyond = list(1'800'000'000'000, version);
    EXPECT_EQ(beyond.error_code, 0);
    EXPECT_EQ(beyond.offset, -1);
    EXPECT_EQ(beyond.timestamp, -1);
  }
}

TEST_F(Offsets, SpecialPlacesAreKnownFromTheirVersionOn) {
  for (auto [timestamp, first] : {std::pair<int64_t, int16_t>{-3, 7}, {-4, 8}, {-5, 9}, {-6, 11}}) {
    EXPECT_EQ(list(timestamp, static_cast<int16_t>(first - 1)).error_code, 35) << timestamp;
    EXPECT_EQ(list(timestamp, first).error_code, 0) << timestamp;
  }
  EXPECT_EQ(list(-3, 7).offset, 9);
  EXPECT_EQ(list(-5, 9).offset, -1);
  EXPECT_EQ(list(-7, 11).error_code, 35);
}

TEST_F(Offsets, UnknownPartitionsAre3) { EXPECT_EQ(list(-1, 5, 4).error_code, 3); }

TEST_F(Offsets, AnEpochEndsWhereTheLogDoes) {
  OffsetForLeaderEpochRequest message;
  auto& topic = message.topics.emplace_back();
  topic.topic = "board";
  topic.partitions.emplace_back().leader_epoch = 1;
  topic.partitions.emplace_back().partition = 9;
  for (int16_t version = 2; version <= 4; ++version) {
    const auto answer = port.call<OffsetForLeaderEpochResponse>(*client, message, version);
    const auto& out = answer.body.topics.at(0).partitions;
    EXPECT_EQ(out.at(0).error_code, 0);
    EXPECT_EQ(out[0].leader_epoch, 1);
    EXPECT_EQ(out[0].end_offset, 10);
    EXPECT_EQ(out.at(1).error_code, 3);
  }
  message.topics[0].partitions[0].current_leader_epoch = 7;
  EXPECT_EQ(port.call<OffsetForLeaderEpochResponse>(*client, message, 4)
                .body.topics[0]
                .partitions[0]
                .error_code,
            75);
}

}  // namespace
}  // namespace barnabas::api

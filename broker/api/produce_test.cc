#include "kafka/messages/produce.h"

#include <gtest/gtest.h>

#include "broker/testing/batches.h"
#include "broker/testing/kafka_port.h"
#include "kafka/errors.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::ErrorCode;
using kafka::ProduceRequest;
using kafka::ProduceResponse;

class Produce : public testing::Test {
 protected:
  Produce() : client(port.connect()) {}

  static ProduceRequest request(std::string_view topic, const Buffer& records, int16_t acks = -1,
                                int32_t index = 0) {
    ProduceRequest out;
    out.acks = acks;
    out.timeout_ms = 1000;
    auto& at = out.topic_data.emplace_back();
    at.name = topic;
    auto& data = at.partition_data.emplace_back();
    data.index = index;
    data.records = records;
    return out;
  }
  Answer<ProduceResponse> call(const ProduceRequest& message, int16_t version = 9) {
    return port.call<ProduceResponse>(*client, message, version);
  }
  // The first partition's answer.
  ErrorCode error(const ProduceRequest& message, int16_t version = 9) {
    last = call(message, version);
    return static_cast<ErrorCode>(last.body.responses.at(0).partition_responses.at(0).error_code);
  }
  std::string text() const {
    return std::string(
        last.body.responses[0].partition_responses[0].error_message.value_or("(none)"));
  }

  KafkaPort port;
  std::unique_ptr<RawClient> client;
  Answer<ProduceResponse> last;
};

TEST_F(Produce, AllServedVersionsAreAnswered) {
  port.add_topic("board");
  for (int16_t version = 3; version <= 11; ++version) {
    const auto answer = call(request("board", batch_of(2)), version);
    const auto& out = answer.body.responses.at(0).partition_responses.at(0);
    EXPECT_EQ(out.error_code, 0);
    EXPECT_EQ(out.base_offset, 2 * (version - 3));
    EXPECT_EQ(out.log_append_time_ms, -1);
    if (version >= 5) {
      EXPECT_EQ(out.log_start_offset, 0);
    }
  }
}

TEST_F(Produce, OneAnswerForAllPartitionsOfARequest) {
  port.add_topic("board", 3);
  port.add_topic("letters", 1);
  ProduceRequest message = request("board", batch_of(1));
  for (int32_t index : {1, 2, 7}) {
    auto& data = message.topic_data[0].partition_data.emplace_back();
    data.index = index;
    data.records = batch_of(1);
  }
  message.topic_data.push_back(request("letters", batch_of(5)).topic_data[0]);
  const auto answer = call(message);
  ASSERT_EQ(answer.body.responses.size(), 2u);
  EXPECT_EQ(answer.body.responses[0].name, "board");
  const auto& board = answer.body.responses[0].partition_responses;
  ASSERT_EQ(board.size(), 4u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(board[static_cast<size_t>(i)].error_code, 0);
  EXPECT_EQ(board[3].error_code, 3);
  EXPECT_EQ(answer.body.responses[1].partition_responses[0].error_code, 0);
}

TEST_F(Produce, AcksMustBeOneOfThree) {
  port.add_topic("board");
  EXPECT_EQ(error(request("board", batch_of(1), 2)), ErrorCode::kInvalidRequiredAcks);
  EXPECT_EQ(text(), "acks is 2; it can be -1 (all), 0 or 1");
}

TEST_F(Produce, UnknownTopicsAndPartitionsAre3) {
  EXPECT_EQ(error(request("nowhere", batch_of(1))), ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(Produce, WhoIsNotTheLeaderSaysWhoIs) {
  port.register_broker(2, 6, "10.0.0.2", 9094);
  port.add_topic("elsewhere", 1, {2}, 2);
  const auto answer = call(request("elsewhere", batch_of(1)), 10);
  const auto& out = answer.body.responses[0].partition_responses[0];
  EXPECT_EQ(out.error_code, 6);
  EXPECT_EQ(out.current_leader.leader_id, 2);
  EXPECT_EQ(out.current_leader.leader_epoch, 1);
  ASSERT_EQ(answer.body.node_endpoints.size(), 1u);
  EXPECT_EQ(answer.body.node_endpoints[0].host, "10.0.0.2");
  EXPECT_EQ(answer.body.node_endpoints[0].port, 9094);
  // Older versions have no place for it.
  EXPECT_EQ(error(request("elsewhere", batch_of(1)), 9), ErrorCode::kNotLeaderOrFollower);
}

TEST_F(Produce, InternalTopicsAreForTheClusterItself) {
  port.add_topic("__consumer_offsets");
  EXPECT_EQ(error(request("__consumer_offsets", batch_of(1))), ErrorCode::kInvalidTopicException);
}

TEST_F(Produce, TransactionsAreRefusedWithASentence) {
  port.add_topic("board");
  ProduceRequest message = request("board", batch_of(1));
  message.transactional_id = "t";
  EXPECT_EQ(error(message), ErrorCode::kInvalidTxnState);
  EXPECT_NE(text().find("transactions"), std::string::npos);
}

TEST_F(Produce, ZstdNeedsVersion7) {
  port.add_topic("board");
  kafka::BatchOptions options;
  options.codec = kafka::Codec::kZstd;
  EXPECT_EQ(error(request("board", batch_of(9, std::string(100, 'x'), options)), 6),
            ErrorCode::kUnsupportedCompressionType);
  EXPECT_EQ(error(request("board", batch_of(9, std::string(100, 'x'), options)), 7),
            ErrorCode::kNone);
}

TEST_F(Produce, ADamagedBatchIsRefusedAndNothingIsAppended) {
  port.add_topic("board");
  const std::string good(batch_of(2).view());
  std::string flipped = good;
  flipped[flipped.size() - 3] ^= 1;
  EXPECT_EQ(error(request("board", Buffer::own(flipped))), ErrorCode::kCorruptMessage);
  for (size_t length : {size_t{1}, size_t{60}, size_t{61}, good.size() - 1}) {
    EXPECT_NE(error(request("board", Buffer::own(good.substr(0, length)))), ErrorCode::kNone)
        << length;
  }
  EXPECT_NE(error(request("board", Buffer())), ErrorCode::kNone);
  ProduceRequest without = request("board", Buffer());
  without.topic_data[0].partition_data[0].records.reset();
  EXPECT_NE(error(without), ErrorCode::kNone);
  EXPECT_EQ(port.partitions.replicas.begin()->second->view().log_end, Offset{0});
}

TEST_F(Produce, ABatchOverTheLimitIs10AndNamesTheLimit) {
  port.add_topic("board");
  EXPECT_EQ(error(request("board", batch_of(1, std::string(1'100'000, 'x')))),
            ErrorCode::kMessageTooLarge);
  EXPECT_NE(text().find("1048588"), std::string::npos) << text();
}

TEST_F(Produce, ADuplicateIsAnsweredWithItsFirstOffset) {
  port.add_topic("board");
  EXPECT_EQ(error(request("board", idempotent_batch(2, 77, 0))), ErrorCode::kNone);
  EXPECT_EQ(error(request("board", idempotent_batch(2, 77, 2))), ErrorCode::kNone);
  EXPECT_EQ(error(request("board", idempotent_batch(2, 77, 0))), ErrorCode::kNone);
  EXPECT_EQ(last.body.responses[0].partition_responses[0].base_offset, 0);
  EXPECT_EQ(error(request("board", idempotent_batch(2, 77, 9))),
            ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(port.partitions.replicas.begin()->second->view().log_end, Offset{4});
}

TEST_F(Produce, WithAllAcksItWaitsForTheDisk) {
  port.add_topic("board");
  port.disk.hold_syncs(true);
  client->send(request_frame(request("board", batch_of(1), -1), 9, 1));
  port.simulation.run_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(client->frames.empty());
  port.disk.hold_syncs(false);
  EXPECT_TRUE(port.until([&] { return client->frames.size() == 1; }));
}

TEST_F(Produce, WithAllAcksItTimesOutWhenAFollowerDoesNotFollow) {
  port.register_broker(2, 6, "127.0.0.1", 9094);
  port.add_topic("board", 1, {1, 2});
  EXPECT_EQ(error(request("board", batch_of(1), -1)), ErrorCode::kRequestTimedOut);
}

TEST_F(Produce, ANearlyFullDiskRefusesRetriablyAndResumesByItself) {
  port.add_topic("board");
  port.disk_state.full = true;
  port.disk_state.free_bytes = 1234;
  EXPECT_EQ(error(request("board", batch_of(1))), ErrorCode::kKafkaStorageError);
  EXPECT_TRUE(kafka::is_retriable(ErrorCode::kKafkaStorageError));
  EXPECT_NE(text().find("log.dirs.free.min.bytes"), std::string::npos);
  EXPECT_NE(text().find("1234"), std::string::npos);
  port.disk_state.full = false;
  EXPECT_EQ(error(request("board", batch_of(1))), ErrorCode::kNone);
}

}  // namespace
}  // namespace barnabas::api

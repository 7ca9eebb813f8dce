// What a connection promises, seen from the other end of the wire.

#include "broker/network/connection.h"

#include <gtest/gtest.h>

#include <chrono>

#include "broker/testing/batches.h"
#include "broker/testing/kafka_port.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/durable_report.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/produce.h"

namespace barnabas::network {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using std::chrono::milliseconds;
using std::chrono::seconds;

kafka::FetchRequest parked_fetch(std::string_view topic, int32_t wait_ms) {
  kafka::FetchRequest request;
  request.max_wait_ms = wait_ms;
  request.min_bytes = 1;
  request.max_bytes = 1 << 20;
  auto& at = request.topics.emplace_back();
  at.topic = topic;
  auto& partition = at.partitions.emplace_back();
  partition.fetch_offset = 0;
  partition.partition_max_bytes = 1 << 20;
  return request;
}

kafka::ProduceRequest produce_of(std::string_view topic, const Buffer& records, int16_t acks) {
  kafka::ProduceRequest request;
  request.acks = acks;
  request.timeout_ms = 1000;
  auto& at = request.topic_data.emplace_back();
  at.name = topic;
  at.partition_data.emplace_back().records = records;
  return request;
}

std::string raw_header(int16_t key, int16_t version, int32_t correlation) {
  ByteWriter out;
  out.write_int16(key);
  out.write_int16(version);
  out.write_int32(correlation);
  out.write_int16(-1);  // no client id
  return out.take();
}

TEST(Connection, AnswersKeepTheOrderOfTheRequests) {
  KafkaPort port;
  port.add_topic("board");
  auto client = port.connect();
  client->send(request_frame(parked_fetch("board", 100), 11, 1));
  client->send(request_frame(kafka::MetadataRequest(), 9, 2));
  client->send(request_frame(kafka::MetadataRequest(), 9, 3));
  port.simulation.run_for(milliseconds(50));
  EXPECT_TRUE(client->frames.empty());  // they are ready, and held back by the first
  ASSERT_TRUE(port.until([&] { return client->frames.size() == 3; }));
  EXPECT_EQ(parse_answer<kafka::FetchResponse>(client->frames[0], 11).correlation, 1);
  EXPECT_EQ(parse_answer<kafka::MetadataResponse>(client->frames[1], 9).correlation, 2);
  EXPECT_EQ(parse_answer<kafka::MetadataResponse>(client->frames[2], 9).correlation, 3);
}

TEST(Connection, ARequestBehindAParkedOneIsCarriedOutMeanwhile) {
  KafkaPort port;
  port.add_topic("board");
  auto client = port.connect();
  client->send(request_frame(parked_fetch("board", 60'000), 11, 1));
  client->send(request_frame(produce_of("board", batch_of(1), 1), 8, 2));
  // The produce wakes the fetch before it: were it not carried out, both would wait a minute.
  EXPECT_TRUE(port.until([&] { return client->frames.size() == 2; }, seconds(1)));
}

TEST(Connection, UnknownApisAndVersionsCloseIt) {
  for (auto [key, version] : {std::pair<int16_t, int16_t>{9999, 0},
                              {-1, 0},
                              {10, 0},
                              {3, 14},
                              {3, -1},
                              {0, 2},
                              {0, 12},
                              {1, 3},
                              {1, 19},
                              {15000, 1}}) {
    KafkaPort port;
    auto client = port.connect();
    client->send(raw_header(key, version, 1));
    EXPECT_TRUE(port.until([&] { return client->is_closed; })) << key << " " << version;
    EXPECT_TRUE(client->frames.empty());
    // Others are served as before.
    auto other = port.connect();
    port.call<kafka::ApiVersionsResponse>(*other, kafka::ApiVersionsRequest(), 0);
  }
}

TEST(Connection, ApiVersionsInAnUnknownVersionIsAnsweredInVersion0) {
  KafkaPort port;
  auto client = port.connect();
  client->send(raw_header(18, 99, 77));
  ASSERT_TRUE(port.until([&] { return !client->frames.empty(); }));
  const auto answer = parse_answer<kafka::ApiVersionsResponse>(client->frames[0], 0);
  EXPECT_EQ(answer.correlation, 77);
  EXPECT_EQ(answer.body.error_code, 35);
  ASSERT_EQ(answer.body.api_keys.size(), 1u);
  EXPECT_EQ(answer.body.api_keys[0].api_key, 18);
  EXPECT_EQ(answer.body.api_keys[0].max_version, 4);
  EXPECT_FALSE(client->is_closed);
}

// Every prefix of a good request, and every one with a byte turned to its opposite: an answer or a
// close, and nobody else is hurt.
TEST(Connection, DamagedRequestsAreAnsweredOrCloseTheConnection) {
  KafkaPort port;
  port.add_topic("board");
  std::vector<std::string> good;
  good.push_back(request_frame(produce_of("board", batch_of(2), 1), 9, 1));
  good.push_back(request_frame(parked_fetch("board", 0), 12, 1));
  good.push_back(request_frame(kafka::MetadataRequest(), 12, 1));
  good.push_back(request_frame(kafka::ListOffsetsRequest(), 7, 1));
  for (const std::string& frame : good) {
    for (size_t length = 0; length < frame.size(); ++length) {
      auto client = port.connect();
      client->send(frame.substr(0, length));
      EXPECT_TRUE(port.until([&] { return client->is_closed || !client->frames.empty(); }))
          << length;
    }
    for (size_t at = 0; at < frame.size(); at += 3) {
      std::string damaged = frame;
      damaged[at] = static_cast<char>(~damaged[at]);
      auto client = port.connect();
      client->send(damaged);
      port.simulation.run_for(milliseconds(2));
    }
  }
  auto client = port.connect();
  const auto answer =
      port.call<kafka::ApiVersionsResponse>(*client, kafka::ApiVersionsRequest(), 0);
  EXPECT_EQ(answer.body.error_code, 0);
}

TEST(Connection, AHugeCountIsRefusedBeforeAnythingIsAllocated) {
  KafkaPort port;
  auto client = port.connect();
  ByteWriter out;
  out.write_bytes(raw_header(3, 1, 1));
  out.write_int32(INT32_MAX);  // topics
  client->send(out.take());
  EXPECT_TRUE(port.until([&] { return client->is_closed; }));
}

TEST(Connection, WithoutAcknowledgementThereIsNoAnswer) {
  KafkaPort port;
  port.add_topic("board");
  auto client = port.connect();
  client->send(request_frame(produce_of("board", batch_of(1), 0), 8, 1));
  client->send(request_frame(kafka::ApiVersionsRequest(), 0, 2));
  ASSERT_TRUE(port.until([&] { return !client->frames.empty(); }));
  EXPECT_EQ(parse_answer<kafka::ApiVersionsResponse>(client->frames[0], 0).correlation, 2);
  EXPECT_EQ(port.partitions.replicas.begin()->second->view().log_end, Offset{1});
}

TEST(Connection, AFailureWithoutAcknowledgementClosesIt) {
  KafkaPort port;
  auto client = port.connect();
  client->send(request_frame(produce_of("nowhere", batch_of(1), 0), 8, 1));
  EXPECT_TRUE(port.until([&] { return client->is_closed; }));
}

TEST(Connection, BeyondTheLimitOfRequestsInFlightItIsMuted) {
  ConnectionLimits limits;
  limits.in_flight_requests = 8;
  KafkaPort port({}, limits);
  port.add_topic("board");
  auto client = port.connect();
  client->send(request_frame(parked_fetch("board", 200), 11, 0));
  for (int32_t i = 1; i <= 40; ++i) {
    client->send(request_frame(kafka::ApiVersionsRequest(), 0, i));
  }
  port.simulation.run_for(milliseconds(100));
  EXPECT_EQ(port.metrics.apis[18].requests.value(), 7);  // the fetch is the eighth
  ASSERT_TRUE(port.until([&] { return client->frames.size() == 41; }));
  for (int32_t i = 1; i <= 40; ++i) {
    EXPECT_EQ(parse_answer<kafka::ApiVersionsResponse>(client->frames[static_cast<size_t>(i)], 0)
                  .correlation,
              i);
  }
}

TEST(Connection, AClientThatLeavesTakesItsParkedFetchWithIt) {
  KafkaPort port;
  port.add_topic("board");
  auto client = port.connect();
  client->send(request_frame(parked_fetch("board", 60'000), 11, 1));
  port.simulation.run_for(milliseconds(20));
  EXPECT_EQ(port.metrics.connections.value(), 1);
  client->close();
  EXPECT_TRUE(port.until([&] { return port.metrics.connections.value() == 0; }));
  // Whoever appends now wakes nobody, and nothing that is gone.
  auto other = port.connect();
  port.call<kafka::ProduceResponse>(*other, produce_of("board", batch_of(1), 1), 8);
}

TEST(Connection, ManyClientsAreServedWhileOneSendsGarbage) {
  KafkaPort port;
  port.add_topic("board");
  auto bad = port.connect();
  auto good = port.connect();
  bad->send(std::string(1000, '\xff'));
  const auto answer =
      port.call<kafka::ProduceResponse>(*good, produce_of("board", batch_of(3), 1), 8);
  EXPECT_EQ(answer.body.responses[0].partition_responses[0].error_code, 0);
  EXPECT_TRUE(port.until([&] { return bad->is_closed; }));
}

TEST(Connection, StoppingTheServerClosesAllConnections) {
  KafkaPort port;
  port.add_topic("board");
  auto one = port.connect();
  auto two = port.connect();
  two->send(request_frame(parked_fetch("board", 60'000), 11, 1));
  port.simulation.run_for(milliseconds(10));
  bool stopped = false;
  port.server.stop(port.broker, [&] { stopped = true; });
  EXPECT_TRUE(port.until([&] { return stopped && one->is_closed && two->is_closed; }));
}

}  // namespace
}  // namespace barnabas::network

#include "kafka/messages/fetch.h"

#include <gtest/gtest.h>

#include "broker/testing/batches.h"
#include "broker/testing/kafka_port.h"
#include "kafka/errors.h"
#include "kafka/messages/durable_report.h"
#include "kafka/records/batch.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::ErrorCode;
using kafka::FetchRequest;
using kafka::FetchResponse;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Fetch : public testing::Test {
 protected:
  Fetch() : client(port.connect()) {}

  // Appends as a client with acks=1, and lets the disk catch up.
  void append(const Uuid& topic, int32_t index, const Buffer& records) {
    const auto answer = port.partitions.find({topic, PartitionIndex{index}})
                            ->produce(records, 1, port.broker.now() + seconds(1), port.broker,
                                      [](partition::ProduceAnswer) {});
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->error, ErrorCode::kNone) << answer->message;
    port.simulation.run_for(milliseconds(5));
  }
  struct Asked {
    int32_t index = 0;
    int64_t offset = 0;
    int32_t max_bytes = 1 << 20;
  };
  static FetchRequest request(std::string_view name, const Uuid& id, std::vector<Asked> asked,
                              int32_t wait_ms = 0, int32_t min_bytes = 1) {
    FetchRequest out;
    out.max_wait_ms = wait_ms;
    out.min_bytes = min_bytes;
    out.max_bytes = 50 << 20;
    auto& topic = out.topics.emplace_back();
    topic.topic = name;
    topic.topic_id = id;
    for (const Asked& one : asked) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition = one.index;
      partition.fetch_offset = one.offset;
      partition.partition_max_bytes = one.max_bytes;
    }
    return out;
  }
  Answer<FetchResponse> call(const FetchRequest& message, int16_t version) {
    return port.call<FetchResponse>(*client, message, version, seconds(70));
  }
  static size_t bytes(const FetchResponse::PartitionData& data) {
    return data.records.has_value() ? data.records->size() : 0;
  }

  KafkaPort port;
  std::unique_ptr<RawClient> client;
};

TEST_F(Fetch, AllVersionsReturnWhatWasProducedByteForByte) {
  const Uuid id = port.add_topic("board");
  const Buffer records = batch_of(3);
  append(id, 0, records);
  for (int16_t version = 4; version <= 18; ++version) {
    const auto answer =
        call(request(version < 13 ? "board" : "", version < 13 ? Uuid() : id, {{}}), version);
    ASSERT_EQ(answer.body.responses.size(), 1u) << version;
    const auto& out = answer.body.responses[0].partitions.at(0);
    EXPECT_EQ(out.error_code, 0);
    EXPECT_EQ(out.high_watermark, 3);
    EXPECT_EQ(out.last_stable_offset, 3);
    ASSERT_TRUE(out.records.has_value());
    EXPECT_EQ(out.records->view().substr(16), records.view().substr(16));
    EXPECT_FALSE(out.aborted_transactions.has_value());
  }
}

TEST_F(Fetch, ALongPollIsAnsweredWhenARecordComes) {
  const Uuid id = port.add_topic("board");
  client->send(request_frame(request("board", id, {{}}, 60'000), 11, 1));
  port.simulation.run_for(milliseconds(500));
  EXPECT_TRUE(client->frames.empty());
  append(id, 0, batch_of(1));
  ASSERT_TRUE(port.until([&] { return !client->frames.empty(); }, milliseconds(20)));
  const auto answer = parse_answer<FetchResponse>(client->frames[0], 11);
  EXPECT_GT(bytes(answer.body.responses[0].partitions[0]), 0u);
}

TEST_F(Fetch, ALongPollEndsEmptyWhenItsTimeIsOver) {
  const Uuid id = port.add_topic("board");
  const Instant before = port.simulation.now();
  const auto answer = call(request("board", id, {{}}, 300), 11);
  EXPECT_GE(port.simulation.now() - before, milliseconds(300));
  EXPECT_LT(port.simulation.now() - before, milliseconds(320));
  EXPECT_EQ(bytes(answer.body.responses[0].partitions[0]), 0u);
  EXPECT_EQ(answer.body.responses[0].partitions[0].error_code, 0);
}

TEST_F(Fetch, MinBytesGathersSeveralAppends) {
  const Uuid id = port.add_topic("board");
  const size_t one = batch_of(1).size();
  append(id, 0, batch_of(1));
  client->send(
      request_frame(request("board", id, {{}}, 60'000, static_cast<int32_t>(3 * one)), 11, 1));
  port.simulation.run_for(milliseconds(50));
  append(id, 0, batch_of(1));
  EXPECT_TRUE(client->frames.empty());
  append(id, 0, batch_of(1));
  ASSERT_TRUE(port.until([&] { return !client->frames.empty(); }));
  const auto answer = parse_answer<FetchResponse>(client->frames[0], 11);
  EXPECT_EQ(bytes(answer.body.responses[0].partitions[0]), 3 * one);
}

TEST_F(Fetch, APartitionLimitBelowMinBytesDoesNotSpin) {
  const Uuid id = port.add_topic("board");
  for (int i = 0; i < 4; ++i) append(id, 0, batch_of(1));
  const int32_t one = static_cast<int32_t>(batch_of(1).size());
  const uint64_t before = port.simulation.events_run();
  const auto answer = call(request("board", id, {{0, 0, one}}, 1000, 3 * one), 11);
  EXPECT_EQ(bytes(answer.body.responses[0].partitions[0]), static_cast<size_t>(one));
  EXPECT_LT(port.simulation.events_run() - before, 100u);
}

TEST_F(Fetch, TheFirstPartitionGivesOneBatchEvenAboveAllLimits) {
  const Uuid id = port.add_topic("board", 2);
  append(id, 0, batch_of(1, std::string(50'000, 'x')));
  append(id, 1, batch_of(1, std::string(50'000, 'x')));
  FetchRequest message = request("board", id, {{0, 0, 10}, {1, 0, 10}});
  message.max_bytes = 10;
  const auto answer = call(message, 11);
  EXPECT_GT(bytes(answer.body.responses[0].partitions[0]), 50'000u);
  EXPECT_EQ(bytes(answer.body.responses[0].partitions[1]), 0u);
}

TEST_F(Fetch, MaxBytesBoundsTheWhole) {
  const Uuid id = port.add_topic("board", 3);
  for (int32_t index = 0; index < 3; ++index)
    append(id, index, batch_of(1, std::string(1000, 'x')));
  FetchRequest message = request("board", id, {{0}, {1}, {2}});
  message.max_bytes = 2500;
  const auto answer = call(message, 11);
  const auto& out = answer.body.responses[0].partitions;
  EXPECT_GT(bytes(out[0]), 0u);
  EXPECT_GT(bytes(out[1]), 0u);
  EXPECT_EQ(bytes(out[2]), 0u);
}

TEST_F(Fetch, ErrorsAreToldAtOnce) {
  const Uuid id = port.add_topic("board");
  EXPECT_EQ(
      call(request("nowhere", Uuid(), {{}}, 60'000), 11).body.responses[0].partitions[0].error_code,
      3);
  EXPECT_EQ(call(request("", Uuid::make(*port.random), {{}}, 60'000), 13)
                .body.responses[0]
                .partitions[0]
                .error_code,
            100);
  EXPECT_EQ(
      call(request("board", id, {{0, 99}}, 60'000), 11).body.responses[0].partitions[0].error_code,
      1);
  EXPECT_EQ(
      call(request("board", id, {{5, 0}}, 60'000), 11).body.responses[0].partitions[0].error_code,
      3);
}

TEST_F(Fetch, WhoIsNotTheLeaderSaysWhoIs) {
  port.register_broker(2, 6, "10.0.0.2", 9094);
  const Uuid id = port.add_topic("elsewhere", 1, {2}, 2);
  const auto answer = call(request("", id, {{}}), 16);
  EXPECT_EQ(answer.body.responses[0].partitions[0].error_code, 6);
  EXPECT_EQ(answer.body.responses[0].partitions[0].current_leader.leader_id, 2);
  ASSERT_EQ(answer.body.node_endpoints.size(), 1u);
  EXPECT_EQ(answer.body.node_endpoints[0].port, 9094);
}

TEST_F(Fetch, ZstdIsNotForVersionsBefore10) {
  const Uuid id = port.add_topic("board");
  kafka::BatchOptions options;
  options.codec = kafka::Codec::kZstd;
  append(id, 0, batch_of(9, std::string(100, 'x'), options));
  EXPECT_EQ(call(request("board", id, {{}}), 9).body.responses[0].partitions[0].error_code, 76);
  EXPECT_EQ(call(request("board", id, {{}}), 10).body.responses[0].partitions[0].error_code, 0);
}

// CVE-2018-1288: whoever claims to be a replica must prove it.
TEST_F(Fetch, AReplicaMustBeRegisteredWithTheEpochItClaims) {
  const Uuid id = port.add_topic("board");
  FetchRequest old = request("board", id, {{}});
  old.replica_id = 2;
  EXPECT_EQ(call(old, 11).body.error_code, 31);
  FetchRequest message = request("", id, {{}});
  message.replica_state.replica_id = 2;
  message.replica_state.replica_epoch = 6;
  EXPECT_EQ(call(message, 17).body.error_code, 77);
  port.register_broker(2, 6, "127.0.0.1", 9094);
  message.replica_state.replica_epoch = 5;
  EXPECT_EQ(call(message, 17).body.error_code, 77);
  message.replica_state.replica_epoch = port.epoch_of(2).value();
  EXPECT_EQ(call(message, 17).body.error_code, 0);
}

TEST_F(Fetch, S16_ADurableReportIsTakenFromRegisteredBrokersOnlyAndAnsweredAtOnce) {
  port.register_broker(2, 6, "127.0.0.1", 9094);
  const Uuid id = port.add_topic("board", 1, {1, 2});
  append(id, 0, batch_of(3));
  kafka::DurableReportRequest report;
  report.broker_id = 2;
  report.broker_epoch = 99;
  auto& topic = report.topics.emplace_back();
  topic.topic_id = id;
  auto& line = topic.partitions.emplace_back();
  line.leader_epoch = 1;
  line.durable_end = 3;
  line.epoch_before_end = 1;
  EXPECT_EQ(port.call<kafka::DurableReportResponse>(*client, report, 0).body.error_code, 77);
  report.broker_id = 9;
  EXPECT_EQ(port.call<kafka::DurableReportResponse>(*client, report, 0).body.error_code, 31);

  // The follower's fetch of offset 3 proves what it has; its report then moves the high watermark.
  FetchRequest fetch = request("", id, {{0, 3}});
  fetch.replica_state.replica_id = 2;
  fetch.replica_state.replica_epoch = port.epoch_of(2).value();
  fetch.topics[0].partitions[0].current_leader_epoch = 1;
  fetch.topics[0].partitions[0].last_fetched_epoch = 1;
  EXPECT_EQ(call(fetch, 17).body.responses[0].partitions[0].error_code, 0);
  report.broker_id = 2;
  report.broker_epoch = port.epoch_of(2).value();
  const auto answer = port.call<kafka::DurableReportResponse>(*client, report, 0);
  EXPECT_EQ(answer.body.error_code, 0);
  EXPECT_EQ(answer.body.topics.at(0).partitions.at(0).error_code, 0);
  EXPECT_EQ(answer.body.topics[0].partitions[0].high_watermark, 3);
}

// ---- Sessions ----

TEST_F(Fetch, ASessionTellsOnlyWhatIsNew) {
  const Uuid id = port.add_topic("board", 3);
  FetchRequest message = request("", id, {{0}, {1}, {2}});
  message.session_epoch = 0;
  const auto full = call(message, 17);
  const int32_t session = full.body.session_id;
  ASSERT_NE(session, 0);
  EXPECT_EQ(full.body.responses[0].partitions.size(), 3u);

  append(id, 1, batch_of(1));
  FetchRequest next;
  next.session_id = session;
  next.session_epoch = 1;
  next.max_wait_ms = 0;
  const auto news = call(next, 17);
  EXPECT_EQ(news.body.session_id, session);
  ASSERT_EQ(news.body.responses.size(), 1u);
  ASSERT_EQ(news.body.responses[0].partitions.size(), 1u);
  EXPECT_EQ(news.body.responses[0].partitions[0].partition_index, 1);

  // The client says how far it is now; nothing is new.
  FetchRequest moved = request("", id, {{1, 1}});
  moved.session_id = session;
  moved.session_epoch = 2;
  EXPECT_TRUE(call(moved, 17).body.responses.empty());

  FetchRequest forget;
  forget.session_id = session;
  forget.session_epoch = 3;
  auto& forgotten = forget.forgotten_topics_data.emplace_back();
  forgotten.topic_id = id;
  forgotten.partitions = {1};
  call(forget, 17);
  append(id, 1, batch_of(1));
  next.session_epoch = 4;
  EXPECT_TRUE(call(next, 17).body.responses.empty());
}

TEST_F(Fetch, ASessionOutOfStepIsRefused) {
  const Uuid id = port.add_topic("board");
  FetchRequest message = request("", id, {{}});
  message.session_epoch = 0;
  const int32_t session = call(message, 17).body.session_id;
  FetchRequest next;
  next.session_id = session;
  next.session_epoch = 2;
  EXPECT_EQ(call(next, 17).body.error_code, 71);
  next.session_id = session + 1;
  next.session_epoch = 1;
  EXPECT_EQ(call(next, 17).body.error_code, 70);
  next.session_id = session;
  next.session_epoch = -1;
  call(next, 17);
  next.session_epoch = 1;
  EXPECT_EQ(call(next, 17).body.error_code, 70);
}

TEST_F(Fetch, ASecondRequestOfASessionThatIsParkedIsRefused) {
  const Uuid id = port.add_topic("board");
  FetchRequest message = request("", id, {{}});
  message.session_epoch = 0;
  const int32_t session = call(message, 17).body.session_id;
  FetchRequest next;
  next.session_id = session;
  next.session_epoch = 1;
  next.max_wait_ms = 10'000;
  next.min_bytes = 1;
  client->send(request_frame(next, 17, 100));
  auto other = port.connect();
  next.session_epoch = 2;
  const auto refused = port.call<FetchResponse>(*other, next, 17);
  EXPECT_EQ(refused.body.error_code, 71);
}

TEST_F(Fetch, WithoutAFreeSlotAConsumerGoesWithoutASessionAndAReplicaTakesOne) {
  const Uuid id = port.add_topic("board");
  port.register_broker(2, 6, "127.0.0.1", 9094);
  FetchRequest message = request("", id, {{}});
  message.session_epoch = 0;
  for (int i = 0; i < 3; ++i) EXPECT_NE(call(message, 17).body.session_id, 0);
  EXPECT_EQ(call(message, 17).body.session_id, 0);
  message.replica_state.replica_id = 2;
  message.replica_state.replica_epoch = port.epoch_of(2).value();
  EXPECT_NE(call(message, 17).body.session_id, 0);
  EXPECT_EQ(port.sessions.size(), 3u);
}

}  // namespace
}  // namespace barnabas::api

// What the generator promises, on real messages. Agreement with the reference, byte by byte, is
// proved in kafka/vectors.

#include <gtest/gtest.h>

#include <string>

#include "common/bytes.h"
#include "kafka/messages/add_partitions_to_txn.h"
#include "kafka/messages/durable_report.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/headers.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/produce.h"
#include "kafka/messages/registry.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::kafka {
namespace {

template <class Message>
std::string written(const Message& message, int16_t version) {
  MessageWriter out;
  const absl::Status status = message.write(out, version);
  EXPECT_TRUE(status.ok()) << status;
  return flatten(out.finish());
}

TEST(Messages, AFieldThatTheVersionCannotCarryIsRefusedByName) {
  AddPartitionsToTxnRequest request;
  request.v3_and_below_transactional_id = "t";
  MessageWriter out;
  const absl::Status status = request.write(out, 4);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("v3AndBelowTransactionalId"), absl::string_view::npos) << status;
  MessageWriter old;
  EXPECT_TRUE(request.write(old, 3).ok());
}

TEST(Messages, AnIgnorableFieldIsDroppedSilently) {
  FetchRequest request;
  request.rack_id = "rack";  // from version 11
  EXPECT_EQ(written(request, 10), written(FetchRequest(), 10));
  EXPECT_NE(written(request, 11), written(FetchRequest(), 11));
}

TEST(Messages, NullIsRefusedInAVersionThatNeedsAValue) {
  MetadataRequest request;
  request.topics.reset();  // null means all topics, from version 1
  MessageWriter out;
  EXPECT_EQ(request.write(out, 0).code(), absl::StatusCode::kInvalidArgument);
  MessageWriter newer;
  EXPECT_TRUE(request.write(newer, 1).ok());
}

TEST(Messages, VersionsOutsideTheRangeAreRefusedInBothDirections) {
  for (const int16_t version : {int16_t{-1}, int16_t{2}, int16_t{14}}) {
    ProduceRequest request;
    MessageWriter out;
    EXPECT_FALSE(request.write(out, version).ok());
    ByteReader in(std::string_view("x"));
    EXPECT_FALSE(request.read(in, version).ok());
  }
}

TEST(Messages, ReadingReplacesWhatWasThere) {
  FetchRequest request;
  request.rack_id = "left over";
  request.topics.resize(3);
  const std::string bytes = written(FetchRequest(), 4);
  ByteReader in(bytes);
  ASSERT_TRUE(request.read(in, 4).ok());
  EXPECT_EQ(request.rack_id, "");
  EXPECT_TRUE(request.topics.empty());
}

TEST(Messages, StringsAndRecordsAreViewsOfTheFrame) {
  ProduceRequest request;
  request.topic_data.resize(1);
  request.topic_data[0].name = "board";
  request.topic_data[0].partition_data.resize(1);
  request.topic_data[0].partition_data[0].records = Buffer::own("some records");
  const std::string frame = written(request, 9);
  ProduceRequest back;
  ByteReader in(frame);
  ASSERT_TRUE(back.read(in, 9).ok());
  const auto inside = [&](const char* at) {
    return at >= frame.data() && at < frame.data() + frame.size();
  };
  EXPECT_TRUE(inside(back.topic_data[0].name.data()));
  const Buffer& records = *back.topic_data[0].partition_data[0].records;
  EXPECT_TRUE(inside(records.data()));
  EXPECT_TRUE(records.borrowed());
}

TEST(Messages, ReadingStopsBehindTheMessage) {
  const std::string bytes = written(FetchRequest(), 4) + "rest";
  FetchRequest request;
  ByteReader in(bytes);
  ASSERT_TRUE(request.read(in, 4).ok());
  EXPECT_EQ(in.rest(), "rest");
}

// A frame that is one long array of the smallest elements there are must not cost much more
// memory than its own size before it turns out to be damaged.
TEST(Messages, AClaimedCountAllocatesOnlyAFewElementsAhead) {
  ByteWriter frame;
  frame.write_uvarint(0);               // transactional id: null
  frame.write_int16(-1);                // acks
  frame.write_int32(1000);              // timeout
  frame.write_uvarint((10 << 20) / 3);  // topics
  frame.write_bytes(std::string(10 << 20, '\xff'));
  ProduceRequest request;
  ByteReader in(frame.view());
  EXPECT_FALSE(request.read(in, 9).ok());
  EXPECT_LE(request.topic_data.capacity(), 1024u);
}

TEST(Messages, ATaggedFieldThatComesTwiceCountsTheSecondTime) {
  ProduceResponse response;
  response.node_endpoints.push_back(
      {.node_id = 1, .host = "a", .port = 2, .rack = {}, .unknown_tags = {}});
  MessageWriter out;
  ASSERT_TRUE(response.write(out, 10).ok());
  std::string bytes = flatten(out.finish());
  // No responses, throttle time 0, then one tagged field; make it two.
  const std::string field = bytes.substr(6);
  bytes[5] = 2;
  bytes += field;
  ProduceResponse back;
  ByteReader in(bytes);
  ASSERT_TRUE(back.read(in, 10).ok());
  EXPECT_EQ(back.node_endpoints.size(), 1u);
}

TEST(Messages, S16_ADurabilityReportIsSmallAndCarriesNoData) {
  DurableReportRequest report;
  report.broker_id = 2;
  report.broker_epoch = 41;
  report.topics.resize(1);
  report.topics[0].partitions.resize(1000);
  for (int32_t i = 0; i < 1000; ++i) {
    report.topics[0].partitions[static_cast<size_t>(i)] = {.partition = i,
                                                           .leader_epoch = 7,
                                                           .durable_end = int64_t{1} << 40,
                                                           .epoch_before_end = 6,
                                                           .unknown_tags = {}};
  }
  const std::string bytes = written(report, 0);
  EXPECT_LE(bytes.size(), 1000u * 21 + 64);
  DurableReportRequest back;
  ByteReader in(bytes);
  ASSERT_TRUE(back.read(in, 0).ok());
  EXPECT_EQ(back.broker_epoch, 41);
  EXPECT_EQ(back.topics[0].partitions[999].partition, 999);
  EXPECT_EQ(back.topics[0].partitions[999].durable_end, int64_t{1} << 40);
  EXPECT_EQ(back.topics[0].partitions[999].epoch_before_end, 6);
}

TEST(Messages, TheClientIdOfARequestHeaderIsNeverCompact) {
  RequestHeader header;
  header.client_id = "ab";
  EXPECT_EQ(written(header, 2), std::string("\0\0\0\0\0\0\0\0", 8) + std::string("\0\2ab\0", 5));
}

TEST(Registry, HasBothDirectionsOfEveryApiAndEveryVersionOfADefaultMessageRoundTrips) {
  EXPECT_EQ(all_message_types().size(), 2u * 92 + 2 + 13 + 25 + 56);
  for (const MessageType& type : all_message_types()) {
    for (int16_t version = type.min_version; version <= type.max_version; ++version) {
      const auto message = type.create();
      MessageWriter out;
      ASSERT_TRUE(message->write(out, version).ok()) << type.name << " " << version;
      const std::string bytes = flatten(out.finish());
      ByteReader in(bytes);
      EXPECT_TRUE(type.create()->read(in, version).ok()) << type.name << " " << version;
      EXPECT_TRUE(in.at_end());
    }
  }
}

}  // namespace
}  // namespace barnabas::kafka

// Fetch from the closest replica (KIP-392), and what a replica is told of a log that has lost its
// beginning.

#include <gtest/gtest.h>

#include "broker/testing/batches.h"
#include "broker/testing/kafka_port.h"
#include "kafka/errors.h"
#include "kafka/messages/fetch.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::ErrorCode;
using kafka::FetchRequest;
using kafka::FetchResponse;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ClosestReplica : public testing::Test {
 protected:
  ClosestReplica() : client(port.connect()) {
    port.options().rack_aware_fetch = true;
    port.register_broker(1, 15, "127.0.0.1", 9092, false, "east");
    port.register_broker(2, 6, "127.0.0.1", 9093, false, "west");
    id = port.add_topic("board", 1, {1, 2});
    replica = port.partitions.find({id, PartitionIndex{0}});
    replica->produce(batch_of(3), 1, port.broker.now() + seconds(1), port.broker,
                     [](partition::ProduceAnswer) {});
    port.simulation.run_for(milliseconds(5));
  }
  // The other replica has copied so far.
  void copied(int64_t offset) {
    partition::FetchArgs args;
    args.offset = Offset{offset};
    args.leader_epoch = LeaderEpoch{1};
    args.last_fetched_epoch = offset == 0 ? kNoLeaderEpoch : LeaderEpoch{1};
    args.log_start = Offset{0};
    args.replica = partition::ReplicaIdentity{BrokerId{2}, port.epoch_of(2), {}};
    ASSERT_EQ(replica->fetch(args).error, ErrorCode::kNone);
  }
  int32_t preferred(std::string_view rack, int16_t version = 11, int64_t offset = 0) {
    FetchRequest message;
    message.max_bytes = 1 << 20;
    message.rack_id = rack;
    auto& topic = message.topics.emplace_back();
    topic.topic = version < 13 ? "board" : "";
    if (version >= 13) topic.topic_id = id;
    auto& partition = topic.partitions.emplace_back();
    partition.partition_max_bytes = 1 << 20;
    partition.fetch_offset = offset;
    const auto answer = port.call<FetchResponse>(*client, message, version, seconds(5));
    const auto& out = answer.body.responses.at(0).partitions.at(0);
    EXPECT_EQ(out.error_code, 0);
    return out.preferred_read_replica;
  }

  KafkaPort port;
  std::unique_ptr<RawClient> client;
  Uuid id;
  std::shared_ptr<partition::Partition> replica;
};

TEST_F(ClosestReplica, AConsumerIsSentToTheReplicaInItsRack) {
  copied(3);
  for (int16_t version = 11; version <= 18; ++version) {
    EXPECT_EQ(preferred("west", version), 2) << version;
  }
}

TEST_F(ClosestReplica, NobodyIsSentAwayFromTheLeadersOwnRackOrFromAnUnknownOne) {
  copied(3);
  EXPECT_EQ(preferred("east"), -1);
  EXPECT_EQ(preferred("north"), -1);
  EXPECT_EQ(preferred(""), -1);
}

TEST_F(ClosestReplica, AReplicaThatLacksTheOffsetIsNotNamed) {
  EXPECT_EQ(preferred("west"), -1) << "it has said nothing yet";
  copied(2);
  EXPECT_EQ(preferred("west", 11, 2), 2);
  EXPECT_EQ(preferred("west", 11, 3), -1);
}

TEST_F(ClosestReplica, WithoutARackAwareSelectorTheLeaderServesEverybody) {
  copied(3);
  port.options().rack_aware_fetch = false;
  EXPECT_EQ(preferred("west"), -1);
}

TEST_F(ClosestReplica, ABrokerThatIsFencedIsNotNamed) {
  copied(3);
  port.fence(2);
  EXPECT_EQ(preferred("west"), -1);
}

TEST_F(ClosestReplica, AParkedReplicaIsToldAtOnceWhenTheLogLosesItsBeginning) {
  FetchRequest message;
  message.max_bytes = 1 << 20;
  message.min_bytes = 1;
  message.replica_state.replica_id = 2;
  message.replica_state.replica_epoch = port.epoch_of(2).value();
  auto& topic = message.topics.emplace_back();
  topic.topic_id = id;
  auto& partition = topic.partitions.emplace_back();
  partition.partition_max_bytes = 1 << 20;
  partition.fetch_offset = 3;
  partition.current_leader_epoch = 1;
  partition.last_fetched_epoch = 1;
  partition.log_start_offset = 0;
  message.session_epoch = 0;
  const auto first = port.call<FetchResponse>(*client, message, 17);
  ASSERT_NE(first.body.session_id, 0);

  FetchRequest next;
  next.replica_state = message.replica_state;
  next.max_bytes = 1 << 20;
  next.min_bytes = 1;
  next.max_wait_ms = 60'000;
  next.session_id = first.body.session_id;
  next.session_epoch = 1;
  client->send(request_frame(next, 17, 77));
  port.simulation.run_for(milliseconds(200));
  EXPECT_TRUE(client->frames.empty());
  replica->report({BrokerId{2}, port.epoch_of(2), {}},
                  {LeaderEpoch{1}, Offset{3}, LeaderEpoch{1}, Offset{0}});
  replica->delete_records(Offset{2}, port.broker.now() + seconds(1), port.broker,
                          [](const partition::DeleteRecordsAnswer&) {});
  ASSERT_TRUE(port.until([&] { return !client->frames.empty(); }, milliseconds(100)));
  const auto told = parse_answer<FetchResponse>(client->frames[0], 17);
  EXPECT_EQ(told.body.responses.at(0).partitions.at(0).log_start_offset, 2);
}

}  // namespace
}  // namespace barnabas::api

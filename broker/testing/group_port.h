// A Kafka port with a group coordinator behind it, and the words in which tests speak of groups.

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/testing/kafka_port.h"
#include "kafka/java_hash.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/sync_group.h"

namespace barnabas::testing_support {

class GroupPort : public testing::Test {
 protected:
  static constexpr int32_t kPartitions = 4;

  GroupPort() : client(port.connect()) { board = port.add_topic("board", 3); }

  template <class Response, class Request>
  Answer<Response> call(const Request& message, int16_t version) {
    return port.call<Response>(*client, message, version);
  }
  void make_offsets_topic(std::vector<int32_t> replicas = {1}, int32_t leader = 1) {
    offsets = port.add_topic("__consumer_offsets", kPartitions, std::move(replicas), leader);
    settle();
  }
  void settle(Duration time = std::chrono::milliseconds(20)) { port.simulation.run_for(time); }

  metadata::TopicPartition place_of(std::string_view group) const {
    return {offsets, PartitionIndex{kafka::coordinator_partition(group, kPartitions)}};
  }
  // A new election of the group's partition.
  void elect(std::string_view group, int32_t leader, int32_t epoch) {
    proto::PartitionChange change;
    change.set_leader(leader);
    change.set_leader_epoch(epoch);
    if (leader != 1) change.mutable_in_sync()->add_ids(leader);
    port.change_partition(place_of(group), std::move(change));
    settle();
  }
  void set_in_sync(std::string_view group, const std::vector<int32_t>& brokers) {
    proto::PartitionChange change;
    for (int32_t broker : brokers) change.mutable_in_sync()->add_ids(broker);
    port.change_partition(place_of(group), std::move(change));
    settle();
  }

  // ---- Sent and not waited for: the answer comes on that connection ----

  template <class Request>
  void send(RawClient& with, const Request& request, int16_t version) {
    with.send(request_frame(request, version, ++port.correlation));
  }
  template <class Response>
  Answer<Response> answer(RawClient& from, int16_t version,
                          Duration limit = std::chrono::seconds(2)) {
    if (!port.until([&] { return !from.frames.empty(); }, limit)) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    Buffer frame = std::move(from.frames.front());
    from.frames.pop_front();
    return parse_answer<Response>(std::move(frame), version);
  }

  // ---- Requests ----

  static kafka::JoinGroupRequest join_request(std::string_view group, std::string_view member) {
    kafka::JoinGroupRequest out;
    out.group_id = group;
    out.member_id = member;
    out.session_timeout_ms = 10'000;
    out.rebalance_timeout_ms = 20'000;
    out.protocol_type = "consumer";
    auto& protocol = out.protocols.emplace_back();
    protocol.name = "range";
    protocol.metadata = kSubscription;
    return out;
  }

  // One member that is alone in its group, up to stable.
  struct Member {
    std::string id;
    int32_t generation = -1;
  };
  Member become_a_member(RawClient& with, std::string_view group) {
    Member out;
    kafka::JoinGroupRequest join = join_request(group, "");
    out.id = port.call<kafka::JoinGroupResponse>(with, join, 4).body.member_id;
    join.member_id = out.id;
    const auto joined = port.call<kafka::JoinGroupResponse>(with, join, 4);
    EXPECT_EQ(joined.body.error_code, 0);
    EXPECT_EQ(joined.body.leader, out.id);
    out.generation = joined.body.generation_id;
    kafka::SyncGroupRequest sync;
    sync.group_id = group;
    sync.generation_id = out.generation;
    sync.member_id = out.id;
    auto& assignment = sync.assignments.emplace_back();
    assignment.member_id = out.id;
    assignment.assignment = "everything";
    const auto synced = port.call<kafka::SyncGroupResponse>(with, sync, 3);
    EXPECT_EQ(synced.body.error_code, 0);
    EXPECT_EQ(synced.body.assignment, "everything");
    return out;
  }
  int16_t heartbeat(RawClient& with, std::string_view group, const Member& member) {
    kafka::HeartbeatRequest message;
    message.group_id = group;
    message.generation_id = member.generation;
    message.member_id = member.id;
    return port.call<kafka::HeartbeatResponse>(with, message, 3).body.error_code;
  }

  static kafka::OffsetCommitRequest commit_request(std::string_view group, const Member& member,
                                                   std::string_view topic, int32_t partition,
                                                   int64_t offset, std::string_view metadata = "") {
    kafka::OffsetCommitRequest out;
    out.group_id = group;
    out.generation_id_or_member_epoch = member.generation;
    out.member_id = member.id;
    auto& to = out.topics.emplace_back();
    to.name = topic;
    auto& at = to.partitions.emplace_back();
    at.partition_index = partition;
    at.committed_offset = offset;
    at.committed_metadata = metadata;
    return out;
  }
  int16_t commit(RawClient& with, std::string_view group, const Member& member, int64_t offset,
                 std::string_view topic = "board", int32_t partition = 0,
                 std::string_view metadata = "", Duration limit = std::chrono::seconds(2)) {
    const auto answer = port.call<kafka::OffsetCommitResponse>(
        with, commit_request(group, member, topic, partition, offset, metadata), 7, limit);
    return answer.body.topics.at(0).partitions.at(0).error_code;
  }

  static kafka::OffsetFetchRequest fetch_request(std::string_view group, std::string_view topic,
                                                 int32_t partition) {
    kafka::OffsetFetchRequest out;
    out.group_id = group;
    auto& wanted = out.topics.emplace().emplace_back();
    wanted.name = topic;
    wanted.partition_indexes = {partition};
    return out;
  }
  struct Fetched {
    int16_t error = 0;  // of the group
    int64_t offset = -1;
    std::string metadata;
  };
  Fetched fetch(RawClient& with, std::string_view group, std::string_view topic = "board",
                int32_t partition = 0) {
    const auto answer =
        port.call<kafka::OffsetFetchResponse>(with, fetch_request(group, topic, partition), 5);
    Fetched out;
    out.error = answer.body.error_code;
    if (out.error != 0) return out;
    const auto& found = answer.body.topics.at(0).partitions.at(0);
    out.offset = found.committed_offset;
    out.metadata = found.metadata.value_or("");
    return out;
  }

  // A subscription to the topic "board", as the consumer protocol writes it.
  static constexpr std::string_view kSubscription{"\0\0\0\0\0\1\0\5board\xff\xff\xff\xff", 17};

  KafkaPort port;
  std::unique_ptr<RawClient> client;
  Uuid board;
  Uuid offsets;
};

}  // namespace barnabas::testing_support

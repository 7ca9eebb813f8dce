// What clients see of groups: every API in every version, and Kafka's codes for what is wrong.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/testing/group_port.h"
#include "kafka/extensions/last_rebalance.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/offset_delete.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using namespace kafka;            // NOLINT

constexpr int16_t kUnknownTopic = 3, kNotAvailable = 15, kNotHere = 16, kIllegalGeneration = 22,
                  kInconsistentProtocol = 23, kInvalidGroup = 24, kUnknownMember = 25,
                  kInvalidSession = 26, kInvalidRequest = 42, kNonEmpty = 68, kNoSuchGroup = 69,
                  kMemberIdRequired = 79, kFencedInstance = 82, kSubscribed = 86;

class Groups : public GroupPort {};

// ---- FindCoordinator ----

FindCoordinatorRequest find(std::string_view group, int16_t version) {
  FindCoordinatorRequest out;
  if (version >= 4) {
    out.coordinator_keys = {group};
  } else {
    out.key = group;
  }
  return out;
}

TEST_F(Groups, FindCoordinatorNamesTheLeaderOfTheGroupsPartitionInEveryVersion) {
  make_offsets_topic();
  for (int16_t version = 0; version <= 4; ++version) {
    const auto answer = call<FindCoordinatorResponse>(find("g", version), version);
    if (version >= 4) {
      ASSERT_EQ(answer.body.coordinators.size(), 1u);
      EXPECT_EQ(answer.body.coordinators[0].key, "g");
      EXPECT_EQ(answer.body.coordinators[0].error_code, 0);
      EXPECT_EQ(answer.body.coordinators[0].node_id, 1);
      EXPECT_EQ(answer.body.coordinators[0].host, "127.0.0.1");
      EXPECT_EQ(answer.body.coordinators[0].port, 9092);
      continue;
    }
    EXPECT_EQ(answer.body.error_code, 0) << version;
    EXPECT_EQ(answer.body.node_id, 1);
    EXPECT_EQ(answer.body.host, "127.0.0.1");
    EXPECT_EQ(answer.body.port, 9092);
  }
}

TEST_F(Groups, TheFirstWhoLooksForACoordinatorMakesTheOffsetsTopicAndIsToldAtOnce) {
  send(*client, find("g", 2), 2);
  ASSERT_TRUE(port.until([&] { return !port.session.admin_requests.empty(); }));
  auto [request, done] = std::move(port.session.admin_requests.front());
  port.session.admin_requests.clear();
  const proto::NewTopic& topic = request.create_topics().topics(0);
  EXPECT_EQ(topic.name(), "__consumer_offsets");
  EXPECT_EQ(topic.partitions(), 50);
  EXPECT_EQ(topic.replication_factor(), 1) << "there is one broker only";
  std::map<std::string, std::string> configs;
  for (const auto& config : topic.configs()) configs[config.key()] = config.value();
  EXPECT_EQ(configs["cleanup.policy"], "compact");
  EXPECT_EQ(configs["segment.bytes"], "104857600");

  make_offsets_topic();
  proto::AdminAnswer created;
  created.mutable_create_topics()->add_topics()->set_name("__consumer_offsets");
  done(created);
  const auto answered = answer<FindCoordinatorResponse>(*client, 2);
  EXPECT_EQ(answered.body.error_code, 0);
  EXPECT_EQ(answered.body.node_id, 1);
}

TEST_F(Groups, AsManyReplicasAsThereAreBrokersUpToTheFactorAreAskedFor) {
  for (int32_t broker : {2, 3, 4}) port.register_broker(broker, 5, "127.0.0.1", 9090u + broker);
  send(*client, find("g", 2), 2);
  ASSERT_TRUE(port.until([&] { return !port.session.admin_requests.empty(); }));
  EXPECT_EQ(
      port.session.admin_requests.front().first.create_topics().topics(0).replication_factor(), 3);
}

TEST_F(Groups, WhileTheOffsetsTopicCannotBeMadeTheCoordinatorIsNotAvailable) {
  for (int i = 0; i < 2; ++i) {
    const auto answer =
        port.call<FindCoordinatorResponse>(*client, find("g", 2), 2, std::chrono::seconds(5));
    EXPECT_EQ(answer.body.error_code, kNotAvailable);
    EXPECT_EQ(answer.body.node_id, -1);
  }
  EXPECT_EQ(port.session.admin_requests.size(), 1u) << "asked once, however many clients ask";
}

TEST_F(Groups, TransactionsHaveNoCoordinatorYetAndTheClientIsToldSo) {
  make_offsets_topic();
  for (int8_t type : {1, 2, 7}) {
    FindCoordinatorRequest message = find("t", 2);
    message.key_type = type;
    EXPECT_EQ(call<FindCoordinatorResponse>(message, 2).body.error_code, kInvalidRequest);
  }
}

TEST_F(Groups, WithoutTheOffsetsTopicAGroupIsNotAvailable) {
  EXPECT_EQ(heartbeat(*client, "g", {"m", 1}), kNotAvailable);
  EXPECT_EQ(fetch(*client, "g").error, kNotHere) << "what older clients expect here";
  EXPECT_EQ(commit(*client, "g", {}, 7), kNotAvailable);
  EXPECT_EQ(call<ListGroupsResponse>(ListGroupsRequest(), 4).body.error_code, 0);
}

TEST_F(Groups, AGroupThatAnotherBrokerCoordinatesIsNotHere) {
  port.register_broker(2, 5, "127.0.0.1", 9093);
  make_offsets_topic({2}, /*leader=*/2);
  EXPECT_EQ(heartbeat(*client, "g", {"m", 1}), kNotHere);
  EXPECT_EQ(fetch(*client, "g").error, kNotHere);
  EXPECT_EQ(commit(*client, "g", {}, 7), kNotHere);
  const auto found = call<FindCoordinatorResponse>(find("g", 3), 3);
  EXPECT_EQ(found.body.node_id, 2);
  EXPECT_EQ(found.body.port, 9093);
}

// ---- Membership ----

TEST_F(Groups, AMemberJoinsSyncsLivesAndLeavesInEveryVersion) {
  make_offsets_topic();
  for (int16_t version = 0; version <= 9; ++version) {
    const std::string name = "group-" + std::to_string(version);
    JoinGroupRequest join = join_request(name, "");
    std::string id;
    if (version >= 4) {
      const auto first = call<JoinGroupResponse>(join, version);
      EXPECT_EQ(first.body.error_code, kMemberIdRequired) << version;
      id = first.body.member_id;
      EXPECT_EQ(id.substr(0, 5), "test-") << "the client's own id comes first";
      join.member_id = id;
    }
    const auto joined = call<JoinGroupResponse>(join, version);
    ASSERT_EQ(joined.body.error_code, 0) << version;
    id = joined.body.member_id;
    EXPECT_EQ(joined.body.generation_id, 1);
    EXPECT_EQ(joined.body.leader, id);
    EXPECT_EQ(joined.body.protocol_name, "range");
    if (version >= 7) {
      EXPECT_EQ(joined.body.protocol_type, "consumer");
    }
    ASSERT_EQ(joined.body.members.size(), 1u);
    EXPECT_EQ(joined.body.members[0].member_id, id);
    EXPECT_EQ(joined.body.members[0].metadata, kSubscription);

    const auto sync_version = std::min<int16_t>(version, 5);
    SyncGroupRequest sync;
    sync.group_id = name;
    sync.generation_id = 1;
    sync.member_id = id;
    if (sync_version >= 5) {
      sync.protocol_type = "consumer";
      sync.protocol_name = "range";
    }
    auto& assignment = sync.assignments.emplace_back();
    assignment.member_id = id;
    assignment.assignment = "all of it";
    const auto synced = call<SyncGroupResponse>(sync, sync_version);
    EXPECT_EQ(synced.body.error_code, 0) << version;
    EXPECT_EQ(synced.body.assignment, "all of it");

    HeartbeatRequest beat;
    beat.group_id = name;
    beat.generation_id = 1;
    beat.member_id = id;
    EXPECT_EQ(call<HeartbeatResponse>(beat, std::min<int16_t>(version, 4)).body.error_code, 0);

    const auto leave_version = std::min<int16_t>(version, 5);
    LeaveGroupRequest leave;
    leave.group_id = name;
    if (leave_version < 3) {
      leave.member_id = id;
    } else {
      leave.members.emplace_back().member_id = id;
    }
    const auto left = call<LeaveGroupResponse>(leave, leave_version);
    EXPECT_EQ(left.body.error_code, 0);
    if (leave_version >= 3) {
      ASSERT_EQ(left.body.members.size(), 1u);
      EXPECT_EQ(left.body.members[0].member_id, id);
      EXPECT_EQ(left.body.members[0].error_code, 0);
    }
    EXPECT_EQ(heartbeat(*client, name, {id, 1}), kUnknownMember);
  }
}

TEST_F(Groups, ASecondMemberMakesTheFirstOneJoinAgain) {
  make_offsets_topic();
  const Member first = become_a_member(*client, "g");
  const auto other = port.connect();
  JoinGroupRequest join = join_request("g", "");
  const std::string second(port.call<JoinGroupResponse>(*other, join, 5).body.member_id);
  join.member_id = second;
  send(*other, join, 5);
  settle();
  EXPECT_EQ(heartbeat(*client, "g", first), 27);
  const auto rejoined = call<JoinGroupResponse>(join_request("g", first.id), 5);
  EXPECT_EQ(rejoined.body.generation_id, 2);
  const auto joined = answer<JoinGroupResponse>(*other, 5);
  EXPECT_EQ(joined.body.generation_id, 2);
  EXPECT_EQ(joined.body.leader, first.id);
  EXPECT_TRUE(joined.body.members.empty()) << "for the leader only";
  EXPECT_EQ(rejoined.body.members.size(), 2u);
}

TEST_F(Groups, WhatIsWrongWithAMemberHasItsOwnCode) {
  make_offsets_topic();
  const Member member = become_a_member(*client, "g");
  EXPECT_EQ(heartbeat(*client, "g", {"nobody", member.generation}), kUnknownMember);
  EXPECT_EQ(heartbeat(*client, "g", {member.id, member.generation - 1}), kIllegalGeneration);
  EXPECT_EQ(heartbeat(*client, "another group", member), kUnknownMember);
  EXPECT_EQ(heartbeat(*client, "", member), kInvalidGroup);
  EXPECT_EQ(heartbeat(*client, "g", member), 0);

  EXPECT_EQ(call<JoinGroupResponse>(join_request("", ""), 5).body.error_code, kInvalidGroup);
  EXPECT_EQ(call<JoinGroupResponse>(join_request("g", "nobody"), 5).body.error_code,
            kUnknownMember);
  JoinGroupRequest join = join_request("g", member.id);
  join.session_timeout_ms = 5'999;
  EXPECT_EQ(call<JoinGroupResponse>(join, 5).body.error_code, kInvalidSession);
  join = join_request("g", "");
  join.protocol_type = "connect";
  EXPECT_EQ(call<JoinGroupResponse>(join, 3).body.error_code, kInconsistentProtocol);

  SyncGroupRequest sync;
  sync.group_id = "g";
  sync.generation_id = member.generation;
  sync.member_id = "nobody";
  EXPECT_EQ(call<SyncGroupResponse>(sync, 3).body.error_code, kUnknownMember);
  sync.member_id = member.id;
  sync.generation_id = member.generation + 1;
  EXPECT_EQ(call<SyncGroupResponse>(sync, 3).body.error_code, kIllegalGeneration);
  sync.generation_id = member.generation;
  EXPECT_EQ(call<SyncGroupResponse>(sync, 5).body.error_code, kInconsistentProtocol)
      << "from version 5 on the protocol is named";
  sync.group_id = "";
  EXPECT_EQ(call<SyncGroupResponse>(sync, 3).body.error_code, kInvalidGroup);

  LeaveGroupRequest leave;
  leave.group_id = "g";
  leave.member_id = "nobody";
  EXPECT_EQ(call<LeaveGroupResponse>(leave, 1).body.error_code, kUnknownMember);
  leave.member_id = "";
  leave.members.emplace_back().member_id = "nobody";
  const auto left = call<LeaveGroupResponse>(leave, 3);
  EXPECT_EQ(left.body.error_code, 0);
  EXPECT_EQ(left.body.members.at(0).error_code, kUnknownMember);
}

TEST_F(Groups, ANewProcessOfAStaticMemberFencesTheOldOne) {
  make_offsets_topic();
  JoinGroupRequest join = join_request("g", "");
  join.group_instance_id = "one";
  const auto first = call<JoinGroupResponse>(join, 5);
  ASSERT_EQ(first.body.error_code, 0) << "it needs no member id first";
  const std::string old_id(first.body.member_id);
  const auto second = call<JoinGroupResponse>(join, 5);
  ASSERT_EQ(second.body.error_code, 0);
  EXPECT_NE(second.body.member_id, old_id);

  HeartbeatRequest beat;
  beat.group_id = "g";
  beat.generation_id = second.body.generation_id;
  beat.member_id = old_id;
  beat.group_instance_id = "one";
  EXPECT_EQ(call<HeartbeatResponse>(beat, 3).body.error_code, kFencedInstance);
}

// ---- Tools ----

TEST_F(Groups, GroupsAreDescribedInEveryVersion) {
  make_offsets_topic();
  const Member member = become_a_member(*client, "g");
  for (int16_t version = 0; version <= 6; ++version) {
    DescribeGroupsRequest message;
    message.groups = {"g", "nobody"};
    message.include_authorized_operations = version >= 3;
    const auto answer = call<DescribeGroupsResponse>(message, version);
    ASSERT_EQ(answer.body.groups.size(), 2u);
    const auto& group = answer.body.groups[0];
    EXPECT_EQ(group.error_code, 0);
    EXPECT_EQ(group.group_id, "g");
    EXPECT_EQ(group.group_state, "Stable");
    EXPECT_EQ(group.protocol_type, "consumer");
    EXPECT_EQ(group.protocol_data, "range");
    ASSERT_EQ(group.members.size(), 1u);
    EXPECT_EQ(group.members[0].member_id, member.id);
    EXPECT_EQ(group.members[0].client_id, "test");
    EXPECT_EQ(group.members[0].client_host.substr(0, 1), "/");
    EXPECT_EQ(group.members[0].member_metadata, kSubscription);
    EXPECT_EQ(group.members[0].member_assignment, "everything");
    if (version >= 3) {
      // READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS
      EXPECT_EQ(group.authorized_operations, 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11);
    }
    const auto& absent = answer.body.groups[1];
    EXPECT_EQ(absent.group_id, "nobody");
    EXPECT_EQ(absent.group_state, "Dead");
    EXPECT_EQ(absent.error_code, version >= 6 ? kNoSuchGroup : 0);
    EXPECT_EQ(absent.error_message.has_value(), version >= 6);
  }
}

TEST_F(Groups, WhyAGroupRebalancedLastIsToldToThoseWhoAskAndToNobodyElse) {
  make_offsets_topic();
  const Member member = become_a_member(*client, "g");
  for (int16_t version = 5; version <= 6; ++version) {
    DescribeGroupsRequest message;
    message.groups = {"g", "nobody"};
    const auto plain = call<DescribeGroupsResponse>(message, version);
    EXPECT_TRUE(plain.body.unknown_tags.empty());
    EXPECT_TRUE(plain.body.groups.at(0).unknown_tags.empty());

    ask_for_last_rebalance(message.unknown_tags);
    const auto answer = call<DescribeGroupsResponse>(message, version);
    const auto last = last_rebalance_of(answer.body.groups.at(0).unknown_tags);
    ASSERT_TRUE(last.has_value());
    EXPECT_EQ(last->reason, "member_joined");
    EXPECT_THAT(last->text, testing::HasSubstr(member.id));
    EXPECT_EQ(last->generation, 0);
    EXPECT_EQ(last->number, 1);
    EXPECT_TRUE(answer.body.groups.at(1).unknown_tags.empty());
  }
}

TEST_F(Groups, GroupsAreListedAndFilteredInEveryVersion) {
  make_offsets_topic();
  become_a_member(*client, "alive");
  EXPECT_EQ(commit(*client, "empty", {}, 6), 0);
  const auto list = [&](int16_t version, std::vector<std::string_view> states,
                        std::vector<std::string_view> types) {
    ListGroupsRequest message;
    message.states_filter = std::move(states);
    message.types_filter = std::move(types);
    const auto answer = call<ListGroupsResponse>(message, version);
    EXPECT_EQ(answer.body.error_code, 0);
    std::vector<std::string> out;
    for (const auto& group : answer.body.groups) {
      if (version >= 5) {
        EXPECT_EQ(group.group_type, "classic");
      }
      std::string line(group.group_id);
      line += version >= 4 ? ":" + std::string(group.group_state) : "";
      line += ":" + std::string(group.protocol_type);
      out.push_back(line);
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  using Lines = std::vector<std::string>;
  for (int16_t version = 0; version <= 3; ++version) {
    EXPECT_EQ(list(version, {}, {}), (Lines{"alive:consumer", "empty:"})) << version;
  }
  EXPECT_EQ(list(4, {}, {}), (Lines{"alive:Stable:consumer", "empty:Empty:"}));
  EXPECT_EQ(list(4, {"stable"}, {}), (Lines{"alive:Stable:consumer"}));
  EXPECT_EQ(list(5, {"Empty", "Dead"}, {"classic"}), (Lines{"empty:Empty:"}));
  EXPECT_EQ(list(5, {}, {"consumer"}), Lines{});
}

TEST_F(Groups, OnlyGroupsWithoutMembersAreDeleted) {
  make_offsets_topic();
  become_a_member(*client, "alive");
  EXPECT_EQ(commit(*client, "empty", {}, 6), 0);
  for (int16_t version = 0; version <= 2; ++version) {
    DeleteGroupsRequest message;
    message.groups_names = {"alive", "empty", "nobody"};
    const auto answer = call<DeleteGroupsResponse>(message, version);
    ASSERT_EQ(answer.body.results.size(), 3u);
    EXPECT_EQ(answer.body.results[0].group_id, "alive");
    EXPECT_EQ(answer.body.results[0].error_code, kNonEmpty);
    EXPECT_EQ(answer.body.results[1].error_code, version == 0 ? 0 : kNoSuchGroup);
    EXPECT_EQ(answer.body.results[2].error_code, kNoSuchGroup);
    EXPECT_EQ(fetch(*client, "empty").offset, -1);
  }
}

TEST_F(Groups, OffsetsOfTopicsThatNobodyReadsAreDeleted) {
  make_offsets_topic();
  port.add_topic("other");
  const Member member = become_a_member(*client, "g");
  EXPECT_EQ(commit(*client, "g", member, 6), 0);
  EXPECT_EQ(commit(*client, "g", member, 7, "other"), 0);
  OffsetDeleteRequest message;
  message.group_id = "g";
  for (std::string_view name : {"board", "other", "nowhere"}) {
    auto& topic = message.topics.emplace_back();
    topic.name = name;
    topic.partitions.emplace_back().partition_index = 0;
  }
  const auto answer = call<OffsetDeleteResponse>(message, 0);
  EXPECT_EQ(answer.body.error_code, 0);
  std::map<std::string, int16_t> errors;
  for (const auto& topic : answer.body.topics) {
    errors[std::string(topic.name)] = topic.partitions.at(0).error_code;
  }
  EXPECT_EQ(errors, (std::map<std::string, int16_t>{
                        {"board", kSubscribed}, {"other", 0}, {"nowhere", kUnknownTopic}}));
  EXPECT_EQ(fetch(*client, "g").offset, 6);
  EXPECT_EQ(fetch(*client, "g", "other").offset, -1);

  message.group_id = "nobody";
  EXPECT_EQ(call<OffsetDeleteResponse>(message, 0).body.error_code, kNoSuchGroup);
}

}  // namespace
}  // namespace barnabas::api

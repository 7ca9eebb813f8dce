// The shell around the shards: what is in the log is what is served, and never more (S26).

#include "broker/group/coordinator.h"

#include <gtest/gtest.h>

#include "broker/testing/group_port.h"
#include "kafka/messages/list_groups.h"

namespace barnabas::group {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary

constexpr int16_t kLoading = 14, kNotAvailable = 15, kNotHere = 16;

class CoordinatorTest : public GroupPort {
 protected:
  // Broker 2 is in sync, but it never fetches: nothing is committed any more.
  void make_offsets_topic_that_commits_nothing() {
    port.register_broker(2, 5, "127.0.0.1", 9093);
    make_offsets_topic({1, 2});
  }
};

TEST_F(CoordinatorTest, S26_AfterANewElectionWhatWasCommittedIsServedAgain) {
  make_offsets_topic();
  const Member member = become_a_member(*client, "g");
  EXPECT_EQ(commit(*client, "g", member, 42, "board", 0, "note"), 0);

  elect("g", /*leader=*/1, /*epoch=*/2);
  EXPECT_EQ(heartbeat(*client, "g", member), 0) << "the member need not even notice";
  const Fetched found = fetch(*client, "g");
  EXPECT_EQ(found.offset, 42);
  EXPECT_EQ(found.metadata, "note");
  EXPECT_EQ(commit(*client, "g", member, 43), 0);
  EXPECT_EQ(fetch(*client, "g").offset, 43);
}

TEST_F(CoordinatorTest, S26_AShardServesOnlyOnceTheHighWatermarkHasPassedWhatItHasLoaded) {
  make_offsets_topic();
  EXPECT_EQ(commit(*client, "g", {}, 1), 0);
  // From here on broker 2 counts, and has nothing.
  port.register_broker(2, 5, "127.0.0.1", 9093);
  proto::PartitionChange both;
  for (int32_t broker : {1, 2}) {
    both.mutable_replicas()->add_ids(broker);
    both.mutable_in_sync()->add_ids(broker);
    both.add_directories(std::string(16, static_cast<char>('d' + broker)));
  }
  port.change_partition(place_of("g"), both);
  send(*client, commit_request("g", {}, "board", 0, 2), 7);
  settle();

  elect("g", /*leader=*/1, /*epoch=*/2);
  const auto failed = answer<kafka::OffsetCommitResponse>(*client, 7);
  EXPECT_EQ(failed.body.topics.at(0).partitions.at(0).error_code, kNotHere);
  EXPECT_EQ(fetch(*client, "g").error, kLoading) << "2 is in the log, and may yet be lost";
  EXPECT_EQ(heartbeat(*client, "g", {"m", 1}), 0) << "Java clients do not expect another answer";
  kafka::SyncGroupRequest sync;
  sync.group_id = "g";
  sync.member_id = "m";
  EXPECT_EQ(port.call<kafka::SyncGroupResponse>(*client, sync, 3).body.error_code, 27);
  EXPECT_EQ(commit(*client, "g", {}, 3), kLoading);
  kafka::ListGroupsRequest list;
  EXPECT_EQ(port.call<kafka::ListGroupsResponse>(*client, list, 4).body.error_code, kLoading);

  set_in_sync("g", {1});  // now it is committed
  EXPECT_EQ(fetch(*client, "g").offset, 2);
}

TEST_F(CoordinatorTest, S26_NobodyReadsAnOffsetThatIsNotCommittedYet) {
  make_offsets_topic_that_commits_nothing();
  const auto other = port.connect();
  const auto third = port.connect();
  send(*client, commit_request("g", {}, "board", 0, 7), 7);
  settle();
  send(*third, fetch_request("g", "board", 0), 5);
  settle(std::chrono::seconds(1));
  EXPECT_TRUE(client->frames.empty()) << "it is not committed";
  EXPECT_TRUE(third->frames.empty()) << "what was asked for behind a commit waits for its outcome";
  set_in_sync("g", {1});
  EXPECT_EQ(
      answer<kafka::OffsetCommitResponse>(*client, 7).body.topics.at(0).partitions.at(0).error_code,
      0);
  EXPECT_EQ(fetch(*other, "g").offset, 7);
}

TEST_F(CoordinatorTest, S26_AnAppendWithoutAnOutcomeDropsTheStateAndTheLogDecides) {
  make_offsets_topic_that_commits_nothing();
  EXPECT_EQ(commit(*client, "g", {}, 7, "board", 0, "", std::chrono::seconds(8)), kNotAvailable)
      << "after offsets.commit.timeout.ms";
  EXPECT_EQ(fetch(*client, "g").error, kLoading);
  // It was appended, and now it is committed after all: "not available" did not mean "no".
  set_in_sync("g", {1});
  EXPECT_EQ(fetch(*client, "g").offset, 7);
  EXPECT_EQ(commit(*client, "g", {}, 8), 0);
}

TEST_F(CoordinatorTest, S26_WithTheLeadershipAllWhoWaitAreToldToLookElsewhere) {
  make_offsets_topic_that_commits_nothing();
  set_in_sync("g", {1});
  const Member member = become_a_member(*client, "g");
  const auto other = port.connect();
  kafka::JoinGroupRequest join = join_request("g", "");
  send(*other, join, 3);  // waits for the first member to join again
  settle();
  EXPECT_TRUE(other->frames.empty());
  elect("g", /*leader=*/2, /*epoch=*/2);
  EXPECT_EQ(answer<kafka::JoinGroupResponse>(*other, 3).body.error_code, kNotHere);
  EXPECT_EQ(heartbeat(*client, "g", member), kNotHere);
}

TEST_F(CoordinatorTest, AMemberThatFallsSilentIsPutOutByTheClock) {
  make_offsets_topic();
  const Member member = become_a_member(*client, "g");
  settle(std::chrono::seconds(9));
  EXPECT_EQ(heartbeat(*client, "g", member), 0);
  settle(std::chrono::seconds(9));
  EXPECT_EQ(heartbeat(*client, "g", member), 0);
  settle(std::chrono::seconds(11));
  EXPECT_EQ(heartbeat(*client, "g", member), 25);
}

TEST_F(CoordinatorTest, FactsTellStatesOffsetsAndWhyGroupsRebalanced) {
  make_offsets_topic();
  const Member member = become_a_member(*client, "g");
  EXPECT_EQ(commit(*client, "g", member, 42), 0);
  port.groups.facts();
  settle(std::chrono::seconds(2));
  const CoordinatorFacts facts = port.groups.facts();
  EXPECT_EQ(facts.sums.groups_by_state[static_cast<size_t>(GroupState::kStable)], 1u);
  EXPECT_EQ(facts.sums.members, 1u);
  EXPECT_EQ(facts.sums.rebalances[static_cast<size_t>(RebalanceKind::kMemberJoined)], 1u);
  ASSERT_EQ(facts.offsets.size(), 1u);
  EXPECT_EQ(facts.offsets[0].group, "g");
  EXPECT_EQ(facts.offsets[0].topic, "board");
  EXPECT_EQ(facts.offsets[0].offset, 42);
  ASSERT_EQ(facts.groups.size(), 1u);
  EXPECT_EQ(facts.groups[0].group, "g");
}

TEST_F(CoordinatorTest, WhatHasBeenCountedIsNotForgottenWithAShard) {
  make_offsets_topic();
  become_a_member(*client, "g");
  elect("g", /*leader=*/1, /*epoch=*/2);
  port.groups.facts();
  settle();
  EXPECT_EQ(port.groups.facts().sums.rebalances[static_cast<size_t>(RebalanceKind::kMemberJoined)],
            1u);
}

}  // namespace
}  // namespace barnabas::group

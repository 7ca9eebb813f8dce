#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/group/testing/group_world.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

JoinCommand consumer(std::string client) { return GroupWorld::consumer(std::move(client)); }

class Offsets : public testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(world.violations(), testing::IsEmpty()); }

  // Keeps these alive while the time passes.
  void live(const std::vector<std::string>& ids, Duration time, int32_t generation = 1) {
    for (Duration passed{}; passed < time; passed += seconds(5)) {
      for (const std::string& id : ids) world.beat(id, generation);
      world.advance(seconds(5));
    }
  }
  DeleteOffsetsAnswer delete_offset(const std::string& topic, int32_t partition = 0) {
    return world.get<DeleteOffsetsAnswer>(world.delete_offsets({"g", {{topic, {partition}}}}));
  }

  GroupWorld world;
};

// ---- OffsetCommit ----

TEST_F(Offsets, AreReadAsTheyWereCommitted) {
  CommitOffsetsCommand command;
  command.group = "g";
  command.topics = {{"t", {{0, 10, 2, "first"}, {3, 40, -1, ""}}}, {"u", {{1, 7, -1, ""}}}};
  const auto committed = world.get<CommitOffsetsAnswer>(world.commit_offsets(command));
  ASSERT_EQ(committed.topics.size(), 2U);
  EXPECT_EQ(committed.topics[0].partitions[1].partition, 3);

  FetchOffsetsCommand fetch;
  fetch.group = "g";
  const auto all = world.get<FetchOffsetsAnswer>(world.fetch_offsets(fetch));
  ASSERT_EQ(all.topics.size(), 2U);
  EXPECT_EQ(all.topics[0].topic, "t");
  EXPECT_EQ(all.topics[0].partitions[0].offset, 10);
  EXPECT_EQ(all.topics[0].partitions[0].leader_epoch, 2);
  EXPECT_EQ(all.topics[0].partitions[0].metadata, "first");
  EXPECT_EQ(all.topics[0].partitions[1].partition, 3);
  EXPECT_EQ(all.topics[1].partitions[0].offset, 7);
}

TEST_F(Offsets, WhatIsNotCommittedReadsAsMinusOneWithoutAnError) {
  world.commit_one(10);
  FetchOffsetsCommand fetch;
  fetch.group = "g";
  fetch.topics = std::vector<TopicPartitions>{{"t", {0, 1}}, {"v", {0}}};
  fetch.require_stable = true;
  const auto answer = world.get<FetchOffsetsAnswer>(world.fetch_offsets(fetch));
  EXPECT_EQ(answer.error, ErrorCode::kNone);
  EXPECT_EQ(answer.topics[0].partitions[0].offset, 10);
  EXPECT_EQ(answer.topics[0].partitions[1].offset, -1);
  EXPECT_EQ(answer.topics[0].partitions[1].metadata, "");
  EXPECT_EQ(answer.topics[0].partitions[1].error, ErrorCode::kNone);
  EXPECT_EQ(answer.topics[1].partitions[0].offset, -1);
  EXPECT_EQ(world.committed_offset("nobody"), -1);
}

TEST_F(Offsets, S26_ACommitIsAnsweredWhenItIsCommittedAndNotReadBefore) {
  world.commits_at_once = false;
  const Token token = world.commit_one(10);
  EXPECT_FALSE(world.answered(token));
  EXPECT_EQ(world.committed_offset(), -1);
  world.commit_next();
  EXPECT_EQ(world.commit_error(token), ErrorCode::kNone);
  EXPECT_EQ(world.committed_offset(), 10);
}

TEST_F(Offsets, SeveralCommitsAreOnTheirWayAtOnceAndAnsweredInOrder) {
  world.commits_at_once = false;
  const Token first = world.commit_one(10);
  const Token second = world.commit_one(20);
  EXPECT_EQ(world.uncommitted().size(), 2U);
  world.commit_next();
  EXPECT_TRUE(world.answered(first));
  EXPECT_FALSE(world.answered(second));
  EXPECT_EQ(world.committed_offset(), 10);
  world.commit_next();
  EXPECT_EQ(world.committed_offset(), 20);
}

TEST_F(Offsets, AMemberCommitsInItsGeneration) {
  const auto ids = world.stable({consumer("a")});
  EXPECT_EQ(world.commit_error(world.commit_one(10, 1, ids[0])), ErrorCode::kNone);
  EXPECT_EQ(world.commit_error(world.commit_one(11, 0, ids[0])), ErrorCode::kIllegalGeneration);
  EXPECT_EQ(world.commit_error(world.commit_one(12, 2, ids[0])), ErrorCode::kIllegalGeneration);
  EXPECT_EQ(world.commit_error(world.commit_one(13, 1, "x")), ErrorCode::kUnknownMemberId);
  EXPECT_EQ(world.committed_offset(), 10);
}

TEST_F(Offsets, AnOutsiderCommitsOnlyWhileTheGroupIsEmpty) {
  EXPECT_EQ(world.commit_error(world.commit_one(10)), ErrorCode::kNone);
  const auto ids = world.stable({consumer("a")});
  EXPECT_EQ(world.commit_error(world.commit_one(11)), ErrorCode::kUnknownMemberId);
  world.leave({"g", {{ids[0], {}, ""}}});
  EXPECT_EQ(world.commit_error(world.commit_one(12)), ErrorCode::kNone);
  EXPECT_EQ(world.committed_offset(), 12);
}

TEST_F(Offsets, AGenerationOfAnUnknownGroupIsRefused) {
  EXPECT_EQ(world.commit_error(world.commit_one(10, 4, "x")), ErrorCode::kIllegalGeneration);
  CommitOffsetsCommand command;
  command.group = "g";
  command.generation = 4;
  command.member_id = "x";
  command.knows_group_id_not_found = true;
  command.topics = {{"t", {{0, 1, -1, ""}}}};
  EXPECT_EQ(world.commit_error(world.commit_offsets(command)), ErrorCode::kGroupIdNotFound);
}

TEST_F(Offsets, BetweenJoinAndAssignmentACommitIsRefused) {
  const Token token = world.enter(consumer("a"));
  world.advance(seconds(3));
  const auto joined = world.get<JoinAnswer>(token);
  EXPECT_EQ(world.commit_error(world.commit_one(10, 1, joined.member_id)),
            ErrorCode::kRebalanceInProgress);
}

TEST_F(Offsets, WhileTheGroupGathersTheOldGenerationMayStillCommit) {
  const auto ids = world.stable({consumer("a")});
  world.enter(consumer("b"));
  EXPECT_EQ(world.commit_error(world.commit_one(10, 1, ids[0])), ErrorCode::kNone);
}

TEST_F(Offsets, ACommitKeepsAMemberAlive) {
  const auto ids = world.stable({consumer("a")});
  for (int i = 0; i < 5; ++i) {
    world.advance(seconds(9));
    world.commit_one(i, 1, ids[0]);
  }
  EXPECT_EQ(world.describe().state, GroupState::kStable);
}

TEST_F(Offsets, MetadataThatIsTooLongIsRefusedForItsPartitionAlone) {
  CommitOffsetsCommand command;
  command.group = "g";
  command.topics = {
      {"t", {{0, 10, -1, std::string(4'097, 'x')}, {1, 11, -1, std::string(4'096, 'x')}}}};
  const auto answer = world.get<CommitOffsetsAnswer>(world.commit_offsets(command));
  EXPECT_EQ(answer.topics[0].partitions[0].error, ErrorCode::kOffsetMetadataTooLarge);
  EXPECT_EQ(answer.topics[0].partitions[1].error, ErrorCode::kNone);
  EXPECT_EQ(world.committed_offset("g", "t", 0), -1);
  EXPECT_EQ(world.committed_offset("g", "t", 1), 11);
}

TEST_F(Offsets, ACommitThatFitsInNoBatchIsRefused) {
  CommitOffsetsCommand command;
  command.group = "g";
  TopicOffsetsToCommit& topic = command.topics.emplace_back();
  topic.topic = "t";
  for (int partition = 0; partition < 1'000; ++partition) {
    topic.partitions.push_back({partition, 1, -1, std::string(4'000, 'x')});
  }
  const auto answer = world.get<CommitOffsetsAnswer>(world.commit_offsets(command));
  EXPECT_EQ(answer.topics[0].partitions[999].error, ErrorCode::kInvalidCommitOffsetSize);
  EXPECT_TRUE(world.shard().active());
}

TEST_F(Offsets, ACommitOfNothingIsAnswered) {
  CommitOffsetsCommand command;
  command.group = "g";
  EXPECT_TRUE(world.get<CommitOffsetsAnswer>(world.commit_offsets(command)).topics.empty());
}

// ---- OffsetDelete ----

TEST_F(Offsets, AreDeletedOnRequest) {
  world.commit_one(10);
  const auto answer = delete_offset("t");
  EXPECT_EQ(answer.error, ErrorCode::kNone);
  EXPECT_EQ(answer.topics[0].partitions[0].error, ErrorCode::kNone);
  EXPECT_EQ(world.committed_offset(), -1);
  world.restart_compacted();
  EXPECT_EQ(world.committed_offset(), -1);
}

TEST_F(Offsets, DeletingWhatIsNotThereIsNoError) {
  world.commit_one(10);
  EXPECT_EQ(delete_offset("t", 9).topics[0].partitions[0].error, ErrorCode::kNone);
}

TEST_F(Offsets, OfAnUnknownGroupCannotBeDeleted) {
  EXPECT_EQ(delete_offset("t").error, ErrorCode::kGroupIdNotFound);
}

TEST_F(Offsets, OfASubscribedTopicAreNotDeleted) {
  world.commit_one(10);
  world.commit_one(20, -1, "", "g", "u");
  world.stable({consumer("a")});
  EXPECT_EQ(delete_offset("t").topics[0].partitions[0].error, ErrorCode::kGroupSubscribedToTopic);
  EXPECT_EQ(delete_offset("u").topics[0].partitions[0].error, ErrorCode::kNone);
  EXPECT_EQ(world.committed_offset("g", "t"), 10);
  EXPECT_EQ(world.committed_offset("g", "u"), -1);
}

TEST_F(Offsets, OfALiveGroupWhoseTopicsAreUnknownAreNotDeleted) {
  world.commit_one(10);
  JoinCommand worker = consumer("worker");
  worker.protocol_type = "connect";
  world.stable({worker});
  EXPECT_EQ(delete_offset("t").error, ErrorCode::kNonEmptyGroup);
}

TEST_F(Offsets, S26_ADeletionThatFindsAnotherOnItsWayWaitsForIt) {
  world.commit_one(10);
  world.commits_at_once = false;
  const Token first = world.delete_offsets({"g", {{"t", {0}}}});
  const Token second = world.delete_offsets({"g", {{"t", {0}}}});
  EXPECT_EQ(world.uncommitted().size(), 1U);
  EXPECT_FALSE(world.answered(first));
  EXPECT_FALSE(world.answered(second));
  EXPECT_EQ(world.committed_offset(), 10);
  world.commit_next();
  EXPECT_TRUE(world.answered(second));
  EXPECT_EQ(world.committed_offset(), -1);
}

TEST_F(Offsets, OfADeletedTopicGoWithIt) {
  world.commit_one(10);
  world.commit_one(20, -1, "", "g", "u");
  world.commit_one(30, -1, "", "h", "t");
  world.partitions_deleted({"t", {}});
  EXPECT_EQ(world.committed_offset("g", "t"), -1);
  EXPECT_EQ(world.committed_offset("h", "t"), -1);
  EXPECT_EQ(world.committed_offset("g", "u"), 20);
  world.restart_compacted();
  EXPECT_EQ(world.committed_offset("g", "t"), -1);
}

// ---- Expiry (KIP-211) ----

constexpr Duration kWeek = hours(24 * 7);

TEST_F(Offsets, OfAGroupThatIsEmptyExpireAWeekAfterItsLastMemberLeft) {
  const auto ids = world.stable({consumer("a")});
  world.commit_one(10, 1, ids[0]);
  live(ids, hours(1));
  world.leave({"g", {{ids[0], {}, ""}}});
  world.advance(kWeek - minutes(10));
  EXPECT_EQ(world.committed_offset(), 10);
  world.advance(minutes(20));
  EXPECT_EQ(world.committed_offset(), -1);
  EXPECT_EQ(world.describe().error, ErrorCode::kGroupIdNotFound);
  world.restart_compacted();
  EXPECT_EQ(world.describe().error, ErrorCode::kGroupIdNotFound);
}

TEST_F(Offsets, CommittedToAGroupThatIsLongEmptyLiveForAWeekFromThenOn) {
  const auto ids = world.stable({consumer("a")});
  world.commit_one(10, 1, ids[0]);
  world.leave({"g", {{ids[0], {}, ""}}});
  world.advance(kWeek - hours(1));
  world.commit_one(20);  // "reset to 20"
  world.advance(hours(24));
  EXPECT_EQ(world.committed_offset(), 20);
  world.advance(kWeek);
  EXPECT_EQ(world.committed_offset(), -1);
}

TEST_F(Offsets, OfALiveGroupNeverExpireWhileSubscribed) {
  const auto ids = world.stable({consumer("a")});
  world.commit_one(10, 1, ids[0]);
  live(ids, kWeek + hours(1));
  EXPECT_EQ(world.committed_offset(), 10);
}

TEST_F(Offsets, OfALiveGroupExpireWhenNobodySubscribesToTheirTopicAnyMore) {
  world.commit_one(20, -1, "", "g", "u");
  const auto ids = world.stable({consumer("a")});
  world.commit_one(10, 1, ids[0]);
  live(ids, kWeek + hours(1));
  EXPECT_EQ(world.committed_offset("g", "u"), -1);
  EXPECT_EQ(world.committed_offset("g", "t"), 10);
}

TEST_F(Offsets, OfALiveGroupWithOpaqueMetadataNeverExpire) {
  world.commit_one(20, -1, "", "g", "u");
  JoinCommand worker = consumer("worker");
  worker.protocol_type = "connect";
  const auto ids = world.stable({worker});
  live(ids, kWeek + hours(1));
  EXPECT_EQ(world.committed_offset("g", "u"), 20);
}

TEST_F(Offsets, OfNoGroupExpireAWeekAfterTheirOwnCommit) {
  world.commit_one(10);
  world.advance(hours(24));
  world.commit_one(20, -1, "", "g", "u");
  world.advance(kWeek - hours(24) + minutes(10));
  EXPECT_EQ(world.committed_offset("g", "t"), -1);
  EXPECT_EQ(world.committed_offset("g", "u"), 20);
}

TEST_F(Offsets, WithATimeOfTheirOwnExpireAtThatTime) {
  CommitOffsetsCommand command;
  command.group = "g";
  command.retention_ms = 3'600'000;
  command.topics = {{"t", {{0, 10, -1, ""}}}};
  world.commit_offsets(command);
  world.restart();
  world.advance(minutes(50));
  EXPECT_EQ(world.committed_offset(), 10);
  world.advance(minutes(20));
  EXPECT_EQ(world.committed_offset(), -1);
}

TEST_F(Offsets, ManyTombstonesAreSplitIntoBatchesThatFit) {
  Options options;
  options.max_append_bytes = 10'000;
  GroupWorld small(options);
  for (int topic = 0; topic < 500; ++topic) {
    small.commit_one(1, -1, "", "g", "topic-" + std::to_string(topic));
  }
  small.commits_at_once = false;
  const Token token = small.delete_groups({{"g"}});
  EXPECT_GE(small.uncommitted().size(), 3U);
  while (!small.uncommitted().empty()) {
    EXPECT_FALSE(small.answered(token));
    small.commit_next();
  }
  EXPECT_EQ(small.get<DeleteGroupsAnswer>(token).groups[0].error, ErrorCode::kNone);
  EXPECT_EQ(small.stored_state(), "");
}

}  // namespace
}  // namespace barnabas::group

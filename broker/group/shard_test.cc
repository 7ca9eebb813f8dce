#include "broker/group/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/group/group_records.h"
#include "broker/group/testing/group_world.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;
using std::chrono::seconds;

JoinCommand consumer(std::string client) { return GroupWorld::consumer(std::move(client)); }

class GroupShard : public testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(world.violations(), testing::IsEmpty()); }

  ErrorCode delete_group(const std::string& name = "g") {
    return world.get<DeleteGroupsAnswer>(world.delete_groups({{name}})).groups[0].error;
  }
  std::vector<std::string> listed(ListGroupsCommand command = {}) {
    std::vector<std::string> names;
    for (const ListedGroup& group :
         world.get<ListGroupsAnswer>(world.list_groups(std::move(command))).groups) {
      names.push_back(group.group);
    }
    return names;
  }

  GroupWorld world;
};

// ---- Loading and losing leadership (S26) ----

TEST_F(GroupShard, S26_ServesNothingBeforeItIsLoaded) {
  const auto random = seeded_random(1);
  Shard shard({}, *random);
  Effects effects;
  shard.join(1, consumer("a"), world.now(), effects);
  shard.fetch_offsets(2, {"g", {}, false}, effects);
  shard.describe_group(3, {"g"}, effects);
  shard.delete_groups(4, {{"g"}}, world.now(), effects);
  ASSERT_EQ(effects.answers.size(), 4U);
  EXPECT_EQ(std::get<JoinAnswer>(effects.answers[0].result).error,
            ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_EQ(std::get<FetchOffsetsAnswer>(effects.answers[1].result).error,
            ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_EQ(std::get<DescribeGroupAnswer>(effects.answers[2].result).error,
            ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_EQ(std::get<DeleteGroupsAnswer>(effects.answers[3].result).groups[0].error,
            ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_TRUE(effects.appends.empty());
}

TEST_F(GroupShard, S26_LosingLeadershipAnswersEverybodyWhoWaits) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  world.commits_at_once = false;
  const Token commit = world.commit_one(10, 1, ids[0]);
  const Token join = world.enter(consumer("c"));
  const Token beat = world.heartbeat({"g", 1, ids[0], {}});
  EXPECT_EQ(world.get<HeartbeatAnswer>(beat).error, ErrorCode::kRebalanceInProgress);
  world.resign();
  EXPECT_TRUE(world.open().empty());
  EXPECT_EQ(world.commit_error(commit), ErrorCode::kNotCoordinator);
  EXPECT_EQ(world.get<JoinAnswer>(join).error, ErrorCode::kNotCoordinator);
  EXPECT_EQ(world.get<HeartbeatAnswer>(world.heartbeat({"g", 1, ids[0], {}})).error,
            ErrorCode::kNotCoordinator);
}

TEST_F(GroupShard, S26_AFailedAppendDropsEverythingAndReloads) {
  world.commit_one(5);
  world.commits_at_once = false;
  const Token first = world.commit_one(10);
  const Token second = world.commit_one(20);
  world.fail_next(ErrorCode::kNotEnoughReplicasAfterAppend);
  EXPECT_EQ(world.commit_error(first), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_EQ(world.commit_error(second), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_TRUE(world.shard().active()) << "reloaded";
  EXPECT_EQ(world.committed_offset(), 5);
}

TEST_F(GroupShard, S26_AFailedAppendThatIsInTheLogAllTheSameIsFoundByTheReload) {
  world.commit_one(5);
  world.commits_at_once = false;
  const Token token = world.commit_one(10);
  world.fail_next(ErrorCode::kRequestTimedOut, /*kept=*/true);
  EXPECT_EQ(world.commit_error(token), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_EQ(world.committed_offset(), 10);
}

TEST_F(GroupShard, S26_AnAppendThatFailsBecauseLeadershipIsLostSaysSo) {
  world.commits_at_once = false;
  const Token token = world.commit_one(10);
  world.fail_next(ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(world.commit_error(token), ErrorCode::kNotCoordinator);
}

TEST_F(GroupShard, S26_CompletionsOfAnEarlierLifeAreIgnored) {
  world.commits_at_once = false;
  world.commit_one(10);
  const AppendId old = world.uncommitted().front().id;
  world.fail_next(ErrorCode::kRequestTimedOut);
  const Token token = world.commit_one(20);
  Effects effects;
  world.shard().committed(old, world.now(), effects);
  world.shard().append_failed(old, ErrorCode::kRequestTimedOut, effects);
  EXPECT_TRUE(effects.answers.empty());
  EXPECT_FALSE(effects.reload);
  EXPECT_FALSE(world.answered(token));
}

TEST_F(GroupShard, S26_WhatIsDecidedOnAnUncommittedDeletionWaitsForIt) {
  world.commit_one(10);
  world.commits_at_once = false;
  const Token first = world.delete_groups({{"g"}});
  const Token second = world.delete_groups({{"g"}});
  const Token beat = world.heartbeat({"g", 1, "x", {}});
  JoinCommand join = consumer("a");
  join.member_id = "x";
  const Token joined = world.join(join);
  for (const Token token : {first, second, beat, joined}) EXPECT_FALSE(world.answered(token));
  EXPECT_EQ(world.committed_offset(), 10);
  world.commit_next();
  EXPECT_EQ(world.get<DeleteGroupsAnswer>(first).groups[0].error, ErrorCode::kNone);
  EXPECT_EQ(world.get<DeleteGroupsAnswer>(second).groups[0].error, ErrorCode::kGroupIdNotFound);
  EXPECT_EQ(world.get<JoinAnswer>(joined).error, ErrorCode::kUnknownMemberId);
}

TEST_F(GroupShard, S26_WhoJoinsAGroupThatIsBeingDeletedStartsANewOne) {
  const auto ids = world.stable({consumer("a")});
  world.commit_one(10, 1, ids[0]);
  world.leave({"g", {{ids[0], {}, ""}}});
  world.commits_at_once = false;
  world.delete_groups({{"g"}});
  const Token token = world.enter(consumer("b"));
  EXPECT_FALSE(world.answered(token));
  world.commit_all();
  EXPECT_EQ(world.get<JoinAnswer>(token).error, ErrorCode::kMemberIdRequired);
  JoinCommand join = consumer("b");
  join.member_id = world.get<JoinAnswer>(token).member_id;
  const Token joined = world.join(join);
  world.advance(seconds(3));
  EXPECT_EQ(world.get<JoinAnswer>(joined).generation, 1);
  EXPECT_EQ(world.committed_offset(), -1);
}

TEST_F(GroupShard, AStableGroupGoesOnWhereAnotherCoordinatorLeftIt) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  world.commit_one(10, 1, ids[0]);
  world.restart();
  EXPECT_EQ(world.describe().state, GroupState::kStable);
  EXPECT_EQ(world.describe().leader, ids[0]);
  EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kNone);
  EXPECT_EQ(world.commit_error(world.commit_one(11, 1, ids[1])), ErrorCode::kNone);
  const auto sync = world.get<SyncAnswer>(
      world.sync({"g", 1, ids[1], std::nullopt, std::nullopt, std::nullopt, {}}));
  EXPECT_EQ(sync.assignment, ids[1]);
}

TEST_F(GroupShard, SessionsBeginAnewWhenAGroupIsLoaded) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  world.restart();
  world.advance(seconds(9));
  EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kNone);
  world.advance(seconds(1));
  EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kRebalanceInProgress);
  EXPECT_EQ(world.describe().members.size(), 1U);
}

TEST_F(GroupShard, AGenerationThatWasNotStoredIsNotKnownAfterARestart) {
  const auto ids = world.stable({consumer("a")});
  const Token second = world.enter(consumer("b"));
  JoinCommand again = consumer("a");
  again.member_id = ids[0];
  world.join(again);
  const std::string newcomer = world.get<JoinAnswer>(second).member_id;
  world.restart();
  EXPECT_EQ(world.beat(newcomer, 2), ErrorCode::kUnknownMemberId);
  EXPECT_EQ(world.beat(ids[0], 2), ErrorCode::kIllegalGeneration);
}

TEST_F(GroupShard, AGroupThatIsLoadedAboveTheLimitGathersAnew) {
  GroupWorld large;
  const auto ids = large.stable({consumer("a"), consumer("b"), consumer("c")});
  Options options;
  options.max_group_size = 2;
  const auto random = seeded_random(1);
  Shard shard(options, *random);
  for (const LogRecord& record : large.log()) {
    ASSERT_TRUE(shard.replay(record.key, std::string_view(*record.value)).ok());
  }
  Effects effects;
  shard.loaded(large.now(), effects);
  ASSERT_EQ(effects.rebalances.size(), 1U);
  EXPECT_EQ(effects.rebalances[0].reason.kind, RebalanceKind::kOverCapacity);
  effects = {};
  JoinCommand again = consumer("a");
  for (const Token token : {0U, 1U, 2U}) {
    again.member_id = ids[token];
    shard.join(token, again, large.now(), effects);
  }
  ASSERT_FALSE(effects.answers.empty());
  EXPECT_EQ(effects.answers[0].token, 2U);
  EXPECT_EQ(std::get<JoinAnswer>(effects.answers[0].result).error, ErrorCode::kGroupMaxSizeReached);
  EXPECT_EQ(effects.answers.size(), 3U);
}

TEST_F(GroupShard, RecordsOfUnknownKindsArePassedOver) {
  EXPECT_TRUE(world.shard().replay(std::string("\0\x08what", 6), std::string_view("x")).ok());
}

TEST_F(GroupShard, ADamagedRecordIsRefused) {
  EXPECT_EQ(world.shard().replay("", std::nullopt).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(world.shard().replay(std::string("\0\x02\0\x09g", 5), std::nullopt).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(
      world.shard().replay(std::string("\0\x02\0\x01g", 5), std::string_view("\x7f\0", 2)).code(),
      absl::StatusCode::kDataLoss);
}

// A log that passed its checksums and still holds nonsense must not take the broker down.
TEST_F(GroupShard, NonsenseInTheLogNeitherCrashesTheLoadingNorWhatFollows) {
  StoredGroup stored;
  stored.protocol_type = "consumer";
  stored.generation = std::numeric_limits<int32_t>::max();
  stored.protocol = "range";
  stored.leader = "nobody";
  for (const char* id : {"m1", "m2", "m1", ""}) {
    stored.members.push_back({id, "one", "c", "/h", -7, -7, subscription({"t"}), "A"});
  }
  const LogRecord group = group_record("g", stored);
  const LogRecord offset = offset_record("g", {"t", -1, StoredOffset{-5, -5, "x", -1, -1}});
  const auto random = seeded_random(7);
  for (int round = 0; round < 3'000; ++round) {
    std::string key = round % 2 == 0 ? group.key : offset.key;
    std::string value = round % 2 == 0 ? *group.value : *offset.value;
    for (uint64_t flips = random->below(4); flips > 0; --flips) {
      std::string& target = random->chance(20) ? key : value;
      target[random->below(target.size())] = static_cast<char>(random->next());
    }
    Shard shard({}, *random);
    // Whether it is refused or taken is the decoder's business.
    (void)shard.replay(key, std::string_view(value));
    Effects effects;
    shard.loaded(world.now(), effects);
    JoinCommand join = consumer("a");
    join.require_member_id = false;
    shard.join(1, join, world.now(), effects);
    shard.commit_offsets(2, {"g", -1, "", {}, -1, false, {{"t", {{0, 1, 1, ""}}}}}, world.now(),
                         effects);
    Now later = world.now();
    for (int hour = 0; hour < 3; ++hour) {
      later.steady += std::chrono::hours(1);
      shard.tick(later, effects);
    }
    shard.resign(effects);
    EXPECT_EQ(effects.answers.size(), 2U) << "round " << round;
  }
}

// ---- ListGroups, DescribeGroups, DeleteGroups ----

TEST_F(GroupShard, GroupsAreListedByNameStateAndType) {
  world.stable({consumer("a")});
  world.commit_one(10, -1, "", "simple");
  EXPECT_THAT(listed(), testing::ElementsAre("g", "simple"));
  EXPECT_THAT(listed({{"stable"}, {}}), testing::ElementsAre("g"));
  EXPECT_THAT(listed({{"EMPTY", "Dead"}, {}}), testing::ElementsAre("simple"));
  EXPECT_THAT(listed({{}, {"Classic"}}), testing::ElementsAre("g", "simple"));
  EXPECT_THAT(listed({{}, {"consumer"}}), testing::IsEmpty());
  const auto groups = world.get<ListGroupsAnswer>(world.list_groups({})).groups;
  EXPECT_EQ(groups[0].protocol_type, "consumer");
  EXPECT_EQ(groups[0].state, GroupState::kStable);
  EXPECT_EQ(groups[1].protocol_type, "");
}

TEST_F(GroupShard, S26_AGroupThatIsNotCommittedIsNotListed) {
  world.commits_at_once = false;
  world.commit_one(10);
  EXPECT_THAT(listed(), testing::IsEmpty());
  EXPECT_EQ(world.describe().error, ErrorCode::kGroupIdNotFound);
  world.commit_all();
  EXPECT_THAT(listed(), testing::ElementsAre("g"));
}

TEST_F(GroupShard, AGroupIsDescribedWithItsMembers) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  const auto answer = world.describe();
  EXPECT_EQ(answer.error, ErrorCode::kNone);
  EXPECT_EQ(answer.state, GroupState::kStable);
  EXPECT_EQ(answer.protocol, "range");
  EXPECT_EQ(answer.generation, 1);
  ASSERT_EQ(answer.members.size(), 2U);
  EXPECT_EQ(answer.members[0].client_host, "/127.0.0.1");
  EXPECT_EQ(answer.members[0].assignment, answer.members[0].member_id);
  EXPECT_EQ(answer.last_rebalance->kind, RebalanceKind::kMemberJoined);
}

TEST_F(GroupShard, MetadataIsNotShownWhileAGroupIsNotStable) {
  world.stable({consumer("a")});
  world.enter(consumer("b"));
  const auto answer = world.describe();
  EXPECT_EQ(answer.protocol, "");
  EXPECT_EQ(answer.members[0].metadata, "");
}

TEST_F(GroupShard, AnUnknownGroupIsDescribedAsDead) {
  const auto answer = world.describe("nobody");
  EXPECT_EQ(answer.error, ErrorCode::kGroupIdNotFound);
  EXPECT_EQ(answer.state, GroupState::kDead);
}

TEST_F(GroupShard, AGroupWithMembersIsNotDeleted) {
  const auto ids = world.stable({consumer("a")});
  EXPECT_EQ(delete_group(), ErrorCode::kNonEmptyGroup);
  world.enter(consumer("b"));
  EXPECT_EQ(delete_group(), ErrorCode::kNonEmptyGroup);
  EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kRebalanceInProgress);
}

TEST_F(GroupShard, AnUnknownGroupIsNotDeleted) {
  EXPECT_EQ(delete_group(), ErrorCode::kGroupIdNotFound);
}

TEST_F(GroupShard, AnEmptyGroupIsDeletedWithItsOffsets) {
  const auto ids = world.stable({consumer("a")});
  world.commit_one(10, 1, ids[0]);
  world.leave({"g", {{ids[0], {}, ""}}});
  EXPECT_EQ(delete_group(), ErrorCode::kNone);
  EXPECT_THAT(listed(), testing::IsEmpty());
  EXPECT_EQ(world.committed_offset(), -1);
  world.restart_compacted();
  EXPECT_THAT(listed(), testing::IsEmpty());
  EXPECT_EQ(world.stored_state(), "");
}

TEST_F(GroupShard, AnEmptyGroupWithoutOffsetsGoesWithTheNextCheck) {
  const auto ids = world.stable({consumer("a")});
  world.leave({"g", {{ids[0], {}, ""}}});
  EXPECT_THAT(listed(), testing::ElementsAre("g"));
  world.advance(std::chrono::minutes(10));
  EXPECT_THAT(listed(), testing::IsEmpty());
  EXPECT_EQ(world.replayed_state(), "");
}

// ---- Reasons and figures ----

TEST_F(GroupShard, EveryRebalanceHasAReasonThatIsToldCountedAndShown) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  world.leave({"g", {{ids[1], {}, "shutting down"}}});
  ASSERT_EQ(world.rebalances().size(), 2U);
  EXPECT_EQ(world.rebalances()[0].group, "g");
  EXPECT_EQ(world.rebalances()[0].reason.kind, RebalanceKind::kMemberJoined);
  const RebalanceReason& left = world.rebalances()[1].reason;
  EXPECT_EQ(left.kind, RebalanceKind::kMemberLeft);
  EXPECT_EQ(left.text, "member " + ids[1] + " left; client reason: shutting down");
  EXPECT_EQ(left.generation, 1);
  EXPECT_EQ(left.number, 2);
  EXPECT_EQ(left.at, world.now().wall);
  EXPECT_EQ(world.describe().last_rebalance->text, left.text);
  const Statistics statistics = world.shard().statistics();
  EXPECT_EQ(statistics.rebalances[static_cast<size_t>(RebalanceKind::kMemberJoined)], 1U);
  EXPECT_EQ(statistics.rebalances[static_cast<size_t>(RebalanceKind::kMemberLeft)], 1U);
  EXPECT_EQ(statistics.completed_rebalances, 1U);
}

TEST_F(GroupShard, StatisticsCountWhatIsThere) {
  world.stable({consumer("a"), consumer("b")});
  world.commit_one(10, -1, "", "simple");
  const Statistics statistics = world.shard().statistics();
  EXPECT_EQ(statistics.groups_by_state[static_cast<size_t>(GroupState::kStable)], 1U);
  EXPECT_EQ(statistics.groups_by_state[static_cast<size_t>(GroupState::kEmpty)], 1U);
  EXPECT_EQ(statistics.members, 2U);
  EXPECT_EQ(statistics.offsets, 1U);
  EXPECT_EQ(statistics.offset_commits, 1U);
  size_t seen = 0;
  world.shard().each_offset(
      [&](std::string_view group, std::string_view topic, int32_t partition, int64_t offset) {
        ++seen;
        EXPECT_EQ(group, "simple");
        EXPECT_EQ(topic, "t");
        EXPECT_EQ(partition, 0);
        EXPECT_EQ(offset, 10);
      });
  EXPECT_EQ(seen, 1U);
  std::map<std::string, size_t> members;
  world.shard().each_group([&](std::string_view group, GroupState state, size_t size) {
    members[std::string(group) + " " + name_of(state)] = size;
  });
  EXPECT_EQ(members, (std::map<std::string, size_t>{{"g Stable", 2}, {"simple Empty", 0}}));
}

TEST_F(GroupShard, EveryKindOfReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t kind = 0; kind < kRebalanceKinds; ++kind) {
    names.insert(name_of(static_cast<RebalanceKind>(kind)));
  }
  EXPECT_EQ(names.size(), kRebalanceKinds);
  EXPECT_EQ(names.count("unknown"), 0U);
}

}  // namespace
}  // namespace barnabas::group

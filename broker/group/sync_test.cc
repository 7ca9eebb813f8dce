#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/group/testing/group_world.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

JoinCommand consumer(std::string client) { return GroupWorld::consumer(std::move(client)); }

class Sync : public testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(world.violations(), testing::IsEmpty()); }

  // Two members, joined and not synced; the first leads.
  void join_two() {
    const Token a = world.enter(consumer("a"));
    const Token b = world.enter(consumer("b"));
    world.advance(seconds(6));
    leader = world.get<JoinAnswer>(a).member_id;
    follower = world.get<JoinAnswer>(b).member_id;
  }
  SyncCommand by(const std::string& member_id, int32_t generation = 1) {
    SyncCommand command;
    command.group = "g";
    command.generation = generation;
    command.member_id = member_id;
    return command;
  }
  SyncCommand by_leader() {
    SyncCommand command = by(leader);
    command.assignments = {{leader, "left half"}, {follower, "right half"}};
    return command;
  }
  ErrorCode error_of(Token token) { return world.get<SyncAnswer>(token).error; }

  GroupWorld world;
  std::string leader;
  std::string follower;
};

TEST_F(Sync, FollowersWaitForTheLeadersAssignment) {
  join_two();
  const Token waits = world.sync(by(follower));
  EXPECT_FALSE(world.answered(waits));
  const Token leads = world.sync(by_leader());
  EXPECT_EQ(world.get<SyncAnswer>(leads).assignment, "left half");
  EXPECT_EQ(world.get<SyncAnswer>(waits).assignment, "right half");
  EXPECT_EQ(world.get<SyncAnswer>(waits).protocol, "range");
  EXPECT_EQ(world.describe().state, GroupState::kStable);
}

TEST_F(Sync, S26_NobodyGetsAnAssignmentBeforeItIsCommitted) {
  join_two();
  world.commits_at_once = false;
  const Token waits = world.sync(by(follower));
  const Token leads = world.sync(by_leader());
  ASSERT_EQ(world.uncommitted().size(), 1U);
  EXPECT_FALSE(world.answered(leads));
  EXPECT_EQ(world.describe().state, GroupState::kCompletingRebalance);
  world.commit_next();
  EXPECT_TRUE(world.answered(leads));
  EXPECT_TRUE(world.answered(waits));
}

TEST_F(Sync, TheLeadersSecondRequestStoresNothingAgain) {
  join_two();
  world.commits_at_once = false;
  const Token first = world.sync(by_leader());
  const Token second = world.sync(by_leader());
  EXPECT_EQ(world.uncommitted().size(), 1U);
  EXPECT_EQ(error_of(first), ErrorCode::kRebalanceInProgress);
  world.commit_next();
  EXPECT_EQ(error_of(second), ErrorCode::kNone);
}

TEST_F(Sync, AMemberThatTheLeaderForgetsGetsNothing) {
  join_two();
  SyncCommand command = by_leader();
  command.assignments.pop_back();
  command.assignments.push_back({"a stranger", "something"});
  world.sync(command);
  EXPECT_EQ(world.get<SyncAnswer>(world.sync(by(follower))).assignment, "");
}

TEST_F(Sync, LateFollowersGetTheirAssignmentAtOnce) {
  join_two();
  world.sync(by_leader());
  EXPECT_EQ(world.get<SyncAnswer>(world.sync(by(follower))).assignment, "right half");
}

TEST_F(Sync, AnotherGenerationIsRefused) {
  join_two();
  EXPECT_EQ(error_of(world.sync(by(follower, 0))), ErrorCode::kIllegalGeneration);
  EXPECT_EQ(error_of(world.sync(by(follower, 2))), ErrorCode::kIllegalGeneration);
}

TEST_F(Sync, AnUnknownMemberOrGroupIsRefused) {
  EXPECT_EQ(error_of(world.sync(by("x"))), ErrorCode::kUnknownMemberId);
  join_two();
  EXPECT_EQ(error_of(world.sync(by("x"))), ErrorCode::kUnknownMemberId);
  SyncCommand command = by("x");
  command.group = "";
  EXPECT_EQ(error_of(world.sync(command)), ErrorCode::kInvalidGroupId);
}

TEST_F(Sync, AnotherProtocolThanTheChosenOneIsRefused) {
  join_two();
  SyncCommand command = by(follower);
  command.protocol = "sticky";
  EXPECT_EQ(error_of(world.sync(command)), ErrorCode::kInconsistentGroupProtocol);
  command = by(follower);
  command.protocol_type = "connect";
  EXPECT_EQ(error_of(world.sync(command)), ErrorCode::kInconsistentGroupProtocol);
}

TEST_F(Sync, WhileTheGroupGathersItIsRefused) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  world.enter(consumer("c"));
  EXPECT_EQ(error_of(world.sync(by(ids[1]))), ErrorCode::kRebalanceInProgress);
}

TEST_F(Sync, ANewRebalanceSendsThoseWhoWaitBack) {
  join_two();
  const Token waits = world.sync(by(follower));
  world.enter(consumer("c"));
  EXPECT_EQ(error_of(waits), ErrorCode::kRebalanceInProgress);
}

TEST_F(Sync, AnAssignmentThatIsOvertakenByARebalanceIsNotGivenOut) {
  join_two();
  world.commits_at_once = false;
  const Token leads = world.sync(by_leader());
  world.enter(consumer("c"));
  EXPECT_EQ(error_of(leads), ErrorCode::kRebalanceInProgress);
  world.commit_all();
  EXPECT_EQ(world.describe().state, GroupState::kPreparingRebalance);
}

TEST_F(Sync, WhoDoesNotSyncWithinTheRebalanceTimeoutIsOut) {
  join_two();
  world.sync(by_leader());
  for (int second = 0; second < 60; ++second) {
    world.beat(leader, 1);
    world.beat(follower, 1);
    world.advance(seconds(1));
  }
  const auto described = world.describe();
  EXPECT_EQ(described.state, GroupState::kPreparingRebalance);
  ASSERT_EQ(described.members.size(), 1U);
  EXPECT_EQ(described.members[0].member_id, leader);
  EXPECT_EQ(described.last_rebalance->kind, RebalanceKind::kSyncTimedOut);
}

TEST_F(Sync, ALeaderThatNeverAssignsLosesItsPlace) {
  join_two();
  const Token waits = world.sync(by(follower));
  for (int second = 0; second < 60; ++second) {
    EXPECT_FALSE(world.answered(waits));
    world.beat(leader, 1);
    world.advance(seconds(1));
  }
  EXPECT_EQ(error_of(waits), ErrorCode::kRebalanceInProgress);
  JoinCommand again = consumer("b");
  again.member_id = follower;
  EXPECT_EQ(world.get<JoinAnswer>(world.join(again)).leader, follower);
}

TEST_F(Sync, AnAssignmentThatIsTooLargeToStoreIsRefusedToAll) {
  join_two();
  const Token waits = world.sync(by(follower));
  SyncCommand command = by_leader();
  command.assignments[0].assignment = std::string(2'000'000, 'x');
  EXPECT_EQ(error_of(world.sync(command)), ErrorCode::kUnknownServerError);
  EXPECT_EQ(error_of(waits), ErrorCode::kUnknownServerError);
  const auto described = world.describe();
  EXPECT_EQ(described.state, GroupState::kPreparingRebalance);
  EXPECT_EQ(described.last_rebalance->kind, RebalanceKind::kAssignmentTooLarge);
}

// ---- Heartbeats and sessions ----

class Session : public Sync {};

TEST_F(Session, AHeartbeatKeepsAMemberAlive) {
  const auto ids = world.stable({consumer("a")});
  for (int i = 0; i < 10; ++i) {
    world.advance(milliseconds(9'999));
    EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kNone);
  }
  world.advance(milliseconds(9'999));
  EXPECT_EQ(world.describe().state, GroupState::kStable);
  world.advance(milliseconds(1));
  EXPECT_EQ(world.describe().state, GroupState::kEmpty);
  EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kUnknownMemberId);
}

TEST_F(Session, AHeartbeatOfAnotherGenerationIsRefused) {
  const auto ids = world.stable({consumer("a")});
  EXPECT_EQ(world.beat(ids[0], 0), ErrorCode::kIllegalGeneration);
  EXPECT_EQ(world.beat(ids[0], 2), ErrorCode::kIllegalGeneration);
}

TEST_F(Session, AHeartbeatOfAnUnknownMemberOrGroupIsRefused) {
  EXPECT_EQ(world.beat("x", 1), ErrorCode::kUnknownMemberId);
  world.stable({consumer("a")});
  EXPECT_EQ(world.beat("x", 1), ErrorCode::kUnknownMemberId);
  EXPECT_EQ(world.beat("x", 1, ""), ErrorCode::kInvalidGroupId);
}

TEST_F(Session, HeartbeatsBeforeTheAssignmentAreGood) {
  join_two();
  EXPECT_EQ(world.beat(follower, 1), ErrorCode::kNone);
}

TEST_F(Session, HeartbeatsWhileTheGroupGathersKeepAMemberAlive) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  const Token token = world.enter(consumer("c"));
  for (int second = 0; second < 30; ++second) {
    EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kRebalanceInProgress);
    EXPECT_EQ(world.beat(ids[1], 1), ErrorCode::kRebalanceInProgress);
    world.advance(seconds(1));
  }
  EXPECT_FALSE(world.answered(token));
}

TEST_F(Session, AMemberThatDiesCausesARebalanceOfTheOthers) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  for (int second = 0; second < 10; ++second) {
    world.advance(seconds(1));
    world.beat(ids[1], 1);
  }
  EXPECT_EQ(world.beat(ids[1], 1), ErrorCode::kRebalanceInProgress);
  EXPECT_EQ(world.describe().last_rebalance->kind, RebalanceKind::kSessionExpired);
  JoinCommand again = consumer("b");
  again.member_id = ids[1];
  EXPECT_EQ(world.get<JoinAnswer>(world.join(again)).leader, ids[1]);
}

TEST_F(Session, WhoWaitsForTheCoordinatorDoesNotExpire) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  world.enter(consumer("c"));
  JoinCommand again = consumer("b");
  again.member_id = ids[1];
  const Token token = world.join(again);
  for (int second = 0; second < 30; ++second) {
    world.beat(ids[0], 1);
    world.advance(seconds(1));
  }
  EXPECT_FALSE(world.answered(token));
  EXPECT_EQ(world.describe().members.size(), 3U);
}

// ---- Leaving ----

class Leave : public Sync {
 protected:
  LeaveAnswer leave(const std::string& member_id,
                    std::optional<std::string> instance = std::nullopt) {
    return world.get<LeaveAnswer>(world.leave({"g", {{member_id, std::move(instance), "bye"}}}));
  }
};

TEST_F(Leave, CausesARebalanceOfThoseWhoStay) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  EXPECT_EQ(leave(ids[0]).members[0].error, ErrorCode::kNone);
  EXPECT_EQ(world.beat(ids[1], 1), ErrorCode::kRebalanceInProgress);
  EXPECT_EQ(world.describe().last_rebalance->kind, RebalanceKind::kMemberLeft);
  EXPECT_THAT(world.describe().last_rebalance->text, testing::HasSubstr("bye"));
}

TEST_F(Leave, OfTheLastMemberEmptiesTheGroup) {
  const auto ids = world.stable({consumer("a")});
  leave(ids[0]);
  EXPECT_EQ(world.describe().state, GroupState::kEmpty);
  EXPECT_EQ(world.describe().generation, 2);
}

TEST_F(Leave, IsAnsweredForEachMember) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  const auto answer = world.get<LeaveAnswer>(
      world.leave({"g", {{ids[0], {}, ""}, {"x", {}, ""}, {ids[0], {}, ""}}}));
  EXPECT_EQ(answer.error, ErrorCode::kNone);
  ASSERT_EQ(answer.members.size(), 3U);
  EXPECT_EQ(answer.members[0].error, ErrorCode::kNone);
  EXPECT_EQ(answer.members[1].error, ErrorCode::kUnknownMemberId);
  EXPECT_EQ(answer.members[2].error, ErrorCode::kUnknownMemberId);
}

TEST_F(Leave, OfAnUnknownGroupKnowsNobody) {
  EXPECT_EQ(leave("x").members[0].error, ErrorCode::kUnknownMemberId);
  EXPECT_EQ(world.get<LeaveAnswer>(world.leave({"", {{"x", {}, ""}}})).error,
            ErrorCode::kInvalidGroupId);
}

TEST_F(Leave, AnIdThatWasOnlyGivenOutLeavesWithoutARebalance) {
  world.stable({consumer("a")});
  const std::string pending = world.get<JoinAnswer>(world.join(consumer("b"))).member_id;
  EXPECT_EQ(leave(pending).members[0].error, ErrorCode::kNone);
  EXPECT_EQ(world.describe().state, GroupState::kStable);
  JoinCommand late = consumer("b");
  late.member_id = pending;
  EXPECT_EQ(world.get<JoinAnswer>(world.join(late)).error, ErrorCode::kUnknownMemberId);
}

TEST_F(Leave, AParkedJoinOfTheOneWhoLeavesIsAnswered) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  world.enter(consumer("c"));
  JoinCommand again = consumer("b");
  again.member_id = ids[1];
  const Token token = world.join(again);
  leave(ids[1]);
  EXPECT_EQ(world.get<JoinAnswer>(token).error, ErrorCode::kUnknownMemberId);
}

TEST_F(Leave, AParkedSyncOfTheOneWhoLeavesIsAnswered) {
  join_two();
  const Token waits = world.sync(by(follower));
  leave(follower);
  EXPECT_EQ(error_of(waits), ErrorCode::kUnknownMemberId);
}

TEST_F(Leave, OfTheOneThatTheOthersWaitForLetsThemGoOn) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  JoinCommand again = consumer("a");
  again.member_id = ids[0];
  const Token token = world.join(again);
  EXPECT_FALSE(world.answered(token));
  leave(ids[1]);
  EXPECT_EQ(world.get<JoinAnswer>(token).generation, 2);
}

}  // namespace
}  // namespace barnabas::group

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/group/testing/group_world.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;
using std::chrono::seconds;

JoinCommand fixed(const std::string& instance) {
  JoinCommand command = GroupWorld::consumer("client");
  command.instance_id = instance;
  command.require_member_id = false;
  command.can_skip_assignment = true;
  return command;
}

class StaticMembers : public testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(world.violations(), testing::IsEmpty()); }

  // Two static members in a stable generation 1; the first leads.
  void make_stable() { ids = world.stable({fixed("one"), fixed("two")}); }

  GroupWorld world;
  std::vector<std::string> ids;
};

TEST_F(StaticMembers, JoinAtOnceWithAnIdMadeOfTheInstance) {
  make_stable();
  EXPECT_THAT(ids[0], testing::StartsWith("one-"));
  EXPECT_EQ(world.describe().members[0].instance_id, "one");
}

TEST_F(StaticMembers, AFollowerThatComesBackTakesItsPlaceWithoutARebalance) {
  make_stable();
  const auto answer = world.get<JoinAnswer>(world.join(fixed("two")));
  EXPECT_EQ(answer.error, ErrorCode::kNone);
  EXPECT_EQ(answer.generation, 1);
  EXPECT_NE(answer.member_id, ids[1]);
  EXPECT_EQ(answer.leader, ids[0]);
  EXPECT_FALSE(answer.skip_assignment);
  const auto sync = world.get<SyncAnswer>(
      world.sync({"g", 1, answer.member_id, "two", std::nullopt, std::nullopt, {}}));
  EXPECT_EQ(sync.assignment, ids[1]);  // what its earlier self was given
  EXPECT_EQ(world.describe().state, GroupState::kStable);
  EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kNone);
}

TEST_F(StaticMembers, ALeaderThatComesBackIsToldToSkipTheAssignment) {
  make_stable();
  const auto answer = world.get<JoinAnswer>(world.join(fixed("one")));
  EXPECT_EQ(answer.generation, 1);
  EXPECT_EQ(answer.leader, answer.member_id);
  EXPECT_TRUE(answer.skip_assignment);
  EXPECT_EQ(answer.members.size(), 2U);
  EXPECT_EQ(world.describe().state, GroupState::kStable);
}

TEST_F(StaticMembers, ALeaderOfAnOldVersionIsGivenItsOldIdAsTheLeaders) {
  make_stable();
  JoinCommand old = fixed("one");
  old.can_skip_assignment = false;
  const auto answer = world.get<JoinAnswer>(world.join(old));
  EXPECT_EQ(answer.leader, ids[0]);
  EXPECT_NE(answer.member_id, ids[0]);
  EXPECT_TRUE(answer.members.empty());
}

TEST_F(StaticMembers, TheOldIdIsFencedFromThenOn) {
  make_stable();
  world.join(fixed("two"));
  EXPECT_EQ(world.get<HeartbeatAnswer>(world.heartbeat({"g", 1, ids[1], "two"})).error,
            ErrorCode::kFencedInstanceId);
  EXPECT_EQ(
      world.get<SyncAnswer>(world.sync({"g", 1, ids[1], "two", std::nullopt, std::nullopt, {}}))
          .error,
      ErrorCode::kFencedInstanceId);
  JoinCommand old_self = fixed("two");
  old_self.member_id = ids[1];
  EXPECT_EQ(world.get<JoinAnswer>(world.join(old_self)).error, ErrorCode::kFencedInstanceId);
  CommitOffsetsCommand commit;
  commit.group = "g";
  commit.generation = 1;
  commit.member_id = ids[1];
  commit.instance_id = "two";
  commit.topics = {{"t", {{0, 5, -1, ""}}}};
  EXPECT_EQ(world.commit_error(world.commit_offsets(commit)), ErrorCode::kFencedInstanceId);
  const auto leave = world.get<LeaveAnswer>(world.leave({"g", {{ids[1], "two", ""}}}));
  EXPECT_EQ(leave.members[0].error, ErrorCode::kFencedInstanceId);
}

TEST_F(StaticMembers, AnInstanceThatIsNotThereIsUnknown) {
  make_stable();
  EXPECT_EQ(world.get<HeartbeatAnswer>(world.heartbeat({"g", 1, ids[1], "three"})).error,
            ErrorCode::kUnknownMemberId);
}

TEST_F(StaticMembers, S26_TheNewIdIsStoredBeforeItIsToldAndFencingWaitsForThat) {
  make_stable();
  world.commits_at_once = false;
  const Token join = world.join(fixed("two"));
  const Token fenced = world.heartbeat({"g", 1, ids[1], "two"});
  EXPECT_FALSE(world.answered(join));
  EXPECT_FALSE(world.answered(fenced));
  world.commit_all();
  EXPECT_TRUE(world.answered(join));
  EXPECT_EQ(world.get<HeartbeatAnswer>(fenced).error, ErrorCode::kFencedInstanceId);
}

TEST_F(StaticMembers, S26_AReturnThatIsOvertakenByAnotherIsFencedWhenThatIsStored) {
  make_stable();
  world.commits_at_once = false;
  const Token first = world.join(fixed("two"));
  const Token second = world.join(fixed("two"));
  world.commit_next();
  EXPECT_FALSE(world.answered(first));
  EXPECT_FALSE(world.answered(second));
  world.commit_next();
  EXPECT_EQ(world.get<JoinAnswer>(first).error, ErrorCode::kFencedInstanceId);
  EXPECT_EQ(world.get<JoinAnswer>(second).generation, 1);
}

TEST_F(StaticMembers, OwnedPartitionsThatDifferCauseNoRebalance) {
  make_stable();
  JoinCommand again = fixed("two");
  again.protocols[0].metadata = subscription({"t"}, "what it owned");
  EXPECT_EQ(world.get<JoinAnswer>(world.join(again)).generation, 1);
  EXPECT_EQ(world.describe().state, GroupState::kStable);
}

TEST_F(StaticMembers, AnotherSubscriptionCausesARebalance) {
  make_stable();
  JoinCommand again = fixed("two");
  again.protocols[0].metadata = subscription({"t", "u"});
  EXPECT_FALSE(world.answered(world.join(again)));
  EXPECT_EQ(world.describe().state, GroupState::kPreparingRebalance);
  EXPECT_EQ(world.describe().last_rebalance->kind, RebalanceKind::kSubscriptionChanged);
}

TEST_F(StaticMembers, AnotherChosenProtocolCausesARebalance) {
  JoinCommand one = fixed("one");
  one.protocols = {{"range", subscription({"t"})}, {"sticky", subscription({"t"})}};
  ids = world.stable({one});
  std::swap(one.protocols[0], one.protocols[1]);
  const auto answer = world.get<JoinAnswer>(world.join(one));
  EXPECT_EQ(answer.generation, 2);
  EXPECT_EQ(answer.protocol, "sticky");
  EXPECT_EQ(world.describe().last_rebalance->kind, RebalanceKind::kStaticReplaced);
}

TEST_F(StaticMembers, ComingBackBeforeTheAssignmentCausesARebalance) {
  const Token one = world.join(fixed("one"));
  const Token two = world.join(fixed("two"));
  world.advance(seconds(6));
  const std::string id = world.get<JoinAnswer>(two).member_id;
  const Token waits = world.sync({"g", 1, id, "two", std::nullopt, std::nullopt, {}});
  EXPECT_FALSE(world.answered(world.join(fixed("two"))));
  EXPECT_EQ(world.get<SyncAnswer>(waits).error, ErrorCode::kFencedInstanceId);
  EXPECT_EQ(world.beat(world.get<JoinAnswer>(one).member_id, 1), ErrorCode::kRebalanceInProgress);
}

TEST_F(StaticMembers, AParkedJoinOfTheOldSelfIsFenced) {
  const Token first = world.join(fixed("one"));
  const Token second = world.join(fixed("one"));
  EXPECT_EQ(world.get<JoinAnswer>(first).error, ErrorCode::kFencedInstanceId);
  world.advance(seconds(6));
  EXPECT_EQ(world.get<JoinAnswer>(second).error, ErrorCode::kNone);
  EXPECT_EQ(world.describe().members.size(), 1U);
}

TEST_F(StaticMembers, KeepTheirPlaceInARebalanceUntilTheirSessionEnds) {
  JoinCommand patient = fixed("two");
  patient.session_timeout_ms = 300'000;
  ids = world.stable({fixed("one"), patient});
  world.enter(GroupWorld::consumer("c"));
  JoinCommand again = fixed("one");
  again.member_id = ids[0];
  const Token token = world.join(again);
  world.advance(seconds(60));
  EXPECT_EQ(world.get<JoinAnswer>(token).generation, 2);
  EXPECT_EQ(world.get<JoinAnswer>(token).members.size(), 3U);
}

TEST_F(StaticMembers, AreRemovedByTheirInstanceId) {
  make_stable();
  const auto answer = world.get<LeaveAnswer>(
      world.leave({"g", {{"", "two", ""}, {"", "three", ""}, {"", std::nullopt, ""}}}));
  EXPECT_EQ(answer.members[0].error, ErrorCode::kNone);
  EXPECT_EQ(answer.members[1].error, ErrorCode::kUnknownMemberId);
  EXPECT_EQ(answer.members[2].error, ErrorCode::kUnknownMemberId);
  EXPECT_EQ(world.describe().last_rebalance->kind, RebalanceKind::kMemberRemoved);
  EXPECT_EQ(world.describe().members.size(), 1U);
}

TEST_F(StaticMembers, ARebalanceThatOvertakesTheReturnTakesItAlong) {
  make_stable();
  world.commits_at_once = false;
  const Token back = world.join(fixed("two"));
  JoinCommand leader = fixed("one");
  leader.member_id = ids[0];
  const Token one = world.join(leader);
  EXPECT_FALSE(world.answered(back));
  world.commit_all();
  EXPECT_EQ(world.get<JoinAnswer>(back).generation, 2);
  EXPECT_EQ(world.get<JoinAnswer>(one).generation, 2);
}

TEST_F(StaticMembers, SurviveARestartOfTheCoordinator) {
  make_stable();
  const std::string new_id = world.get<JoinAnswer>(world.join(fixed("two"))).member_id;
  world.restart();
  EXPECT_EQ(world.get<HeartbeatAnswer>(world.heartbeat({"g", 1, new_id, "two"})).error,
            ErrorCode::kNone);
  EXPECT_EQ(world.get<HeartbeatAnswer>(world.heartbeat({"g", 1, ids[1], "two"})).error,
            ErrorCode::kFencedInstanceId);
}

}  // namespace
}  // namespace barnabas::group

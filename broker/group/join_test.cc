#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/group/testing/group_world.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

JoinCommand consumer(std::string client) { return GroupWorld::consumer(std::move(client)); }

class Join : public testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(world.violations(), testing::IsEmpty()); }

  ErrorCode error_of(Token token) { return world.get<JoinAnswer>(token).error; }

  GroupWorld world;
};

TEST_F(Join, ANewMemberIsSentAwayWithItsId) {
  const auto answer = world.get<JoinAnswer>(world.join(consumer("app")));
  EXPECT_EQ(answer.error, ErrorCode::kMemberIdRequired);
  EXPECT_THAT(answer.member_id,
              testing::MatchesRegex("app-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-"
                                    "[0-9a-f]{12}"));
  EXPECT_EQ(answer.generation, -1);
}

TEST_F(Join, AnOldClientIsLetInWithoutAnIdOfItsOwn) {
  JoinCommand old = consumer("app");
  old.require_member_id = false;
  const Token token = world.join(old);
  world.advance(seconds(3));
  EXPECT_EQ(error_of(token), ErrorCode::kNone);
}

TEST_F(Join, AnIdThatIsNotUsedWithinTheSessionIsForgotten) {
  JoinCommand command = consumer("app");
  command.member_id = world.get<JoinAnswer>(world.join(command)).member_id;
  world.advance(seconds(10));
  EXPECT_EQ(error_of(world.join(command)), ErrorCode::kUnknownMemberId);
  EXPECT_EQ(world.describe().error, ErrorCode::kGroupIdNotFound);
}

TEST_F(Join, TheFirstRebalanceWaitsForTheInitialDelay) {
  const Token token = world.enter(consumer("app"));
  world.advance(milliseconds(2'999));
  EXPECT_FALSE(world.answered(token));
  world.advance(milliseconds(1));
  const auto answer = world.get<JoinAnswer>(token);
  EXPECT_EQ(answer.error, ErrorCode::kNone);
  EXPECT_EQ(answer.generation, 1);
  EXPECT_EQ(answer.protocol, "range");
  EXPECT_EQ(answer.protocol_type, "consumer");
  EXPECT_EQ(answer.leader, answer.member_id);
  ASSERT_EQ(answer.members.size(), 1U);
  EXPECT_EQ(answer.members[0].metadata, subscription({"t"}));
}

TEST_F(Join, TheInitialDelayIsExtendedWhileMembersArrive) {
  const Token first = world.enter(consumer("a"));
  world.advance(seconds(2));
  const Token second = world.enter(consumer("b"));
  world.advance(seconds(2));  // 4: extended to 6
  EXPECT_FALSE(world.answered(first));
  const Token third = world.enter(consumer("c"));
  world.advance(seconds(4));  // 8: extended to 9
  EXPECT_FALSE(world.answered(first));
  world.advance(seconds(1));
  for (const Token token : {first, second, third}) {
    EXPECT_EQ(world.get<JoinAnswer>(token).generation, 1);
  }
}

TEST_F(Join, TheInitialDelayIsNeverExtendedBeyondTheRebalanceTimeout) {
  JoinCommand impatient = consumer("a");
  impatient.rebalance_timeout_ms = 7'000;
  const Token first = world.enter(impatient);
  for (int second = 0; second < 7; ++second) {
    EXPECT_FALSE(world.answered(first)) << second;
    world.enter(consumer("other"));
    world.advance(seconds(1));
  }
  EXPECT_TRUE(world.answered(first));
}

TEST_F(Join, WithoutAnInitialDelayTheFirstMemberIsAnsweredAtOnce) {
  Options options;
  options.initial_rebalance_delay = Duration::zero();
  GroupWorld quick(options);
  EXPECT_TRUE(quick.answered(quick.enter(consumer("a"))));
}

TEST_F(Join, OnlyTheLeaderSeesTheMembers) {
  const Token first = world.enter(consumer("a"));
  const Token second = world.enter(consumer("b"));
  world.advance(seconds(6));
  const auto leader = world.get<JoinAnswer>(first);
  const auto follower = world.get<JoinAnswer>(second);
  EXPECT_EQ(leader.leader, leader.member_id);
  EXPECT_EQ(leader.members.size(), 2U);
  EXPECT_EQ(follower.leader, leader.member_id);
  EXPECT_TRUE(follower.members.empty());
}

TEST_F(Join, TheProtocolIsChosenByVotesAmongThoseThatAllKnow) {
  const auto with = [](std::string client, std::vector<std::string> protocols) {
    JoinCommand command = consumer(std::move(client));
    command.protocols.clear();
    for (std::string& name : protocols) command.protocols.push_back({std::move(name), ""});
    return command;
  };
  const Token token = world.enter(with("a", {"sticky", "range", "roundrobin"}));
  world.enter(with("b", {"roundrobin", "range"}));
  world.enter(with("c", {"range", "roundrobin"}));
  world.enter(with("d", {"roundrobin", "range"}));
  world.advance(seconds(6));
  // "sticky" is not known to all, so the first one's vote counts for "range"; 2 to 2, and the
  // leader prefers "range".
  EXPECT_EQ(world.get<JoinAnswer>(token).protocol, "range");
}

TEST_F(Join, AMemberWithoutACommonProtocolIsRefused) {
  world.enter(consumer("a"));
  JoinCommand other = consumer("b");
  other.protocols = {{"roundrobin", ""}};
  EXPECT_EQ(error_of(world.enter(other)), ErrorCode::kInconsistentGroupProtocol);
  other = consumer("b");
  other.protocol_type = "connect";
  EXPECT_EQ(error_of(world.enter(other)), ErrorCode::kInconsistentGroupProtocol);
}

TEST_F(Join, ProtocolsMustBeNamedEvenInAnEmptyGroup) {
  JoinCommand command = consumer("a");
  command.protocols.clear();
  EXPECT_EQ(error_of(world.enter(command)), ErrorCode::kInconsistentGroupProtocol);
  command = consumer("a");
  command.protocol_type = "";
  EXPECT_EQ(error_of(world.enter(command)), ErrorCode::kInconsistentGroupProtocol);
  EXPECT_EQ(world.describe().error, ErrorCode::kGroupIdNotFound);
}

TEST_F(Join, OtherProtocolTypesAreOpaque) {
  JoinCommand worker = consumer("worker");
  worker.protocol_type = "connect";
  worker.protocols = {{"sessioned", "\x01\xff not a subscription"}};
  const auto ids = world.stable({worker});
  EXPECT_EQ(world.describe().state, GroupState::kStable);
  EXPECT_EQ(world.describe().protocol_type, "connect");
  EXPECT_EQ(world.describe().members[0].metadata, "\x01\xff not a subscription");
}

TEST_F(Join, ASessionTimeoutOutsideTheBoundsIsRefused) {
  JoinCommand command = consumer("a");
  command.session_timeout_ms = 5'999;
  EXPECT_EQ(error_of(world.join(command)), ErrorCode::kInvalidSessionTimeout);
  command.session_timeout_ms = 1'800'001;
  EXPECT_EQ(error_of(world.join(command)), ErrorCode::kInvalidSessionTimeout);
}

TEST_F(Join, AGroupMustHaveAName) {
  JoinCommand command = consumer("a");
  command.group = "";
  EXPECT_EQ(error_of(world.join(command)), ErrorCode::kInvalidGroupId);
  command.group = std::string(40'000, 'g');
  EXPECT_EQ(error_of(world.join(command)), ErrorCode::kInvalidGroupId);
}

TEST_F(Join, AnUnknownMemberIsRefused) {
  JoinCommand command = consumer("a");
  command.member_id = "a-invented";
  EXPECT_EQ(error_of(world.join(command)), ErrorCode::kUnknownMemberId);
  world.stable({consumer("b")});
  EXPECT_EQ(error_of(world.join(command)), ErrorCode::kUnknownMemberId);
}

TEST_F(Join, AFullGroupRefusesMoreMembers) {
  Options options;
  options.max_group_size = 2;
  GroupWorld small(options);
  small.enter(consumer("a"));
  small.enter(consumer("b"));
  const auto refused = small.get<JoinAnswer>(small.enter(consumer("c")));
  EXPECT_EQ(refused.error, ErrorCode::kGroupMaxSizeReached);
  EXPECT_EQ(refused.member_id, "");
  small.advance(seconds(6));
  EXPECT_EQ(small.get<JoinAnswer>(small.enter(consumer("d"))).error,
            ErrorCode::kGroupMaxSizeReached);
  EXPECT_EQ(small.describe().members.size(), 2U);
}

TEST_F(Join, MetadataThatCouldNeverBeStoredIsRefused) {
  JoinCommand command = consumer("a");
  command.protocols[0].metadata.assign(10'000'000, 'x');
  EXPECT_EQ(error_of(world.enter(command)), ErrorCode::kMessageTooLarge);
}

TEST_F(Join, AMemberThatJoinsAStableGroupCausesARebalanceOfAll) {
  const auto ids = world.stable({consumer("a")});
  const Token second = world.enter(consumer("b"));
  EXPECT_FALSE(world.answered(second));
  EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kRebalanceInProgress);
  JoinCommand again = consumer("a");
  again.member_id = ids[0];
  const Token first = world.join(again);
  EXPECT_EQ(world.get<JoinAnswer>(first).generation, 2);
  EXPECT_EQ(world.get<JoinAnswer>(second).generation, 2);
}

TEST_F(Join, WhoDoesNotRejoinWithinTheRebalanceTimeoutIsOut) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  const Token token = world.enter(consumer("c"));
  for (int second = 0; second < 60; ++second) {
    EXPECT_FALSE(world.answered(token));
    world.beat(ids[0], 1);  // alive, but not joining
    world.beat(ids[1], 1);
    world.advance(seconds(1));
  }
  const auto answer = world.get<JoinAnswer>(token);
  EXPECT_EQ(answer.generation, 2);
  EXPECT_EQ(answer.leader, answer.member_id);
  EXPECT_EQ(answer.members.size(), 1U);
  EXPECT_EQ(world.beat(ids[0], 1), ErrorCode::kUnknownMemberId);
}

TEST_F(Join, ARebalanceWaitsForTheIdsThatItHasGivenOut) {
  const auto ids = world.stable({consumer("a")});
  JoinCommand second = consumer("b");
  second.member_id = world.get<JoinAnswer>(world.join(second)).member_id;
  const Token third = world.enter(consumer("c"));
  JoinCommand again = consumer("a");
  again.member_id = ids[0];
  world.join(again);
  EXPECT_FALSE(world.answered(third));
  world.join(second);
  EXPECT_EQ(world.get<JoinAnswer>(third).generation, 2);
  EXPECT_EQ(world.describe().members.size(), 3U);
}

TEST_F(Join, AFollowerThatComesBackUnchangedGetsTheCurrentGeneration) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  JoinCommand again = consumer("b");
  again.member_id = ids[1];
  const auto answer = world.get<JoinAnswer>(world.join(again));
  EXPECT_EQ(answer.error, ErrorCode::kNone);
  EXPECT_EQ(answer.generation, 1);
  EXPECT_EQ(answer.leader, ids[0]);
  EXPECT_TRUE(answer.members.empty());
  EXPECT_EQ(world.describe().state, GroupState::kStable);
}

TEST_F(Join, AFollowerWithAnotherSubscriptionCausesARebalance) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  JoinCommand again = consumer("b");
  again.member_id = ids[1];
  again.protocols[0].metadata = subscription({"t", "u"});
  EXPECT_FALSE(world.answered(world.join(again)));
  EXPECT_EQ(world.describe().state, GroupState::kPreparingRebalance);
  EXPECT_EQ(world.describe().last_rebalance->kind, RebalanceKind::kSubscriptionChanged);
}

TEST_F(Join, TheLeaderThatComesBackCausesARebalance) {
  const auto ids = world.stable({consumer("a"), consumer("b")});
  JoinCommand again = consumer("a");
  again.member_id = ids[0];
  again.reason = "topic t has grown";
  EXPECT_FALSE(world.answered(world.join(again)));
  const auto described = world.describe();
  EXPECT_EQ(described.state, GroupState::kPreparingRebalance);
  EXPECT_EQ(described.last_rebalance->kind, RebalanceKind::kLeaderRejoined);
  EXPECT_THAT(described.last_rebalance->text, testing::HasSubstr("topic t has grown"));
  EXPECT_EQ(described.last_rebalance->generation, 1);
}

TEST_F(Join, AMemberThatMissedTheAnswerGetsItAgain) {
  const Token first = world.enter(consumer("a"));
  world.enter(consumer("b"));
  world.advance(seconds(6));
  const auto before = world.get<JoinAnswer>(first);
  JoinCommand again = consumer("a");
  again.member_id = before.member_id;
  const auto after = world.get<JoinAnswer>(world.join(again));
  EXPECT_EQ(after.generation, before.generation);
  EXPECT_EQ(after.members.size(), 2U);
  EXPECT_EQ(world.describe().state, GroupState::kCompletingRebalance);
}

TEST_F(Join, TheSecondRequestOfAMemberThatWaitsTakesThePlaceOfTheFirst) {
  JoinCommand command = consumer("a");
  command.member_id = world.get<JoinAnswer>(world.join(command)).member_id;
  const Token first = world.join(command);
  const Token second = world.join(command);
  EXPECT_EQ(error_of(first), ErrorCode::kRebalanceInProgress);
  world.advance(seconds(6));
  EXPECT_EQ(error_of(second), ErrorCode::kNone);
}

TEST_F(Join, AJoinWhoseSenderIsGoneEndsAfterFiveMinutes) {
  JoinCommand slow = consumer("a");
  slow.rebalance_timeout_ms = 3'600'000;
  slow.session_timeout_ms = 1'800'000;
  const auto ids = world.stable({slow});
  const Token token = world.enter(consumer("b"));
  world.advance(seconds(299));
  EXPECT_FALSE(world.answered(token));
  world.advance(seconds(1));
  EXPECT_EQ(error_of(token), ErrorCode::kUnknownMemberId);
}

TEST_F(Join, TheRebalanceTimeoutOfTheOldestClientsIsTheirSession) {
  JoinCommand old = consumer("a");
  old.rebalance_timeout_ms = -1;
  const auto ids = world.stable({old});
  const Token token = world.enter(consumer("b"));
  // The group's is now the newcomer's, which is the longest.
  EXPECT_FALSE(world.answered(token));
  world.advance(seconds(10));  // the old one's session
  EXPECT_EQ(world.get<JoinAnswer>(token).generation, 2);
}

}  // namespace
}  // namespace barnabas::group

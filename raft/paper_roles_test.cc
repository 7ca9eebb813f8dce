// More sentences of the Raft paper, one test each: what candidates and leaders do (figure 2 and
// sections 5.2 to 5.5), and what a leader owes to clients (section 8). See paper_test.cc.

#include <absl/strings/match.h>
#include <gtest/gtest.h>

#include "raft/testing/stage.h"

namespace barnabas::raft::testing {
namespace {

template <class T>
std::vector<Message> under_way(Stage& stage) {
  std::vector<Message> out;
  for (const Message& message : stage.under_way()) {
    if (std::holds_alternative<T>(message.body)) out.push_back(message);
  }
  return out;
}

// Through the pre-vote, which the paper does not have, to the campaign itself.
void campaign(Stage& stage, int n) {
  stage.run("timeout " + std::to_string(n));
  for (int i = 0; i < 2 && stage.core(n).role() != Role::kCandidate; ++i) stage.run("deliver");
}

TEST(PaperCandidates, RaiseTheTermVoteForThemselvesAndAskAllOthers) {
  Stage stage(3);
  campaign(stage, 1);
  EXPECT_EQ(stage.core(1).role(), Role::kCandidate);
  EXPECT_EQ(stage.core(1).term(), Term{1});
  EXPECT_EQ(stage.core(1).hard_state().vote, stage.id(1));
  const auto asked = under_way<VoteRequest>(stage);
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].to, stage.id(2));
  EXPECT_EQ(asked[1].to, stage.id(3));
}

TEST(PaperCandidates, AMajorityOfTheWholeClusterMakesALeaderAndLessDoesNot) {
  Stage stage(5);
  stage.run("timeout 1");
  stage.run("deliver");
  stage.run("deliver");
  ASSERT_EQ(stage.core(1).role(), Role::kCandidate);
  stage.run("deliver 1 2");
  stage.run("deliver 2 1");
  EXPECT_EQ(stage.core(1).role(), Role::kCandidate) << "two of five";
  stage.run("deliver 1 3");
  stage.run("deliver 3 1");
  EXPECT_TRUE(stage.leads(1)) << "three of five";
}

TEST(PaperCandidates, AnElectionThatEndsWithoutAWinnerIsFollowedByAnother) {
  Stage stage(3);
  campaign(stage, 1);
  stage.run("drop");
  stage.run("timeout 1");
  stage.run("settle");
  EXPECT_TRUE(stage.leads(1));
  EXPECT_GT(stage.core(1).term(), Term{1});
}

// "... without receiving AppendEntries RPC from current leader or granting vote to candidate".
TEST(PaperFollowers, WhoHasJustGrantedAVoteWaitsForTheWinner) {
  Stage stage(3);
  const Instant before = stage.node(2).next_timer();
  stage.run("wait 40");
  campaign(stage, 1);
  stage.run("deliver 1 2");
  EXPECT_EQ(stage.core(2).hard_state().vote, stage.id(1));
  EXPECT_GT(stage.node(2).next_timer(), before);
  EXPECT_GT(stage.node(2).next_timer(), stage.now());
}

TEST(PaperFollowers, HearingFromTheLeaderPutsTheElectionOff) {
  Stage stage(3);
  stage.elect(1);
  for (int i = 0; i < 20; ++i) {
    stage.run("wait 190");
    stage.run("timeout 1");
    stage.run("settle");
    ASSERT_GT(stage.node(2).next_timer(), stage.now());
  }
  EXPECT_TRUE(stage.leads(1));
  EXPECT_EQ(stage.core(1).term(), Term{1});
}

// Persistent state is "updated on stable storage before responding to RPCs".
TEST(PaperAllServers, AVoteIsOnDiskBeforeItIsGiven) {
  Stage stage(3);
  stage.run("disk 2 manual");
  stage.run("cut 1 3");
  stage.run("timeout 1");
  stage.run("deliver");
  stage.run("deliver");
  ASSERT_EQ(stage.core(1).role(), Role::kCandidate);
  stage.run("deliver 1 2");
  EXPECT_TRUE(under_way<VoteReply>(stage).empty());
  stage.run("sync-vote 2");
  ASSERT_EQ(under_way<VoteReply>(stage).size(), 1U);
}

TEST(PaperAllServers, EntriesAreOnDiskBeforeTheyAreAcknowledged) {
  Stage stage(3);
  stage.elect(1);
  stage.run("disk 2 manual");
  stage.run("propose 1 a");
  stage.run("deliver 1 2");
  EXPECT_TRUE(under_way<AppendReply>(stage).empty());
  stage.run("begin-sync 2");
  stage.run("end-sync 2");
  ASSERT_EQ(under_way<AppendReply>(stage).size(), 1U);
}

TEST(PaperLeaders, SaySoAtOnceAndAgainWhileNothingHappens) {
  Stage stage(3);
  campaign(stage, 1);
  stage.run("deliver 1 2");
  stage.run("drop 1 3");
  stage.run("deliver 2 1");
  ASSERT_TRUE(stage.leads(1));
  EXPECT_EQ(under_way<AppendRequest>(stage).size(), 2U) << "to each of the others";
  stage.run("settle");
  stage.run("timeout 1");
  EXPECT_EQ(under_way<Heartbeat>(stage).size(), 2U);
}

// Section 8: a leader "has the latest information on which entries are committed" only once it has
// committed one of its own term, so it begins with a blank one.
TEST(PaperLeaders, BeginWithABlankEntryOfTheirOwnTerm) {
  Stage stage(3);
  stage.elect(1);
  ASSERT_EQ(stage.node(2).disk().written().entries.size(), 1U);
  const Entry& blank = stage.node(2).disk().written().entries.front();
  EXPECT_EQ(blank.term, Term{1});
  EXPECT_TRUE(blank.payload.empty());
  EXPECT_TRUE(stage.core(1).ready());
}

// "If followers crash or run slowly, or if network packets are lost, the leader retries
// AppendEntries RPCs indefinitely".
TEST(PaperLeaders, AskAgainUntilALostEntryIsStored) {
  Stage stage(3);
  stage.elect(1);
  stage.run("isolate 3");
  stage.run("propose 1 a");
  stage.run("settle");
  for (int i = 0; i < 3; ++i) {
    stage.run("timeout 1");
    stage.run("settle");
  }
  EXPECT_TRUE(stage.applied(3).empty());
  stage.run("heal");
  for (int i = 0; i < 10 && stage.applied(3).empty(); ++i) {
    stage.run("wait 200");
    stage.run("timeout 1");
    stage.run("settle");
  }
  EXPECT_EQ(stage.applied(3), (std::vector<std::string>{"a"}));
}

// Leader Append-Only.
TEST(PaperLeaders, I7_NeverReplaceOrDropEntriesOfTheirOwn) {
  Stage stage(3);
  stage.elect(1);
  stage.run("isolate 1");
  stage.run("propose 1 mine");
  const LogIndex last = stage.core(1).log().last_index();
  // Whatever is said in its own term or before, it keeps what it has.
  stage.inject(
      {stage.id(2), stage.id(1), Term{0}, 1,
       AppendRequest{
           {LogIndex{1}, Term{0}}, LogIndex{0}, {{LogIndex{2}, Term{0}, Buffer::copy("other")}}}});
  EXPECT_EQ(stage.core(1).log().last_index(), last);
  EXPECT_TRUE(stage.leads(1));
}

// "Respond after entry applied to state machine": not before a majority has it.
TEST(PaperLeaders, ApplyAnEntryWhenAMajorityHasItAndNotBefore) {
  Stage stage(5);
  stage.elect(1);
  stage.run("propose 1 a");
  stage.run("deliver 1 2");
  stage.run("deliver 2 1");
  EXPECT_TRUE(stage.applied(1).empty()) << "two of five";
  stage.run("deliver 1 3");
  stage.run("deliver 3 1");
  EXPECT_EQ(stage.applied(1), (std::vector<std::string>{"a"}));
}

// "Raft RPCs are idempotent, so this causes no harm": section 5.5.
TEST(PaperAllServers, TheSameRequestTwiceDoesNoHarm) {
  Stage stage(3);
  stage.elect(1);
  stage.run("propose 1 a");
  stage.run("repeat 1 2");
  stage.run("settle");
  EXPECT_EQ(stage.applied(2), (std::vector<std::string>{"a"}));
  EXPECT_EQ(stage.core(2).log().last_index(), stage.core(1).log().last_index());
}

// Section 8: "a leader must check whether it has been deposed before processing a read-only
// request", by an exchange with a majority.
TEST(PaperClients, I20_ADeposedLeaderAnswersNoRead) {
  Stage stage(3);
  stage.elect(1);
  stage.run("isolate 1");
  stage.elect(2);
  ASSERT_TRUE(stage.leads(2));
  EXPECT_FALSE(absl::StrContains(stage.run("read 1"), "confirms"));
  stage.run("heal");
  stage.run("timeout 1");
  EXPECT_FALSE(absl::StrContains(stage.run("settle"), "1 confirms"));
}

}  // namespace
}  // namespace barnabas::raft::testing

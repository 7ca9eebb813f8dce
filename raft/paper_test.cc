// One test for each rule of the Raft paper's figure 2, and of the text around it, for what exists
// here. The names are the rules.

#include <gtest/gtest.h>

#include "raft/describe.h"
#include "raft/testing/stage.h"

namespace barnabas::raft::testing {
namespace {

Message from(Stage& stage, int sender, int receiver, Term term, Body body) {
  return {stage.id(sender), stage.id(receiver), term, 1, std::move(body)};
}

Entry entry(int64_t index, int32_t term, const std::string& payload) {
  return {LogIndex{index}, Term{term}, Buffer::copy(payload)};
}

// The last answer of type T that is under way.
template <class T>
std::optional<T> last_said(Stage& stage) {
  for (auto at = stage.under_way().rbegin(); at != stage.under_way().rend(); ++at) {
    if (const auto* body = std::get_if<T>(&at->body)) return *body;
  }
  return std::nullopt;
}

TEST(PaperAllServers, AHigherTermMakesAFollowerOfAnybody) {
  Stage stage(3);
  stage.elect(1);
  ASSERT_TRUE(stage.leads(1));
  stage.inject(from(stage, 2, 1, Term{9}, AppendReply{}));
  EXPECT_EQ(stage.core(1).role(), Role::kFollower);
  EXPECT_EQ(stage.core(1).term(), Term{9});
}

TEST(PaperAllServers, CommittedEntriesAreAppliedInLogOrder) {
  Stage stage(3);
  stage.elect(1);
  for (const char* text : {"propose 1 a", "propose 1 b", "propose 1 c"}) stage.run(text);
  stage.run("settle");
  for (int n = 1; n <= 3; ++n) {
    EXPECT_EQ(stage.applied(n), (std::vector<std::string>{"a", "b", "c"}));
  }
}

TEST(PaperAppendEntries, IsRefusedFromAnOldTerm) {
  Stage stage(3);
  stage.elect(1);
  stage.elect(2);
  stage.run("drop");
  stage.inject(from(stage, 1, 3, Term{1},
                    AppendRequest{{LogIndex{1}, Term{1}}, LogIndex{0}, {entry(2, 1, "old")}}));
  const auto reply = last_said<AppendReply>(stage);
  ASSERT_TRUE(reply.has_value());
  EXPECT_FALSE(reply->accepted);
  EXPECT_EQ(stage.under_way().back().term, Term{2});
}

TEST(PaperAppendEntries, IsRefusedWhereThePreviousEntryIsMissing) {
  Stage stage(3);
  stage.inject(from(stage, 1, 3, Term{1},
                    AppendRequest{{LogIndex{5}, Term{1}}, LogIndex{0}, {entry(6, 1, "x")}}));
  const auto reply = last_said<AppendReply>(stage);
  ASSERT_TRUE(reply.has_value());
  EXPECT_FALSE(reply->accepted);
  EXPECT_EQ(reply->refused, LogIndex{5});
  EXPECT_EQ(stage.core(3).log().last_index(), LogIndex{0});
}

TEST(PaperAppendEntries, AConflictingEntryAndAllBehindItAreReplaced) {
  Stage stage(3);
  stage.inject(
      from(stage, 1, 3, Term{1},
           AppendRequest{{}, LogIndex{0}, {entry(1, 1, "a"), entry(2, 1, "b"), entry(3, 1, "c")}}));
  stage.inject(from(stage, 2, 3, Term{2},
                    AppendRequest{{LogIndex{1}, Term{1}}, LogIndex{0}, {entry(2, 2, "B")}}));
  EXPECT_EQ(stage.core(3).log().last(), (EntryId{LogIndex{2}, Term{2}}));
}

TEST(PaperAppendEntries, EntriesThatMatchAreKeptAlsoWhenAnOlderRequestComesLate) {
  Stage stage(3);
  stage.inject(from(stage, 1, 3, Term{1},
                    AppendRequest{{}, LogIndex{0}, {entry(1, 1, "a"), entry(2, 1, "b")}}));
  stage.inject(from(stage, 1, 3, Term{1}, AppendRequest{{}, LogIndex{0}, {entry(1, 1, "a")}}));
  EXPECT_EQ(stage.core(3).log().last_index(), LogIndex{2});
}

TEST(PaperAppendEntries, TheCommitIndexIsTheLowerOfTheLeadersAndTheLastNewEntry) {
  Stage stage(3);
  stage.inject(from(stage, 1, 3, Term{1},
                    AppendRequest{{}, LogIndex{9}, {entry(1, 1, "a"), entry(2, 1, "b")}}));
  EXPECT_EQ(stage.core(3).commit(), LogIndex{2});
}

TEST(PaperRequestVote, IsRefusedForAnOldTerm) {
  Stage stage(3);
  stage.elect(1);
  stage.elect(2);
  stage.run("drop");
  stage.inject(from(stage, 3, 1, Term{1}, VoteRequest{{LogIndex{9}, Term{9}}}));
  ASSERT_TRUE(last_said<VoteReply>(stage).has_value());
  EXPECT_FALSE(last_said<VoteReply>(stage)->granted);
}

TEST(PaperRequestVote, OneVoteATermFirstComeFirstServed) {
  Stage stage(5);
  stage.inject(from(stage, 2, 1, Term{1}, VoteRequest{}));
  EXPECT_TRUE(last_said<VoteReply>(stage)->granted);
  stage.inject(from(stage, 3, 1, Term{1}, VoteRequest{}));
  EXPECT_FALSE(last_said<VoteReply>(stage)->granted);
  stage.inject(from(stage, 2, 1, Term{1}, VoteRequest{}));  // the answer was lost
  EXPECT_TRUE(last_said<VoteReply>(stage)->granted);
}

TEST(PaperRequestVote, I2_TheVoteIsRememberedAcrossARestart) {
  Stage stage(5);
  stage.inject(from(stage, 2, 1, Term{1}, VoteRequest{}));
  stage.run("crash 1");
  stage.run("restart 1");
  stage.inject(from(stage, 3, 1, Term{1}, VoteRequest{}));
  EXPECT_FALSE(last_said<VoteReply>(stage)->granted);
}

TEST(PaperRequestVote, OnlyALogThatIsAtLeastAsUpToDateGetsAVote) {
  struct Case {
    EntryId candidate;
    bool granted;
  };
  for (const Case& one : {Case{{LogIndex{3}, Term{2}}, true}, Case{{LogIndex{2}, Term{2}}, true},
                          Case{{LogIndex{1}, Term{2}}, false}, Case{{LogIndex{9}, Term{1}}, false},
                          Case{{LogIndex{1}, Term{3}}, true}}) {
    Stage stage(3);
    stage.inject(from(stage, 1, 3, Term{2},
                      AppendRequest{{}, LogIndex{0}, {entry(1, 1, "a"), entry(2, 2, "b")}}));
    stage.run("close 3 1");
    stage.inject(from(stage, 2, 3, Term{5}, VoteRequest{one.candidate}));
    EXPECT_EQ(last_said<VoteReply>(stage)->granted, one.granted) << describe(one.candidate);
  }
}

TEST(PaperFollowers, CampaignWhenTheElectionTimeoutPassesWithoutALeader) {
  Stage stage(3);
  stage.elect(1);
  stage.run("isolate 1");
  stage.run("wait 1500");
  stage.run("timeout 2");
  stage.run("settle");
  EXPECT_TRUE(stage.leads(2));
}

TEST(PaperCandidates, StepBackForALeaderOfTheirTerm) {
  Stage stage(3);
  stage.run("isolate 2");
  stage.run("timeout 1");
  stage.run("deliver");
  stage.run("deliver");
  ASSERT_EQ(stage.core(1).role(), Role::kCandidate);
  stage.inject(from(stage, 3, 1, stage.core(1).term(), Heartbeat{LogIndex{0}, 1}));
  EXPECT_EQ(stage.core(1).role(), Role::kFollower);
  EXPECT_EQ(stage.core(1).leader(), stage.id(3));
}

TEST(PaperLeaders, P1_CommitOnlyThroughAnEntryOfTheirOwnTerm) {
  Stage stage(3);
  stage.elect(1);
  stage.run("propose 1 a");
  stage.run("drop");
  const LogIndex before = stage.core(1).commit();
  stage.run("crash 1");
  stage.run("restart 1");
  stage.run("close 2 1");
  stage.run("close 3 1");
  stage.run("timeout 1");
  for (int i = 0; i < 4; ++i) stage.run("deliver");
  EXPECT_TRUE(stage.leads(1));
  EXPECT_LE(stage.core(1).commit(), before);
  stage.run("settle");
  EXPECT_EQ(stage.core(1).commit(), stage.core(1).log().last_index());
}

TEST(PaperLeaders, S4_P30_ASingleVoterCommitsOnlyAfterItsOwnSync) {
  Stage stage(1);
  stage.run("timeout 1");
  ASSERT_TRUE(stage.core(1).ready());
  stage.run("disk 1 manual");
  stage.run("propose 1 a");
  EXPECT_LT(stage.core(1).commit(), stage.core(1).log().last_index());
  stage.run("begin-sync 1");
  stage.run("end-sync 1");
  EXPECT_EQ(stage.core(1).commit(), stage.core(1).log().last_index());
  EXPECT_EQ(stage.applied(1), std::vector<std::string>{"a"});
}

TEST(PaperLeaders, P2_ASingleVoterStaysLeader) {
  Stage stage(1);
  stage.run("timeout 1");
  for (int i = 0; i < 20; ++i) {
    stage.run("wait 1000");
    stage.run("timeout 1");
  }
  EXPECT_TRUE(stage.leads(1));
}

VoterId stranger(const Stage& stage, int like) {
  std::array<uint8_t, 16> other{};
  other.fill(0x77);
  return {stage.id(like).id, Uuid(other)};  // the same node id on a new disk
}

// Dissertation 4.1: a node looks at no configuration, its own or another, before it answers a
// question: what it knows may be older than the asker's.
TEST(PaperMembership, TheQuestionsOfNodesThatAreNoVotersAreAnswered) {
  Stage stage(3);
  Message message = from(stage, 2, 1, Term{7}, VoteRequest{{LogIndex{99}, Term{6}}});
  message.from = stranger(stage, 2);
  stage.inject(message);
  EXPECT_TRUE(last_said<VoteReply>(stage)->granted);
  EXPECT_EQ(stage.core(1).hard_state().vote, stranger(stage, 2));
}

TEST(PaperMembership, I16_I17_TheAnswersOfNodesThatAreNoVotersDoNotCount) {
  Stage stage(3);
  stage.run("timeout 1");
  Message message = from(stage, 2, 1, Term{0}, PreVoteReply{Term{1}, true, false});
  message.from = stranger(stage, 2);
  stage.inject(message);
  EXPECT_EQ(stage.core(1).role(), Role::kPreCandidate);
  message.body = VoteReply{true, false};
  message.term = Term{9};
  stage.inject(message);
  EXPECT_EQ(stage.core(1).term(), Term{0}) << "nor do they move the term";
}

// Dissertation 4.2.3: a live leader's followers disregard others, also removed ones.
TEST(PaperMembership, P5_ARemovedVoterCannotMoveTheTermWhileALeaderIsHeard) {
  Stage stage(3);
  stage.elect(1);
  const Term term = stage.core(1).term();
  for (const int voter : {1, 2, 3}) {
    Message message = from(stage, 2, voter, Term{20}, VoteRequest{{LogIndex{99}, Term{19}}});
    message.from = stranger(stage, 2);
    stage.inject(message);
    EXPECT_EQ(stage.core(voter).term(), term);
  }
  EXPECT_TRUE(stage.leads(1));
}

TEST(PaperPreVote, I18_ChangesNothingDurable) {
  Stage stage(3);
  stage.inject(from(stage, 2, 1, Term{8}, PreVoteRequest{Term{9}, {LogIndex{3}, Term{3}}}));
  ASSERT_TRUE(last_said<PreVoteReply>(stage).has_value());
  EXPECT_TRUE(last_said<PreVoteReply>(stage)->granted);
  EXPECT_EQ(stage.core(1).hard_state(), HardState());
}

TEST(PaperPreVote, P3_AStalePreCandidateLearnsTheHigherTerm) {
  Stage stage(3);
  stage.elect(1);
  stage.run("isolate 3");
  stage.run("crash 1");
  stage.run("restart 1");
  stage.elect(2);
  ASSERT_TRUE(stage.leads(2));
  stage.run("heal");
  ASSERT_EQ(stage.core(3).term(), Term{1});
  stage.run("close 3 1");
  stage.run("timeout 3");
  stage.run("settle");
  EXPECT_EQ(stage.core(3).term(), stage.core(2).term());
  EXPECT_TRUE(stage.leads(2));
}

// P22: {older, equal, newer, conflicting} x {log shorter, longer, divergent}.
TEST(PaperSnapshots, P22_InstallOnlyWhatTheLogDoesNotHoldAndNeverGoBack) {
  struct Case {
    const char* name;
    EntryId snapshot;
    int64_t log_to;     // entries 1..log_to of term 1 are in the follower's log
    int64_t committed;  // of which so many are known to be committed
    bool installs;
    int64_t last_after;
  };
  for (const Case& one : {
           Case{"older than the commit index", {LogIndex{2}, Term{1}}, 5, 4, false, 5},
           Case{"equal to the commit index", {LogIndex{4}, Term{1}}, 5, 4, false, 5},
           Case{"newer, and the log is longer and agrees", {LogIndex{4}, Term{1}}, 5, 2, false, 5},
           Case{"newer than the log", {LogIndex{9}, Term{1}}, 5, 2, true, 9},
           Case{"newer than an empty log", {LogIndex{9}, Term{1}}, 0, 0, true, 9},
           Case{"conflicting inside the log", {LogIndex{4}, Term{2}}, 5, 2, true, 4},
           Case{"conflicting at the log's end", {LogIndex{5}, Term{2}}, 5, 2, true, 5},
       }) {
    Stage stage(3);
    AppendRequest append{{}, LogIndex{one.committed}, {}};
    for (int64_t i = 1; i <= one.log_to; ++i) append.entries.push_back(entry(i, 1, "x"));
    stage.inject(from(stage, 1, 3, Term{1}, append));
    stage.inject(from(stage, 2, 3, Term{3}, SnapshotOffer{one.snapshot, 1, 0}));
    const bool fetches = stage.run("arrive 3").find("installs") != std::string::npos;
    EXPECT_EQ(fetches, one.installs) << one.name;
    EXPECT_EQ(stage.core(3).log().last_index(), LogIndex{one.last_after}) << one.name;
    EXPECT_GE(stage.core(3).commit(), LogIndex{one.committed}) << one.name;
    EXPECT_EQ(stage.core(3).commit(), std::max(LogIndex{one.committed}, one.snapshot.index))
        << one.name;
  }
}

}  // namespace
}  // namespace barnabas::raft::testing

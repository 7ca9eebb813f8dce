// Changes of the voters and of the leader: one test for each rule of the Raft dissertation's
// chapters 3.10 and 4, and the schedules that are known to break weaker rules.

#include <gtest/gtest.h>

#include "common/sim/probes.h"
#include "raft/testing/stage.h"

namespace barnabas::raft::testing {
namespace {

constexpr size_t kAppendBytes = size_t{1} << 20;

void play(Stage& stage, std::initializer_list<const char*> lines) {
  for (const char* line : lines) stage.run(line);
}
bool says(const std::string& happened, const std::string& what) {
  return happened.find(what) != std::string::npos;
}

// 4.1: "Once a given server adds the new configuration entry to its log, it uses that configuration
// for all future decisions", committed or not: two of four do not commit.
TEST(Membership, ANewConfigurationHoldsAsSoonAsItIsInTheLog) {
  Stage stage(3, kAppendBytes, 1);
  stage.elect(1);
  play(stage, {"cut 1 2", "cut 1 3", "add 1 4", "settle"});
  EXPECT_EQ(stage.core(1).configuration().voters.size(), 4U);
  EXPECT_EQ(stage.core(4).configuration().voters.size(), 4U) << "on a follower as well";
  play(stage, {"mend 1 2", "wait 200", "timeout 1", "deliver 1 2", "deliver 2 1"});
  EXPECT_LT(stage.core(1).commit(), stage.core(1).log().last_index());
  stage.run("settle");
  EXPECT_EQ(stage.core(1).commit(), stage.core(1).log().last_index()) << "three of four do";
}

// 4.2.1: a server that catches up is fed, "but is not yet counted towards majorities".
TEST(Membership, I16_ALearnerCountsNeitherForCommitNorForReadsNorForCheckQuorum) {
  Stage stage(3, kAppendBytes, 1);
  stage.elect(1);
  play(stage, {"isolate 2", "isolate 3", "add 1 4", "propose 1 x", "read 1"});
  for (int round = 0; round < 3; ++round) play(stage, {"deliver 1 4"});
  EXPECT_EQ(stage.core(1).commit(), LogIndex{1});
  EXPECT_FALSE(says(stage.run("deliver 4 1"), "confirms read"));
  play(stage, {"wait 1500", "timeout 1"});
  EXPECT_FALSE(stage.leads(1)) << "it works with nobody who votes";
}

// 4.2.2: "the leader manages the cluster while it is replicating the entry, but does not count
// itself in majorities"
TEST(Membership, P12_ALeaderThatIsRemovedDoesNotCountItself) {
  Stage stage(3);
  stage.elect(1);
  play(stage, {"isolate 3", "remove 1 1", "settle"});
  EXPECT_TRUE(stage.leads(1));
  EXPECT_EQ(stage.core(1).commit(), LogIndex{1}) << "1 and 2 hold it; 2 and 3 are the voters";
}

// 4.2.3: who does not hear that it was removed asks for votes in ever newer terms, in vain.
TEST(Membership, P5_I16_ARemovedVoterWithItsOldConfigurationMovesNoTerm) {
  Stage stage(3);
  stage.elect(1);
  play(stage, {"isolate 3", "remove 1 3", "settle"});
  // It is fed for a while more, and does not hear it.
  for (int i = 0; i < 6; ++i) play(stage, {"wait 500", "timeout 1", "settle"});
  const Term term = stage.core(1).term();
  stage.run("heal");
  for (int i = 0; i < 20; ++i) {
    play(stage, {"timeout 3", "settle", "timeout 1", "settle"});
    ASSERT_EQ(stage.core(3).configuration().voters.size(), 3U) << "it does not know";
    ASSERT_EQ(stage.core(1).term(), term);
    ASSERT_EQ(stage.core(3).term(), term)
        << "a pre-vote is refused, so nothing changes here either";
  }
  EXPECT_TRUE(stage.leads(1));
}

// A removed voter that still gets messages through cannot depose the leader with a newer term.
TEST(Membership, P5_I16_ALaterTermOfARemovedVoterIsNotHeard) {
  Stage stage(3);
  stage.elect(1);
  play(stage, {"remove 1 3", "settle"});
  stage.inject({stage.id(3), stage.id(1), Term{40}, 1, AppendReply{}});
  EXPECT_TRUE(stage.leads(1));
  EXPECT_EQ(stage.core(1).term(), Term{1});
}

// I17: the same node id with another directory is somebody else, and both can be voters.
TEST(Membership, I17_AnotherDirectoryIsAnotherVoter) {
  const VoterId one{ControllerId{3}, Uuid()};
  std::array<uint8_t, 16> bytes{};
  bytes.fill(9);
  const VoterId other{ControllerId{3}, Uuid(bytes)};
  Configuration both;
  both = both.with(one, {}).with(other, {});
  EXPECT_EQ(both.voters.size(), 2U);
  EXPECT_TRUE(both.without(one).contains(other));
}

// 4.1 with the correction of 2015: a leader commits an entry of its own term before it changes the
// voters. The schedule of the raft-dev note: 1 adds 5 and reaches only 5; 2 is elected by 2, 3 and
// 4 and removes 1 with 3's help; then 1 is elected by 1, 4 and 5, and replaces what was committed.
struct Ending {
  bool refused = false;
  bool lost = false;  // two nodes have committed different entries
};
Ending the_note_of_2015() {
  Stage stage(4, kAppendBytes, 1);
  stage.elect(1);
  play(stage, {"cut 1 2", "cut 1 3", "cut 1 4", "add 1 5", "settle"});
  EXPECT_EQ(stage.core(5).configuration().voters.size(), 5U);
  play(stage, {"close 2 1", "close 3 1", "close 4 1", "timeout 2", "deliver", "deliver", "deliver",
               "deliver"});
  EXPECT_TRUE(stage.leads(2));
  // What it appended reaches 3 alone.
  play(stage, {"drop 2 4", "cut 2 4", "settle"});
  Ending ending;
  ending.refused = says(stage.run("remove 2 1"), "changes no voters");
  play(stage, {"settle", "wait 1500", "mend 1 4", "timeout 1", "settle"});
  for (int i = 0; i < 6 && !(stage.leads(1) && stage.core(1).term() > Term{2}); ++i) {
    play(stage, {"wait 1500", "timeout 1", "settle"});
  }
  EXPECT_TRUE(stage.leads(1) && stage.core(1).term() > Term{2});
  const LogIndex both = std::min(stage.core(1).commit(), stage.core(2).commit());
  ending.lost = stage.core(1).log().term_at(both) != stage.core(2).log().term_at(both);
  return ending;
}

TEST(Membership, P10_NoChangeBeforeAnEntryOfTheOwnTermIsCommitted) {
  const Ending ending = the_note_of_2015();
  EXPECT_TRUE(ending.refused);
  EXPECT_FALSE(ending.lost);
}

TEST(Membership, P10_WithoutThatRuleACommittedEntryIsReplaced) {
  const Planted mistake("raft: change before an own-term commit");
  const Ending ending = the_note_of_2015();
  EXPECT_FALSE(ending.refused);
  EXPECT_TRUE(ending.lost);
}

// P11: a cluster that is partitioned while it changes has one leader at most that can commit.
TEST(Membership, P11_APartitionDuringAChangeLeavesOneSideThatCommits) {
  Stage stage(3, kAppendBytes, 2);
  stage.elect(1);
  play(stage, {"add 1 4", "settle", "add 1 5", "settle"});
  ASSERT_EQ(stage.core(3).configuration().voters.size(), 5U);
  // 1 and 5 on one side, where 1 removes 2; 2, 3 and 4 on the other.
  for (const char* line : {"cut 1 2", "cut 1 3", "cut 1 4", "cut 5 2", "cut 5 3", "cut 5 4"}) {
    stage.run(line);
  }
  play(stage, {"remove 1 2", "propose 1 minority", "settle"});
  play(stage, {"close 2 1", "close 3 1", "close 4 1", "wait 1500", "timeout 2", "settle"});
  ASSERT_TRUE(stage.leads(2));
  play(stage, {"propose 2 majority", "settle"});
  EXPECT_EQ(stage.applied(3).back(), "majority");
  for (const int n : {1, 5}) {
    for (const std::string& text : stage.applied(n)) EXPECT_NE(text, "minority");
  }
  play(stage, {"heal", "wait 300", "timeout 2", "settle", "timeout 2", "settle"});
  EXPECT_EQ(stage.applied(1), stage.applied(2)) << stage.run("state");
  EXPECT_EQ(stage.core(1).configuration().voters.size(), 5U) << "the removal is undone";
}

// 3.10: "the prior leader stops accepting new client requests ... sends a TimeoutNow request", to
// one whose log matches its own.
TEST(Transfer, TheOneThatTakesOverHasEverythingFirst) {
  Stage stage(3);
  stage.elect(1);
  play(stage, {"cut 1 3", "propose 1 x", "settle", "mend 1 3"});
  EXPECT_FALSE(says(stage.run("transfer 1 3"), "take over"));
  stage.run("wait 200");
  stage.run("timeout 1");
  EXPECT_TRUE(says(stage.run("settle"), "take over"));
  EXPECT_TRUE(stage.leads(3));
  EXPECT_EQ(stage.core(3).log().term_at(LogIndex{2}), Term{1}) << "x is not lost";
}

// P7, I20: no lease is left behind: who handed over answers no read any more.
TEST(Transfer, P7_AReadAtTheOldLeaderIsNotAnswered) {
  Stage stage(3);
  stage.elect(1);
  play(stage, {"transfer 1 2", "cut 1 2", "cut 1 3", "deliver 1 2", "settle"});
  ASSERT_TRUE(stage.leads(2));
  play(stage, {"propose 2 new", "settle"});
  const std::string read = stage.run("read 1");
  EXPECT_FALSE(says(read, "confirms read"));
  play(stage, {"wait 3000"});
  const std::string later = stage.run("timeout 1");
  EXPECT_FALSE(says(later, "confirms read"));
  EXPECT_TRUE(says(later, "fails read"));
}

// An offer that comes late, of a leader that has long gone on, does not let an old log win.
TEST(Transfer, AnOfferIsTakenOnlyFromTheLeaderThatIsFollowed) {
  Stage stage(3);
  stage.elect(1);
  stage.inject({stage.id(2), stage.id(3), Term{1}, 1, TimeoutNow{}});
  EXPECT_EQ(stage.core(3).role(), Role::kFollower);
  stage.elect(2);
  stage.inject({stage.id(1), stage.id(3), Term{1}, 1, TimeoutNow{}});
  EXPECT_EQ(stage.core(3).role(), Role::kFollower);
  EXPECT_EQ(stage.core(3).term(), stage.core(2).term());
}

}  // namespace
}  // namespace barnabas::raft::testing

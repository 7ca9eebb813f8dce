// Every check is given a history that breaks it, and must say so.

#include "raft/testing/checker.h"

#include <gtest/gtest.h>

namespace barnabas::raft::testing {
namespace {

VoterId voter(int32_t id) { return {ControllerId{id}, Uuid()}; }
EntryId id(int64_t index, int32_t term) { return {LogIndex{index}, Term{term}}; }
Entry entry(int64_t index, int32_t term, const std::string& payload) {
  return {LogIndex{index}, Term{term}, Buffer::copy(payload)};
}
LogImage log_of(std::vector<Entry> entries) { return {EntryId(), std::move(entries)}; }

bool says(const Checker& checker, const std::string& what) {
  return checker.violation().rfind(what, 0) == 0;
}

TEST(Checker, I1_SeesTwoLeadersInOneTerm) {
  Checker checker(3);
  checker.leads(voter(1), Term{2}, {});
  EXPECT_EQ(checker.violation(), "");
  checker.leads(voter(2), Term{2}, {});
  EXPECT_NE(checker.violation(), "");
}

TEST(Checker, I2_SeesASecondVote) {
  Checker checker(3);
  checker.votes(voter(1), Term{2}, voter(2));
  checker.votes(voter(1), Term{2}, voter(2));
  EXPECT_EQ(checker.violation(), "");
  checker.votes(voter(1), Term{2}, voter(3));
  EXPECT_TRUE(says(checker, "I2"));
}

TEST(Checker, I3_SeesHardStateGoBack) {
  Checker checker(3);
  checker.hard_state(voter(1), {Term{3}, voter(2), false});
  checker.hard_state(voter(1), {Term{3}, std::nullopt, false});
  EXPECT_TRUE(says(checker, "I3"));
}

TEST(Checker, I4_SeesTwoLogsLeadToOneEntry) {
  Checker checker(3);
  checker.appended(entry(5, 2, "a"), Term{1});
  checker.appended(entry(5, 2, "a"), Term{1});
  EXPECT_EQ(checker.violation(), "");
  checker.appended(entry(5, 2, "a"), Term{2});
  EXPECT_TRUE(says(checker, "I4"));
}

TEST(Checker, I5_SeesALeaderWithoutACommittedEntry) {
  Checker checker(1);
  const LogImage whole = log_of({entry(1, 1, "a")});
  checker.committed(id(1, 1), {&whole});
  checker.leads(voter(2), Term{2}, log_of({}));
  EXPECT_TRUE(says(checker, "I5"));
}

TEST(Checker, I6_SeesAnotherEntryApplied) {
  Checker checker(3);
  checker.applied(voter(1), entry(1, 1, "a"), 0);
  checker.applied(voter(2), entry(1, 1, "a"), 0);
  EXPECT_EQ(checker.violation(), "");
  checker.applied(voter(3), entry(1, 1, "b"), 0);
  EXPECT_TRUE(says(checker, "I6"));
}

TEST(Checker, I9_SeesACommitThatIsDurableOnAMinorityOnly) {
  Checker checker(3);
  const LogImage has = log_of({entry(1, 1, "a")});
  const LogImage lacks;
  checker.committed(id(1, 1), {&has, &lacks, &lacks});
  EXPECT_TRUE(says(checker, "I9"));
}

TEST(Checker, I10_SeesAVoteAnAcknowledgementAndATermThatAreNotDurable) {
  const LogImage empty;
  {
    Checker checker(3);
    checker.said({voter(1), voter(2), Term{4}, 1, VoteReply{true, false}},
                 {Term{4}, std::nullopt, false}, empty, nullptr);
    EXPECT_TRUE(says(checker, "I10"));
  }
  {
    Checker checker(3);
    checker.said({voter(1), voter(2), Term{4}, 1, AppendReply{true, LogIndex{3}, {}, {}}},
                 {Term{4}, std::nullopt, false}, empty, nullptr);
    EXPECT_TRUE(says(checker, "I10"));
  }
  {
    Checker checker(3);
    checker.said({voter(1), voter(2), Term{4}, 1, Heartbeat{}}, {Term{3}, std::nullopt, false},
                 empty, nullptr);
    EXPECT_TRUE(says(checker, "I10"));
  }
}

TEST(Checker, I11_SeesAnAcknowledgementOfWhatTheLeaderDoesNotHave) {
  Checker checker(3);
  const LogImage own = log_of({entry(1, 1, "a")});
  const LogImage leaders = log_of({entry(1, 2, "b")});
  checker.said({voter(1), voter(2), Term{2}, 1, AppendReply{true, LogIndex{1}, {}, {}}},
               {Term{2}, std::nullopt, false}, own, &leaders);
  EXPECT_TRUE(says(checker, "I11"));
}

TEST(Checker, I12_SeesACommittedEntryContradicted) {
  Checker checker(1);
  const LogImage first = log_of({entry(1, 1, "a")});
  checker.committed(id(1, 1), {&first});
  checker.committed(id(1, 2), {&first});
  EXPECT_TRUE(says(checker, "I12"));
}

TEST(Checker, I19_SeesAReadThatMissesAnAcknowledgedWrite) {
  Checker checker(3);
  checker.read(LogIndex{4}, LogIndex{4});
  EXPECT_EQ(checker.violation(), "");
  checker.read(LogIndex{4}, LogIndex{3});
  EXPECT_TRUE(says(checker, "I19"));
}

TEST(Checker, I21_SeesASnapshotThatIsNotWhatReplayGives) {
  Checker checker(3);
  const uint64_t digest = checker.applied(voter(1), entry(1, 1, "a"), 0);
  checker.restored(LogIndex{1}, digest);
  EXPECT_EQ(checker.violation(), "");
  checker.restored(LogIndex{1}, digest + 1);
  EXPECT_TRUE(says(checker, "I21"));
}

}  // namespace
}  // namespace barnabas::raft::testing

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
Configuration voters(int32_t count) {
  Configuration out;
  for (int32_t i = 1; i <= count; ++i) out.voters[voter(i)] = Endpoint();
  return out;
}
ConfigurationAt founding(int32_t count) { return {LogIndex{0}, voters(count)}; }
LogImage log_of(std::vector<Entry> entries) { return {EntryId(), std::move(entries)}; }

bool says(const Checker& checker, const std::string& what) {
  return checker.violation().rfind(what, 0) == 0;
}

TEST(Checker, I1_SeesTwoLeadersInOneTerm) {
  Checker checker(voters(3));
  checker.votes(voter(3), Term{2}, voter(1));
  checker.leads(voter(1), Term{2}, {}, founding(3));
  EXPECT_EQ(checker.violation(), "");
  checker.leads(voter(2), Term{2}, {}, founding(3));
  EXPECT_NE(checker.violation(), "");
}

TEST(Checker, I2_SeesASecondVote) {
  Checker checker(voters(3));
  checker.votes(voter(1), Term{2}, voter(2));
  checker.votes(voter(1), Term{2}, voter(2));
  EXPECT_EQ(checker.violation(), "");
  checker.votes(voter(1), Term{2}, voter(3));
  EXPECT_TRUE(says(checker, "I2"));
}

TEST(Checker, I3_SeesHardStateGoBack) {
  Checker checker(voters(3));
  checker.hard_state(voter(1), {Term{3}, voter(2), false});
  checker.hard_state(voter(1), {Term{3}, std::nullopt, false});
  EXPECT_TRUE(says(checker, "I3"));
}

TEST(Checker, I4_SeesTwoLogsLeadToOneEntry) {
  Checker checker(voters(3));
  checker.appended(entry(5, 2, "a"), Term{1});
  checker.appended(entry(5, 2, "a"), Term{1});
  EXPECT_EQ(checker.violation(), "");
  checker.appended(entry(5, 2, "a"), Term{2});
  EXPECT_TRUE(says(checker, "I4"));
}

TEST(Checker, I5_SeesALeaderWithoutACommittedEntry) {
  Checker checker(voters(1));
  const LogImage whole = log_of({entry(1, 1, "a")});
  checker.committed(id(1, 1), founding(1), {{voter(1), &whole}});
  checker.votes(voter(1), Term{2}, voter(2));
  checker.leads(voter(2), Term{2}, log_of({}), founding(1));
  EXPECT_TRUE(says(checker, "I5"));
}

TEST(Checker, I6_SeesAnotherEntryApplied) {
  Checker checker(voters(3));
  checker.applied(voter(1), entry(1, 1, "a"), 0);
  checker.applied(voter(2), entry(1, 1, "a"), 0);
  EXPECT_EQ(checker.violation(), "");
  checker.applied(voter(3), entry(1, 1, "b"), 0);
  EXPECT_TRUE(says(checker, "I6"));
}

TEST(Checker, I9_SeesACommitThatIsDurableOnAMinorityOnly) {
  Checker checker(voters(3));
  const LogImage has = log_of({entry(1, 1, "a")});
  const LogImage lacks;
  checker.committed(id(1, 1), founding(3),
                    {{voter(1), &has}, {voter(2), &lacks}, {voter(3), &lacks}});
  EXPECT_TRUE(says(checker, "I9"));
}

TEST(Checker, I10_SeesAVoteAnAcknowledgementAndATermThatAreNotDurable) {
  const LogImage empty;
  {
    Checker checker(voters(3));
    checker.said({voter(1), voter(2), Term{4}, 1, VoteReply{true, false}},
                 {Term{4}, std::nullopt, false}, empty, nullptr);
    EXPECT_TRUE(says(checker, "I10"));
  }
  {
    Checker checker(voters(3));
    checker.said({voter(1), voter(2), Term{4}, 1, AppendReply{true, LogIndex{3}, {}, {}}},
                 {Term{4}, std::nullopt, false}, empty, nullptr);
    EXPECT_TRUE(says(checker, "I10"));
  }
  {
    Checker checker(voters(3));
    checker.said({voter(1), voter(2), Term{4}, 1, Heartbeat{}}, {Term{3}, std::nullopt, false},
                 empty, nullptr);
    EXPECT_TRUE(says(checker, "I10"));
  }
}

TEST(Checker, I11_SeesAnAcknowledgementOfWhatTheLeaderDoesNotHave) {
  Checker checker(voters(3));
  const LogImage own = log_of({entry(1, 1, "a")});
  const LogImage leaders = log_of({entry(1, 2, "b")});
  checker.said({voter(1), voter(2), Term{2}, 1, AppendReply{true, LogIndex{1}, {}, {}}},
               {Term{2}, std::nullopt, false}, own, &leaders);
  EXPECT_TRUE(says(checker, "I11"));
}

TEST(Checker, I12_SeesACommittedEntryContradicted) {
  Checker checker(voters(1));
  const LogImage first = log_of({entry(1, 1, "a")});
  checker.committed(id(1, 1), founding(1), {{voter(1), &first}});
  checker.committed(id(1, 2), founding(1), {{voter(1), &first}});
  EXPECT_TRUE(says(checker, "I12"));
}

Entry change(int64_t index, int32_t term, int32_t count) {
  return {LogIndex{index}, Term{term}, Buffer::own(encode_configuration(voters(count))), true};
}

TEST(Checker, I15_SeesTwoVotersChangeAtOnce) {
  Checker checker(voters(3));
  const LogImage log = log_of({entry(1, 1, "a")});
  checker.committed(id(1, 1), founding(3), {{voter(1), &log}, {voter(2), &log}});
  checker.appended(change(2, 1, 4), Term{1});
  EXPECT_EQ(checker.violation(), "");
  Checker other(voters(3));
  other.committed(id(1, 1), founding(3), {{voter(1), &log}, {voter(2), &log}});
  other.appended(change(2, 1, 5), Term{1});
  EXPECT_TRUE(says(other, "I15"));
}

TEST(Checker, I15_SeesASecondChangeWhileTheFirstIsNotCommitted) {
  Checker checker(voters(3));
  const LogImage log = log_of({entry(1, 1, "a")});
  checker.committed(id(1, 1), founding(3), {{voter(1), &log}, {voter(2), &log}});
  checker.appended(change(2, 1, 4), Term{1});
  checker.appended(change(3, 1, 5), Term{1});
  EXPECT_TRUE(says(checker, "I15"));
}

TEST(Checker, P10_SeesAChangeInATermOfWhichNothingIsCommitted) {
  Checker checker(voters(3));
  const LogImage log = log_of({entry(1, 1, "a")});
  checker.committed(id(1, 1), founding(3), {{voter(1), &log}, {voter(2), &log}});
  checker.appended(entry(2, 2, ""), Term{1});
  checker.appended(change(3, 2, 4), Term{2});
  EXPECT_TRUE(says(checker, "I15"));
}

TEST(Checker, I16_SeesAnElectionThatOthersThanTheVotersDecided) {
  Checker checker(voters(3));
  checker.votes(voter(9), Term{2}, voter(1));
  checker.votes(voter(8), Term{2}, voter(1));
  checker.leads(voter(1), Term{2}, {}, founding(3));
  EXPECT_TRUE(says(checker, "I16"));
}

TEST(Checker, I16_SeesACommitThatOthersThanTheVotersMade) {
  Checker checker(voters(3));
  const LogImage has = log_of({entry(1, 1, "a")});
  checker.committed(id(1, 1), founding(3), {{voter(1), &has}, {voter(7), &has}});
  EXPECT_TRUE(says(checker, "I9"));
}

TEST(Checker, I21_SeesALeaderThatGoesByOtherVotersThanItsLogSays) {
  Checker checker(voters(3));
  checker.configured(voter(1), id(0, 0), founding(3));
  EXPECT_EQ(checker.violation(), "");
  checker.configured(voter(1), id(0, 0), founding(4));
  EXPECT_TRUE(says(checker, "I21"));
}

TEST(Checker, P7_SeesOneWhoIsToTakeOverWithoutHavingEverything) {
  Checker checker(voters(3));
  const LogImage all = log_of({entry(1, 1, "a")});
  checker.hands_over(voter(2), all, all);
  EXPECT_EQ(checker.violation(), "");
  checker.hands_over(voter(2), log_of({}), all);
  EXPECT_TRUE(says(checker, "P7"));
}

TEST(Checker, I19_SeesAReadThatMissesAnAcknowledgedWrite) {
  Checker checker(voters(3));
  checker.read(LogIndex{4}, LogIndex{4});
  EXPECT_EQ(checker.violation(), "");
  checker.read(LogIndex{4}, LogIndex{3});
  EXPECT_TRUE(says(checker, "I19"));
}

TEST(Checker, I21_SeesASnapshotThatIsNotWhatReplayGives) {
  Checker checker(voters(3));
  const uint64_t digest = checker.applied(voter(1), entry(1, 1, "a"), 0);
  checker.restored(LogIndex{1}, digest);
  EXPECT_EQ(checker.violation(), "");
  checker.restored(LogIndex{1}, digest + 1);
  EXPECT_TRUE(says(checker, "I21"));
}

}  // namespace
}  // namespace barnabas::raft::testing

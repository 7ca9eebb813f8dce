// P22: a snapshot that is {older than, equal to, newer than, in conflict with} what a follower has
// committed, offered to a log that is {shorter, longer, divergent}. Each of the twelve, to its end:
// what is fetched, what is kept, what is acknowledged, and that a power cut afterwards changes
// nothing.

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "raft/testing/stage.h"

namespace barnabas::raft::testing {
namespace {

constexpr int kFollower = 3;
constexpr int kLeader = 1;  // of term 5
constexpr int kDeposed = 2;

struct Case {
  const char* name;
  // Everywhere entries 1 to 5 are of term 2 and committed. What lies behind them, by term:
  std::vector<int> tail;
  EntryId snapshot;
  bool installed = false;
  LogIndex commit;  // afterwards; also what is acknowledged
  LogIndex last;
};

EntryId id(int64_t index, int term) { return {LogIndex{index}, Term{term}}; }
LogIndex at(int64_t index) { return LogIndex{index}; }

const std::vector<Case> kCases = {
    // Of what is committed nothing is ever fetched, and the tail is none of a snapshot's business.
    {"OlderShorter", {}, id(3, 2), false, at(5), at(5)},
    {"OlderLonger", {2, 2, 2, 2}, id(3, 2), false, at(5), at(9)},
    {"OlderDivergent", {3, 3, 3, 3}, id(3, 2), false, at(5), at(9)},
    {"EqualShorter", {}, id(5, 2), false, at(5), at(5)},
    {"EqualLonger", {2, 2, 2, 2}, id(5, 2), false, at(5), at(9)},
    {"EqualDivergent", {3, 3, 3, 3}, id(5, 2), false, at(5), at(9)},
    {"NewerShorter", {2}, id(8, 4), true, at(8), at(8)},
    // The log leads to it, and is kept: what it covers is committed by that alone.
    {"NewerLonger", {2, 2, 2, 2}, id(7, 2), false, at(7), at(9)},
    {"NewerDivergent", {3, 3}, id(12, 4), true, at(12), at(12)},
    // Another entry stands where it ends: whatever is above the commit index goes.
    {"ConflictingShorter", {3, 3}, id(7, 4), true, at(7), at(7)},
    {"ConflictingLonger", {2, 2, 2, 2}, id(7, 4), true, at(7), at(7)},
    {"ConflictingDivergent", {3, 3, 3, 3}, id(7, 4), true, at(7), at(7)},
};

class SnapshotMatrix : public ::testing::TestWithParam<Case> {
 protected:
  SnapshotMatrix() : stage_(3) {
    append(kDeposed, 2, id(0, 0), {2, 2, 2, 2, 2}, 5);
    int before = 2;
    int64_t index = 5;
    for (const int term : GetParam().tail) {
      append(kDeposed, term, id(index, before), {term}, 5);
      before = term;
      ++index;
    }
    EXPECT_EQ(core().commit(), at(5));
    EXPECT_EQ(core().log().last_index(), at(5 + static_cast<int64_t>(GetParam().tail.size())));
    stage_.run("drop");
  }

  Core& core() { return stage_.core(kFollower); }
  void say(int from, int term, Body body) {
    stage_.inject({stage_.id(from), stage_.id(kFollower), Term{term}, 1, std::move(body)});
  }
  void append(int from, int term, EntryId behind, const std::vector<int>& terms, int64_t commit) {
    AppendRequest request{behind, LogIndex{commit}, {}};
    LogIndex index = behind.index;
    for (const int of : terms) {
      index = index.next();
      request.entries.push_back(
          {index, Term{of}, Buffer::own(absl::StrCat("entry ", index.value(), " of ", of))});
    }
    say(from, term, std::move(request));
  }
  void offer() { say(kLeader, 5, SnapshotOffer{GetParam().snapshot, 100, 1, {}}); }
  // The highest that the leader of term 5 has been told is durable here.
  LogIndex acknowledged() {
    LogIndex highest;
    for (const Message& message : stage_.under_way()) {
      const auto* reply = std::get_if<AppendReply>(&message.body);
      if (reply == nullptr || !reply->accepted || message.to != stage_.id(kLeader)) continue;
      highest = std::max(highest, reply->match);
    }
    return highest;
  }
  void expect_state(const char* when) {
    const Case& now = GetParam();
    EXPECT_EQ(core().commit(), now.commit) << when;
    EXPECT_EQ(core().applied(), now.commit) << when;
    EXPECT_EQ(core().log().last_index(), now.last) << when;
    if (now.installed) {
      EXPECT_EQ(core().log().base(), now.snapshot) << when;
    }
  }

  Stage stage_;
};

TEST_P(SnapshotMatrix, P22_IsHandled) {
  const Case& now = GetParam();
  offer();
  const std::string arrived = stage_.run("arrive 3");
  EXPECT_EQ(absl::StrContains(arrived, "installs snapshot"), now.installed) << arrived;
  EXPECT_EQ(absl::StrContains(arrived, "is fetching nothing"), !now.installed) << arrived;
  expect_state("after the offer");
  EXPECT_EQ(acknowledged(), now.commit) << "and not a tail that nobody has verified (I11)";

  // Once more, and arriving once more: nothing happens, nothing goes back (I21).
  offer();
  stage_.run("arrive 3");
  expect_state("after a repetition");

  // The next entry of the leader follows, and replaces what is left of another log.
  const EntryId behind{now.commit, *core().log().term_at(now.commit)};
  append(kLeader, 5, behind, {5, 5}, now.commit.value() + 2);
  EXPECT_EQ(core().commit().value(), now.commit.value() + 2);
  EXPECT_EQ(core().log().last(), (EntryId{LogIndex{now.commit.value() + 2}, Term{5}}));
  EXPECT_EQ(stage_.applied(kFollower).back(),
            absl::StrCat("entry ", now.commit.value() + 2, " of 5"));
}

TEST_P(SnapshotMatrix, P22_SurvivesAPowerCutRightAfterwards) {
  const Case& now = GetParam();
  offer();
  stage_.run("arrive 3");
  stage_.run("crash 3");
  stage_.run("restart 3");
  // What was acknowledged is here; what is committed is learnt anew, from the snapshot on.
  EXPECT_GE(core().log().last_index(), now.commit);
  EXPECT_EQ(core().log().last_index(), now.last);
  if (now.installed) {
    EXPECT_EQ(core().log().base(), now.snapshot);
    EXPECT_EQ(core().commit(), now.snapshot.index);
  }
  const EntryId behind{now.commit, *core().log().term_at(now.commit)};
  append(kLeader, 5, behind, {5}, now.commit.value() + 1);
  EXPECT_EQ(core().commit().value(), now.commit.value() + 1);
}

// While it is being fetched the entries come after all: then it is not needed any more.
TEST_P(SnapshotMatrix, P22_IsNotInstalledOverALogThatHasCaughtUpMeanwhile) {
  const Case& now = GetParam();
  if (!now.installed) return;  // nothing is fetched
  offer();
  std::vector<int> terms;
  for (int64_t index = 6; index <= now.snapshot.index.value(); ++index) terms.push_back(4);
  append(kLeader, 5, id(5, 2), terms, now.snapshot.index.value());
  EXPECT_EQ(core().commit(), now.snapshot.index);
  const std::string arrived = stage_.run("arrive 3");
  EXPECT_FALSE(absl::StrContains(arrived, "installs")) << arrived;
  EXPECT_EQ(core().log().base(), EntryId());
  EXPECT_EQ(core().log().last(), now.snapshot);
}

INSTANTIATE_TEST_SUITE_P(P22, SnapshotMatrix, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

// A newer one is offered while the first is on its way: what arrives late is not installed.
TEST(SnapshotRaces, P22_AnOvertakenSnapshotIsNotInstalled) {
  Stage stage(3);
  const auto say = [&](int term, EntryId last) {
    stage.inject({stage.id(1), stage.id(3), Term{term}, 1, SnapshotOffer{last, 100, 1, {}}});
  };
  say(5, id(7, 4));
  say(5, id(9, 5));
  EXPECT_TRUE(absl::StrContains(stage.run("arrive 3"), "installs snapshot 9@5"));
  say(5, id(7, 4));
  EXPECT_FALSE(absl::StrContains(stage.run("arrive 3"), "installs"));
  EXPECT_EQ(stage.core(3).commit(), at(9));
}

// A deposed leader's offer is answered with the newer term and fetched by nobody.
TEST(SnapshotRaces, P22_AnOfferOfAnOlderTermIsNotFetched) {
  Stage stage(3);
  stage.inject({stage.id(1), stage.id(3), Term{5}, 1, Heartbeat{LogIndex{0}, 1}});
  stage.inject({stage.id(2), stage.id(3), Term{4}, 1, SnapshotOffer{id(7, 4), 100, 1, {}}});
  EXPECT_TRUE(absl::StrContains(stage.run("arrive 3"), "fetching nothing"));
  EXPECT_EQ(stage.core(3).commit(), at(0));
}

}  // namespace
}  // namespace barnabas::raft::testing

// The pure parts of the core: majorities, elections, and what a leader knows of a follower.

#include <gtest/gtest.h>

#include <map>

#include "common/random.h"
#include "raft/core/progress.h"
#include "raft/core/quorum.h"
#include "raft/core/reads.h"
#include "raft/core/votes.h"

namespace barnabas::raft {
namespace {

Configuration voters(int32_t count) {
  Configuration out;
  for (int32_t id = 1; id <= count; ++id) out.voters[{ControllerId{id}, Uuid()}] = Endpoint();
  return out;
}
VoterId voter(int32_t id) { return {ControllerId{id}, Uuid()}; }

// Against a twin too plain to be wrong: count, for each index, who has it.
TEST(Quorum, TheMajoritysIndexIsTheHighestThatEnoughHaveReached) {
  const auto random = seeded_random(5);
  for (int round = 0; round < 3000; ++round) {
    const Configuration configuration = voters(static_cast<int32_t>(1 + random->below(7)));
    std::map<VoterId, LogIndex> reached;
    for (const auto& [id, endpoint] : configuration.voters) {
      reached[id] = LogIndex{static_cast<int64_t>(random->below(6))};
    }
    int64_t plain = 0;
    for (int64_t index = 0; index <= 6; ++index) {
      size_t have = 0;
      for (const auto& [id, at] : reached) have += at.value() >= index ? 1 : 0;
      if (2 * have > configuration.voters.size()) plain = index;
    }
    EXPECT_EQ(reached_by_majority(configuration, [&](const VoterId& id) { return reached.at(id); }),
              LogIndex{plain});
  }
}

TEST(Votes, AMajorityOfUnconditionalVotesWins) {
  Votes votes;
  votes.record(voter(1), true, false);
  EXPECT_FALSE(votes.won(voters(3), voters(3)));
  votes.record(voter(2), true, false);
  EXPECT_TRUE(votes.won(voters(3), voters(3)));
}

TEST(Votes, S6_AConditionalVoteCompletesNoMajorityButCountsWhenAllTakePart) {
  Votes votes;
  votes.record(voter(1), true, false);
  votes.record(voter(2), true, true);
  EXPECT_FALSE(votes.won(voters(3), voters(3)));
  votes.record(voter(3), true, true);
  EXPECT_TRUE(votes.won(voters(3), voters(3)));
}

TEST(Votes, TheFirstAnswerStandsAndStrangersDoNotCount) {
  Votes votes;
  votes.record(voter(1), true, false);
  votes.record(voter(2), false, false);
  votes.record(voter(2), true, false);
  votes.record(voter(9), true, false);
  EXPECT_FALSE(votes.won(voters(3), voters(3)));
  votes.record(voter(3), false, false);
  EXPECT_TRUE(votes.lost(voters(3)));
}

TEST(Progress, ProbesOneAtATimeThenSendsAheadUpToTheLimit) {
  Progress progress(LogIndex{9}, Instant{});
  const InflightLimits limits{2, 1000};
  EXPECT_TRUE(progress.may_send(limits));
  progress.sent(LogIndex{10}, 10);
  EXPECT_FALSE(progress.may_send(limits));
  progress.accepted(LogIndex{10});
  EXPECT_EQ(progress.state(), Progress::State::kReplicate);
  progress.sent(LogIndex{11}, 10);
  progress.sent(LogIndex{12}, 10);
  EXPECT_FALSE(progress.may_send(limits));
  progress.accepted(LogIndex{11});
  EXPECT_TRUE(progress.may_send(limits));
  progress.sent(LogIndex{13}, 5000);
  EXPECT_FALSE(progress.may_send({10, 1000}));
}

TEST(Progress, AnOldRefusalChangesNothing) {
  Progress progress(LogIndex{9}, Instant{});
  progress.accepted(LogIndex{9});
  EXPECT_FALSE(progress.refused(LogIndex{7}, LogIndex{5}));
  EXPECT_EQ(progress.match(), LogIndex{9});
}

TEST(Progress, F12_AProcessThatStartedAnewHasSaidNothingYet) {
  Progress progress(LogIndex{9}, Instant{});
  progress.set_boot(1);
  progress.accepted(LogIndex{9});
  progress.restarted(2);
  EXPECT_EQ(progress.match(), LogIndex{0});
  EXPECT_EQ(progress.state(), Progress::State::kProbe);
}

TEST(Reads, ThoseThatComeWhileARoundIsOutShareTheNextOne) {
  Reads reads;
  EXPECT_TRUE(reads.ask(1, LogIndex{3}));
  EXPECT_FALSE(reads.ask(2, LogIndex{4}));
  EXPECT_FALSE(reads.ask(3, LogIndex{4}));
  EXPECT_TRUE(reads.confirmed(reads.round()));
  EXPECT_EQ(reads.take_ready(LogIndex{3}), std::vector<uint64_t>{1});
  EXPECT_FALSE(reads.confirmed(reads.round()));
  EXPECT_TRUE(reads.take_ready(LogIndex{3}).empty()) << "its index is not applied yet";
  EXPECT_EQ(reads.take_ready(LogIndex{4}), (std::vector<uint64_t>{2, 3}));
}

}  // namespace
}  // namespace barnabas::raft

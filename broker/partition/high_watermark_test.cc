#include "broker/partition/high_watermark.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace barnabas::partition {
namespace {

constexpr BrokerId kLeader{1}, kFast{2}, kSlow{3};

ReplicaProgress at(BrokerId replica, int64_t end) { return {replica, Offset{end}}; }

bool advance(HighWatermark& mark, std::vector<BrokerId> committed,
             std::optional<std::vector<BrokerId>> proposed, std::vector<ReplicaProgress> progress) {
  InSyncView view{committed, std::nullopt};
  if (proposed.has_value()) view.proposed = absl::MakeConstSpan(*proposed);
  return mark.advance(view, progress);
}

TEST(HighWatermark, IsTheSlowestInSyncReplica) {
  HighWatermark mark{Offset{0}};
  EXPECT_TRUE(
      advance(mark, {kLeader, kFast, kSlow}, {}, {at(kLeader, 30), at(kFast, 20), at(kSlow, 10)}));
  EXPECT_EQ(mark.value(), Offset{10});
}

TEST(HighWatermark, IgnoresReplicasOutsideTheInSyncSet) {
  HighWatermark mark{Offset{0}};
  EXPECT_TRUE(advance(mark, {kLeader, kFast}, {}, {at(kLeader, 30), at(kFast, 20), at(kSlow, 0)}));
  EXPECT_EQ(mark.value(), Offset{20});
}

// Leaving the set is only a wish until the controller has committed it.
TEST(HighWatermark, AProposedShrinkStillWaitsForTheReplicaThatIsToLeave) {
  HighWatermark mark{Offset{5}};
  EXPECT_FALSE(advance(mark, {kLeader, kFast, kSlow}, {{kLeader, kFast}},
                       {at(kLeader, 30), at(kFast, 20), at(kSlow, 5)}));
  EXPECT_EQ(mark.value(), Offset{5});
}

TEST(HighWatermark, AProposedMemberCountsBeforeItIsCommitted) {
  HighWatermark mark{Offset{5}};
  EXPECT_FALSE(advance(mark, {kLeader}, {{kLeader, kFast}}, {at(kLeader, 30), at(kFast, 5)}));
}

TEST(HighWatermark, WaitsForAMemberThatHasNotReported) {
  HighWatermark mark{Offset{5}};
  EXPECT_FALSE(advance(mark, {kLeader, kSlow}, {}, {at(kLeader, 30)}));
}

TEST(HighWatermark, AFollowerLearnsNoFurtherThanItsLogAgreesWithTheLeaders) {
  HighWatermark mark{Offset{5}};
  EXPECT_TRUE(mark.learn(Offset{20}, Offset{12}));
  EXPECT_EQ(mark.value(), Offset{12});
}

TEST(HighWatermark, AFollowerIsNotTakenBackByALeaderThatKnowsLess) {
  HighWatermark mark{Offset{15}};
  EXPECT_FALSE(mark.learn(Offset{10}, Offset{30}));
  EXPECT_EQ(mark.value(), Offset{15});
}

// Against a twin that is too plain to be wrong: count, for each offset, who has it.
TEST(HighWatermark, AgreesWithThePlainDefinitionOnRandomHistories) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    auto draw = [&](int below) {
      return static_cast<int>(random() % static_cast<uint32_t>(below));
    };
    HighWatermark mark{Offset{0}};
    int64_t plain = 0;
    for (int step = 0; step < 20; ++step) {
      std::vector<ReplicaProgress> progress;
      std::set<int> committed{1}, proposed{1};
      for (int replica = 1; replica <= 4; ++replica) {
        progress.push_back(at(BrokerId{replica}, draw(10)));
        if (draw(2)) committed.insert(replica);
        if (draw(2)) proposed.insert(replica);
      }
      std::vector<BrokerId> committed_ids, proposed_ids;
      for (int id : committed) committed_ids.push_back(BrokerId{id});
      for (int id : proposed) proposed_ids.push_back(BrokerId{id});
      std::optional<std::vector<BrokerId>> proposal;
      if (draw(2)) {
        proposal = proposed_ids;
      } else {
        proposed = committed;
      }
      for (int64_t offset = plain; offset < 10; ++offset) {
        bool everywhere =
            std::all_of(progress.begin(), progress.end(), [&](const ReplicaProgress& p) {
              bool counted =
                  committed.count(p.replica.value()) || proposed.count(p.replica.value());
              return !counted || p.end > Offset{offset};
            });
        if (!everywhere) break;
        plain = offset + 1;
      }
      advance(mark, committed_ids, proposal, progress);
      ASSERT_EQ(mark.value(), Offset{plain}) << "seed " << seed << " step " << step;
    }
  }
}

}  // namespace
}  // namespace barnabas::partition

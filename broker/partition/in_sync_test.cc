#include "broker/partition/in_sync.h"

#include <gtest/gtest.h>

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
constexpr BrokerId kA{1}, kB{2}, kC{3};
const Instant kStart{std::chrono::seconds(100)};

InSyncProposal proposal(PartitionEpoch epoch, std::vector<BrokerId> members) {
  InSyncProposal out;
  out.leader_epoch = LeaderEpoch{4};
  out.partition_epoch = epoch;
  for (BrokerId member : members) out.in_sync.push_back({member, BrokerEpoch{10}});
  return out;
}

TEST(InSync, AProposedMemberIsInTheMaximalSetAtOnce) {
  InSync set;
  set.commit({kA}, PartitionEpoch{7});
  set.propose(proposal(PartitionEpoch{7}, {kA, kB}), kStart);
  EXPECT_TRUE(set.in_maximal(kB));
  EXPECT_FALSE(set.is_committed(kB));
}

TEST(InSync, AMemberThatIsToLeaveStaysInTheMaximalSet) {
  InSync set;
  set.commit({kA, kB}, PartitionEpoch{7});
  set.propose(proposal(PartitionEpoch{7}, {kA}), kStart);
  EXPECT_TRUE(set.in_maximal(kB));
}

TEST(InSync, S14_AProposalWithUnknownOutcomeStaysInFlightUntilANewerPartitionEpochIsCommitted) {
  InSync set;
  set.commit({kA}, PartitionEpoch{7});
  const InSyncProposal sent = proposal(PartitionEpoch{7}, {kA, kB});
  set.propose(sent, kStart);
  EXPECT_FALSE(set.answered(sent, std::nullopt));
  EXPECT_FALSE(set.settled());
  set.commit({kA}, PartitionEpoch{7});  // the same state once more says nothing
  EXPECT_TRUE(set.in_maximal(kB));
  set.commit({kA, kC}, PartitionEpoch{8});
  EXPECT_TRUE(set.settled());
  EXPECT_FALSE(set.in_maximal(kB));
}

// Sent twice, the second may be refused because the first was committed.
TEST(InSync, S14_ARefusalThatNamesANewerEpochProvesNothing) {
  for (ErrorCode error : {ErrorCode::kNone, ErrorCode::kInvalidUpdateVersion,
                          ErrorCode::kFencedLeaderEpoch, ErrorCode::kNotController}) {
    InSync set;
    set.commit({kA}, PartitionEpoch{7});
    const InSyncProposal sent = proposal(PartitionEpoch{7}, {kA, kB});
    set.propose(sent, kStart);
    EXPECT_FALSE(set.answered(sent, error)) << kafka::error_name(error);
    EXPECT_TRUE(set.in_maximal(kB));
  }
}

TEST(InSync, ARefusalOnTheVeryEpochFreesTheProposal) {
  InSync set;
  set.commit({kA}, PartitionEpoch{7});
  const InSyncProposal sent = proposal(PartitionEpoch{7}, {kA, kB});
  set.propose(sent, kStart);
  EXPECT_TRUE(set.answered(sent, ErrorCode::kIneligibleReplica));
  EXPECT_TRUE(set.settled());
  EXPECT_FALSE(set.in_maximal(kB));
}

TEST(InSync, AnAnswerToAnEarlierProposalIsDropped) {
  InSync set;
  set.commit({kA}, PartitionEpoch{7});
  const InSyncProposal old = proposal(PartitionEpoch{7}, {kA, kB});
  set.propose(old, kStart);
  set.commit({kA, kB}, PartitionEpoch{8});
  set.propose(proposal(PartitionEpoch{8}, {kA, kB, kC}), kStart);
  EXPECT_FALSE(set.answered(old, ErrorCode::kIneligibleReplica));
  EXPECT_TRUE(set.in_maximal(kC));
}

TEST(InSync, AProposalWithoutNewsIsSentAgainUnchangedAfterAWhile) {
  InSync set;
  set.commit({kA}, PartitionEpoch{7});
  set.propose(proposal(PartitionEpoch{7}, {kA, kB}), kStart);
  EXPECT_FALSE(set.due_again(kStart + Duration(999), Duration(1000)).has_value());
  const auto again = set.due_again(kStart + Duration(1000), Duration(1000));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->partition_epoch, PartitionEpoch{7});
  EXPECT_EQ(again->in_sync.size(), 2u);
  EXPECT_FALSE(set.due_again(kStart + Duration(1001), Duration(1000)).has_value());
}

}  // namespace
}  // namespace barnabas::partition

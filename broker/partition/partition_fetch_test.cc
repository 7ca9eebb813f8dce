// What consumers and replicas may read, and when they are woken.

#include "broker/partition/testing/two_nodes.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

class PartitionFetch : public TwoNodes {};

TEST_F(PartitionFetch, ConsumersNeverReadPastTheHighWatermark) {
  lead(kSelf);
  a.produce({});
  run();
  EXPECT_EQ(a.fetch(0).records.size(), 0u);
  EXPECT_EQ(a.fetch(1).error, ErrorCode::kNone);  // between high watermark and log end
  EXPECT_EQ(a.fetch(2).error, ErrorCode::kOffsetOutOfRange);
  replicate(a, b);
  EXPECT_GT(a.fetch(0).records.size(), 0u);
  EXPECT_EQ(a.fetch(0).high_watermark, Offset{1});
}

TEST_F(PartitionFetch, AFetchInAnotherEpochIsRefused) {
  lead(kSelf);
  lead(kSelf);
  FetchArgs args;
  args.max_bytes = 100;
  args.offset = Offset{0};
  args.leader_epoch = LeaderEpoch{1};
  EXPECT_EQ(a.partition->fetch(args).error, ErrorCode::kFencedLeaderEpoch);
  args.leader_epoch = LeaderEpoch{3};
  EXPECT_EQ(a.partition->fetch(args).error, ErrorCode::kUnknownLeaderEpoch);
}

TEST_F(PartitionFetch, ASleepingConsumerIsWokenByACommitAndAReplicaByAnAppend) {
  lead(kSelf);
  auto consumer = std::make_shared<CountingWaiter>();
  auto replica = std::make_shared<CountingWaiter>();
  FetchArgs args;
  args.offset = Offset{0};
  EXPECT_FALSE(a.partition->watch(args, consumer));
  args.replica = ReplicaIdentity{kOther, BrokerEpoch{12}, {}};
  EXPECT_FALSE(a.partition->watch(args, replica));
  a.produce({});
  EXPECT_EQ(replica->wakes, 1);
  EXPECT_EQ(consumer->wakes, 0);
  replicate(a, b);
  EXPECT_EQ(consumer->wakes, 1);
  EXPECT_TRUE(a.partition->watch(args, replica));  // there is news already
}

TEST_F(PartitionFetch, SleepersAreWokenWhenTheLeadershipEnds) {
  lead(kSelf);
  auto consumer = std::make_shared<CountingWaiter>();
  FetchArgs args;
  args.offset = Offset{0};
  EXPECT_FALSE(a.partition->watch(args, consumer));
  lead(kOther);
  EXPECT_EQ(consumer->wakes, 1);
  EXPECT_TRUE(a.partition->watch(args, consumer));
}

TEST_F(PartitionFetch, S26_LatestWaitsUntilTheHighWatermarkHasReachedTheEpoch) {
  lead(kSelf);
  a.produce({});
  copy(a, b);
  run();
  lead(kOther);  // has the record, and does not know that it is committed
  ListOffsetsArgs args;
  EXPECT_EQ(b.partition->list_offsets(args).error, ErrorCode::kOffsetNotAvailable);
  args.kind = ListOffsetsKind::kEarliest;
  EXPECT_EQ(b.partition->list_offsets(args).error, ErrorCode::kNone);
  replicate(b, a);
  args.kind = ListOffsetsKind::kLatest;
  EXPECT_EQ(b.partition->list_offsets(args).offset, Offset{1});
}

// ---- The closest replica (KIP-392) ----

class ClosestReplica : public TwoNodes {
 protected:
  FetchAnswer ask(Node& node, int64_t offset, std::vector<BrokerId> nearby = {}) {
    FetchArgs args;
    args.offset = Offset{offset};
    args.max_bytes = 1 << 20;
    args.any_replica = true;
    args.nearby.assign(nearby.begin(), nearby.end());
    return node.partition->fetch(args);
  }
};

TEST_F(ClosestReplica, AFollowerServesConsumersUpToTheHighWatermarkThatItKnows) {
  lead(kSelf);
  a.produce({});
  copy(a, b);
  run();
  EXPECT_EQ(b.partition->view().log_end, Offset{1});
  EXPECT_EQ(ask(b, 0).records.size(), 0u) << "not known to be committed";
  EXPECT_EQ(ask(b, 1).error, ErrorCode::kNone);
  EXPECT_EQ(ask(b, 2).error, ErrorCode::kOffsetOutOfRange);
  replicate(a, b);
  EXPECT_GT(ask(b, 0).records.size(), 0u);
  EXPECT_EQ(ask(b, 0).high_watermark, Offset{1});
}

TEST_F(ClosestReplica, AFollowerThatHasNotAgreedWithItsLeaderServesNobody) {
  lead(kSelf);
  a.produce({});
  replicate(a, b);
  lead(kSelf);
  EXPECT_EQ(ask(b, 0).error, ErrorCode::kNotLeaderOrFollower);
  copy(a, b);
  EXPECT_EQ(ask(b, 0).error, ErrorCode::kNone);
}

TEST_F(ClosestReplica, AFollowerSendsThoseAwayWhoWantALeader) {
  lead(kSelf);
  a.produce({});
  replicate(a, b);
  EXPECT_EQ(b.fetch(0).error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(b.fetch(0, ReplicaIdentity{kSelf, BrokerEpoch{11}, {}}).error,
            ErrorCode::kNotLeaderOrFollower);
}

TEST_F(ClosestReplica, ALeaderNamesAnInSyncFollowerInTheRackThatHasTheOffset) {
  lead(kSelf);
  a.produce({});
  replicate(a, b);
  copy(a, b);
  EXPECT_EQ(ask(a, 0, {kOther}).preferred, kOther);
  EXPECT_EQ(ask(a, 0, {kOther}).records.size(), 0u);
  EXPECT_EQ(ask(a, 0).preferred, kNoBroker);
  a.produce({});
  EXPECT_EQ(ask(a, 2, {kOther}).preferred, kNoBroker) << "the follower does not have it yet";
  image.in_sync = {kSelf};
  commit();
  EXPECT_EQ(ask(a, 0, {kOther}).preferred, kNoBroker) << "not in sync";
}

TEST_F(ClosestReplica, ASleeperAtAFollowerIsWokenWhenItsHighWatermarkMoves) {
  lead(kSelf);
  a.produce({});
  copy(a, b);
  run();
  auto consumer = std::make_shared<CountingWaiter>();
  FetchArgs args;
  args.offset = Offset{0};
  args.any_replica = true;
  EXPECT_FALSE(b.partition->watch(args, consumer));
  replicate(a, b);
  EXPECT_EQ(consumer->wakes, 1);
}

}  // namespace
}  // namespace barnabas::partition

// A follower copies, reports, cuts its log where the leader has another, and starts anew.

#include "broker/partition/testing/two_nodes.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

class PartitionFollow : public TwoNodes {
 protected:
  // The other replica had five records too, and comes back without any.
  void other_is_wiped_after_five_records() {
    lead(kSelf);
    a.produce({.count = 5});
    replicate(a, b);
    b.close_objects();
    b.disk.remove_directory("/data/topic-0").IgnoreError();
    b.reopen();
  }
};

TEST_F(PartitionFollow, AFollowerCopiesReportsAndLearnsTheHighWatermarkFromTheAnswer) {
  lead(kSelf);
  a.produce({.count = 5});
  replicate(a, b);
  EXPECT_EQ(a.partition->view().high_watermark, Offset{5});
  EXPECT_EQ(b.partition->view().log_end, Offset{5});
  EXPECT_EQ(b.partition->view().high_watermark, Offset{5});
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kNone);
}

TEST_F(PartitionFollow, NothingIsCommittedBeforeTheFollowersDiskHasIt) {
  lead(kSelf);
  a.produce({});
  b.disk.hold_syncs(true);
  copy(a, b);
  copy(a, b);
  run();
  report(a, b);
  EXPECT_EQ(a.partition->view().high_watermark, Offset{0});
  b.disk.hold_syncs(false);
  run();
  report(a, b);
  EXPECT_EQ(a.partition->view().high_watermark, Offset{1});
}

TEST_F(PartitionFollow, AReportIsDueOncePerChangeAndAgainForEachNewEpoch) {
  lead(kSelf);
  copy(a, b);
  EXPECT_TRUE(b.partition->report_due(kSelf).has_value());
  report(a, b);
  EXPECT_FALSE(b.partition->report_due(kSelf).has_value());
  lead(kSelf);
  EXPECT_FALSE(b.partition->report_due(kSelf).has_value());  // not before the logs agree
  copy(a, b);
  EXPECT_TRUE(b.partition->report_due(kSelf).has_value());
}

TEST_F(PartitionFollow, S15_AReportFromADivergingLogIsRefused) {
  lead(kSelf);
  a.produce({});
  replicate(a, b);
  lead(kSelf);
  a.produce({});
  run();
  const ReplicaIdentity from{kOther, BrokerEpoch{12}, {}};
  // The record below offset 2 has epoch 2 here; a log in which it has epoch 1 is another one.
  EXPECT_EQ(a.partition->report(from, {LeaderEpoch{2}, Offset{2}, LeaderEpoch{1}}).error,
            ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(a.partition->report(from, {LeaderEpoch{1}, Offset{1}, LeaderEpoch{1}}).error,
            ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(a.partition->report(from, {LeaderEpoch{2}, Offset{1}, LeaderEpoch{1}}).error,
            ErrorCode::kNone);
}

TEST_F(PartitionFollow, AReturningLeaderDropsWhatWasNeverCommittedByEpochAndEndOffset) {
  lead(kSelf);
  a.produce({.producer = 5, .sequence = 0});
  replicate(a, b);
  a.produce({.producer = 5, .sequence = 1});  // never copied
  run();
  lead(kOther);
  b.produce({.producer = 6, .sequence = 0});
  b.produce({.producer = 6, .sequence = 1});
  replicate(b, a);
  EXPECT_EQ(a.partition->view().log_end, Offset{3});
  EXPECT_EQ(b.partition->view().high_watermark, Offset{3});
  EXPECT_EQ(a.fetch(0).error, ErrorCode::kNotLeaderOrFollower);
  // Producer state went back with the log: sequence 1 of producer 5 is next again.
  lead(kSelf);
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 1}, 1)->base_offset, Offset{3});
  EXPECT_EQ(a.produce({.producer = 6, .sequence = 1}, 1)->base_offset, Offset{2});
}

TEST_F(PartitionFollow, S17_AFlushOfWhatWasTruncatedMeanwhileCountsForNothing) {
  lead(kSelf);
  replicate(a, b);
  a.disk.hold_syncs(true);
  a.produce({.count = 10});
  run();  // the round is out
  lead(kOther);
  b.produce({.count = 10});
  run();
  for (int i = 0; i < 5; ++i) copy(b, a);
  ASSERT_EQ(a.partition->view().log_end, Offset{10});
  EXPECT_EQ(a.partition->view().durable_end, Offset{0});
  a.disk.hold_syncs(false);
  run();
  EXPECT_EQ(a.partition->view().durable_end, Offset{10});  // by a round of its own
}

TEST_F(PartitionFollow, S13_AFollowerThatWouldHaveToDropCommittedRecordsFencesItself) {
  other_is_wiped_after_five_records();
  lead(kOther);
  b.produce({.count = 2}, 1);
  run();
  copy(b, a);
  EXPECT_FALSE(a.partition->view().trouble.empty());
  EXPECT_EQ(a.proposer.lost.size(), 1u);
  EXPECT_EQ(a.partition->view().log_end, Offset{5});   // nothing was dropped
  EXPECT_FALSE(b.partition->view().leading == false);  // and nobody else is stopped by it
}

TEST_F(PartitionFollow, S13_AfterAnUncleanElectionTheSameTruncationIsLegal) {
  other_is_wiped_after_five_records();
  image.lineage = image.lineage.next();
  image.in_sync = {kOther};
  lead(kOther);
  b.produce({.count = 2}, 1);
  run();
  for (int i = 0; i < 4; ++i) copy(b, a);
  EXPECT_TRUE(a.partition->view().trouble.empty());
  EXPECT_EQ(a.partition->view().log_end, Offset{2});
}

TEST_F(PartitionFollow, AFollowerBelowTheLeadersLogStartBeginsThere) {
  a.settings.segment_bytes = 300;
  a.close_objects();
  a.reopen();
  image.in_sync = {kSelf};
  lead(kSelf);
  for (int i = 0; i < 20; ++i) a.produce({.value = std::string(100, 'x')});
  run();
  ASSERT_EQ(a.partition->view().high_watermark, Offset{20});
  // The leader has lost its first segments to retention.
  a.partition->delete_records(Offset{15}, a.loop.now() + seconds(1), a.loop,
                              [](const DeleteRecordsAnswer&) {});
  const Offset start = a.partition->view().log_start;
  ASSERT_GT(start, Offset{0});
  for (int i = 0; i < 10; ++i) copy(a, b);
  EXPECT_EQ(b.partition->view().log_start, start);
  EXPECT_EQ(b.partition->view().log_end, Offset{20});
}

TEST_F(PartitionFollow, AFollowerThatHasCaughtUpOnDiskIsProposed) {
  image.in_sync = {kSelf};
  lead(kSelf);
  a.produce({.count = 3});
  run();
  EXPECT_TRUE(a.proposer.proposals.empty());
  replicate(a, b);
  ASSERT_EQ(a.proposer.proposals.size(), 1u);
  EXPECT_EQ(a.proposer.proposals[0].in_sync.size(), 2u);
}

TEST_F(PartitionFollow, ARestartedReplicaKnowsItsHighWatermarkNoFurtherThanItsLog) {
  lead_alone();
  a.produce({.count = 3});
  run();
  a.close_objects();
  a.reopen(false, Offset{50});
  EXPECT_EQ(a.partition->view().high_watermark, Offset{3});
}

TEST_F(PartitionFollow, AnAbandonedPartitionAnswersItsWaitersAndHoldsNothing) {
  lead(kSelf);
  a.produce({});
  a.partition->abandon();
  run();
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(a.produce({})->error, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(a.fetch(0).error, ErrorCode::kUnknownTopicOrPartition);
}

}  // namespace
}  // namespace barnabas::partition

#include "controller/decide/alter_partition.h"

#include <gtest/gtest.h>

#include "controller/decide/producer_ids.h"
#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

class AlterPartitionTest : public ::testing::Test {
 protected:
  AlterPartitionTest() {
    for (int broker : {1, 2, 3, 4}) cluster_.start(broker);
    cluster_.create("board", {{1, 2, 3}}, {{"min.insync.replicas", "2"}});
    command_.set_correlation(7);
    command_.set_epoch(cluster_.epoch(1).value());
    asked_ = command_.add_partitions();
    asked_->set_topic_id(cluster_.id("board").topic.bytes());
    propose({1, 2, 3});
  }
  ~AlterPartitionTest() override { EXPECT_EQ(cluster_.broken(), ""); }

  void propose(std::initializer_list<int> members) {
    asked_->clear_in_sync();
    for (int member : members) {
      proto::InSyncMember* entry = asked_->add_in_sync();
      entry->set_broker(member);
      entry->set_epoch(cluster_.epoch(member).value());
    }
    asked_->set_leader_epoch(cluster_.partition("board").leader_epoch.value());
    asked_->set_partition_epoch(cluster_.partition("board").partition_epoch.value());
  }

  Decided<proto::AlterPartitionsAnswer> decide(int broker = 1) {
    return decide_alter_partitions(cluster_.image(), BrokerId{broker}, command_, cluster_.limits);
  }
  ErrorCode code(int broker = 1) {
    return static_cast<ErrorCode>(decide(broker).answer.partitions(0).error().code());
  }

  Cluster cluster_;
  proto::AlterPartitions command_;
  proto::AlterPartition* asked_;
};

TEST_F(AlterPartitionTest, AShrinkIsCommittedAndAnsweredWithTheNewState) {
  propose({1, 3});
  const auto decided = decide();
  EXPECT_EQ(decided.answer.correlation(), 7u);
  const proto::Partition& state = decided.answer.partitions(0).state();
  EXPECT_EQ(state.in_sync_size(), 2);
  EXPECT_EQ(state.partition_epoch(), 1);
  EXPECT_EQ(state.leader_epoch(), 0);
  cluster_.commit(decided.decision);
  EXPECT_EQ(cluster_.partition("board").in_sync, brokers({1, 3}));
}

TEST_F(AlterPartitionTest, AProposalOfWhatIsAlreadySoChangesNothing) {
  const auto decided = decide();
  EXPECT_TRUE(decided.decision.records().empty());
  EXPECT_EQ(decided.answer.partitions(0).error().code(), 0);
  EXPECT_EQ(decided.answer.partitions(0).state().in_sync_size(), 3);
}

TEST_F(AlterPartitionTest, ShrinkingBelowMinInSyncMakesTheOthersEligible) {
  propose({1});
  cluster_.commit(decide().decision);
  EXPECT_EQ(cluster_.partition("board").eligible, brokers({2, 3}));
  propose({1, 2});
  cluster_.commit(decide().decision);
  EXPECT_TRUE(cluster_.partition("board").eligible.empty());
}

TEST_F(AlterPartitionTest, AStaleBrokerEpochIsRefusedAsAWhole) {
  command_.set_epoch(cluster_.epoch(1).value() - 1);
  EXPECT_EQ(decide().answer.error().code(), 77);
  EXPECT_EQ(decide(9).answer.error().code(), 77);
}

TEST_F(AlterPartitionTest, UnknownTopicsAndPartitionsAreToldApart) {
  asked_->set_index(5);
  EXPECT_EQ(code(), ErrorCode::kUnknownTopicOrPartition);
  asked_->set_topic_id(std::string(16, 'x'));
  EXPECT_EQ(code(), ErrorCode::kUnknownTopicId);
  asked_->set_topic_id("not an id");
  EXPECT_EQ(code(), ErrorCode::kUnknownTopicId);
}

TEST_F(AlterPartitionTest, P28_AProposalFromTheFutureMeansThatThisControllerIsStale) {
  asked_->set_leader_epoch(1);
  EXPECT_EQ(code(), ErrorCode::kNotController);
  asked_->set_leader_epoch(0);
  asked_->set_partition_epoch(1);
  EXPECT_EQ(code(), ErrorCode::kNotController);
}

TEST_F(AlterPartitionTest, AnOldLeaderEpochIsFencedBeforeAnythingElseIsSaid) {
  cluster_.fence(1);
  cluster_.unfence(1);
  // Both epochs are behind and the sender does not lead: the leader epoch decides.
  EXPECT_EQ(code(), ErrorCode::kFencedLeaderEpoch);
  propose({1, 2, 3});
  EXPECT_EQ(code(), ErrorCode::kInvalidRequest);
}

TEST_F(AlterPartitionTest, AnOldPartitionEpochIsRefused) {
  cluster_.fence(3);
  EXPECT_EQ(code(), ErrorCode::kInvalidUpdateVersion);
}

TEST_F(AlterPartitionTest, TheSetMustConsistOfReplicasAndHoldTheLeader) {
  propose({1, 4});
  EXPECT_EQ(code(), ErrorCode::kInvalidRequest);
  propose({2, 3});
  EXPECT_EQ(code(), ErrorCode::kInvalidRequest);
  propose({1, 2, 2});
  EXPECT_EQ(code(), ErrorCode::kInvalidRequest);
}

TEST_F(AlterPartitionTest, ABrokerThatIsFencedOrShuttingDownIsNotAdmitted) {
  cluster_.fence(2);
  propose({1, 2, 3});
  EXPECT_EQ(code(), ErrorCode::kIneligibleReplica);
  cluster_.shut_down(3);
  propose({1, 3});
  EXPECT_EQ(code(), ErrorCode::kIneligibleReplica);
}

TEST_F(AlterPartitionTest, P27_ARebootedFollowerIsNotReadmittedByWhatItWasBefore) {
  const BrokerEpoch before = cluster_.epoch(2);
  cluster_.start(2);
  propose({1, 2, 3});
  asked_->mutable_in_sync(1)->set_epoch(before.value());
  EXPECT_EQ(code(), ErrorCode::kIneligibleReplica);
  asked_->mutable_in_sync(1)->set_epoch(cluster_.epoch(2).value());
  EXPECT_EQ(code(), ErrorCode::kNone);
}

TEST_F(AlterPartitionTest, APartitionIsNamedOncePerRequest) {
  *command_.add_partitions() = *asked_;
  propose({1, 2});
  const auto decided = decide();
  EXPECT_EQ(decided.answer.partitions(0).error().code(), 0);
  EXPECT_EQ(decided.answer.partitions(1).error().code(), 42);
  cluster_.commit(decided.decision);
}

TEST_F(AlterPartitionTest, WhileRecoveringTheLeaderStandsAlone) {
  cluster_.set_config(2, "board", "unclean.leader.election.enable", "true");
  for (int broker : {1, 2, 3}) cluster_.fence(broker);
  cluster_.register_broker(1, {.clean = true, .wiped = true});
  cluster_.unfence(1);
  for (int broker : {2, 3}) cluster_.unfence(broker);
  ASSERT_TRUE(cluster_.partition("board").recovering);
  ASSERT_EQ(cluster_.partition("board").leader, BrokerId{1});
  command_.set_epoch(cluster_.epoch(1).value());
  propose({1, 2});
  EXPECT_EQ(code(), ErrorCode::kInvalidRequest);
  asked_->set_recovered(true);
  EXPECT_EQ(code(), ErrorCode::kNone);
  cluster_.commit(decide().decision);
  EXPECT_FALSE(cluster_.partition("board").recovering);
}

TEST_F(AlterPartitionTest, I30_ProducerIdsAreGivenOutInBlocksThatNeverOverlap) {
  proto::AllocateProducerIds command;
  command.set_correlation(3);
  command.set_epoch(cluster_.epoch(1).value());
  int64_t expected = 0;
  for (int i = 0; i < 3; ++i) {
    const auto decided =
        decide_producer_ids(cluster_.image(), BrokerId{1}, command, cluster_.limits);
    EXPECT_EQ(decided.answer.first(), expected);
    EXPECT_EQ(decided.answer.count(), 1000);
    expected += 1000;
    cluster_.commit(decided.decision);
  }
  command.set_epoch(0);
  EXPECT_EQ(decide_producer_ids(cluster_.image(), BrokerId{1}, command, cluster_.limits)
                .answer.error()
                .code(),
            77);
}

}  // namespace
}  // namespace barnabas::controller

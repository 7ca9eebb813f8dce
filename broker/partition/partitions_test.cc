// What the replicas of a broker go through: created, restarted, deleted, judged strays, damaged.

#include "broker/partition/partitions.h"

#include <algorithm>

#include "broker/partition/testing/one_broker.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using metadata::TopicPartition;
using std::chrono::milliseconds;
using std::chrono::seconds;

class PartitionsTest : public OneBroker {};

TEST_F(PartitionsTest, ACreatedPartitionTakesRecordsAtOnce) {
  const TopicPartition id = create("board");
  EXPECT_EQ(produce(id), ErrorCode::kNone);
  EXPECT_TRUE(disk.exists("/data/board-0/partition.metadata"));
}

TEST_F(PartitionsTest, WhatWasAcknowledgedIsThereAfterAPowerCut) {
  const TopicPartition id = create("board");
  for (int i = 0; i < 5; ++i) ASSERT_EQ(produce(id), ErrorCode::kNone);
  restart(/*power_cut=*/true);
  ASSERT_NE(partitions->find(id), nullptr);
  EXPECT_EQ(partitions->find(id)->view().log_end, Offset{5});
}

TEST_F(PartitionsTest, S9_AfterARestartItDoesNotLeadUntilTheEpochIsNewer) {
  const TopicPartition id = create("board");
  ASSERT_EQ(produce(id), ErrorCode::kNone);
  restart(true);
  apply_whole(true);
  EXPECT_FALSE(partitions->find(id)->view().leading);
  EXPECT_EQ(produce(id), ErrorCode::kNotLeaderOrFollower);
  bump(id);
  EXPECT_EQ(produce(id), ErrorCode::kNone);
}

TEST_F(PartitionsTest, ACleanStopAndStartKeepsHighWatermarksAndScansNothing) {
  const TopicPartition id = create("board");
  for (int i = 0; i < 3; ++i) ASSERT_EQ(produce(id), ErrorCode::kNone);
  ASSERT_TRUE(partitions->stop().ok());
  ASSERT_TRUE(directory->mark_clean().ok());
  restart(false);
  EXPECT_TRUE(directory->was_clean());
  EXPECT_EQ(partitions->find(id)->view().high_watermark, Offset{3});
}

TEST_F(PartitionsTest, CheckpointsSurviveAPowerCut) {
  const TopicPartition id = create("board");
  for (int i = 0; i < 3; ++i) ASSERT_EQ(produce(id), ErrorCode::kNone);
  tick_for(seconds(61));
  restart(true);
  EXPECT_EQ(partitions->find(id)->view().high_watermark, Offset{3});
  EXPECT_EQ(directory->recovery_points().at({"board", 0}), Offset{3});
}

TEST_F(PartitionsTest, S13_TheLineageOfAHighWatermarkIsWrittenDownWithIt) {
  const TopicPartition id = create("board", /*lineage=*/4);
  ASSERT_EQ(produce(id), ErrorCode::kNone);
  tick_for(seconds(6));
  EXPECT_EQ(storage::read_file(disk, "/data/lineage-checkpoint").value(), "0\n1\nboard 0 4 1\n");
  restart(true);
  EXPECT_EQ(partitions->find(id)->view().high_watermark, Offset{1});
}

TEST_F(PartitionsTest, ADeletedTopicGoesAndItsNamesakeStartsEmpty) {
  const TopicPartition old = create("board");
  ASSERT_EQ(produce(old), ErrorCode::kNone);
  tick_for(seconds(61));
  remove(old);
  EXPECT_EQ(partitions->find(old), nullptr);
  EXPECT_TRUE(has_name("-delete"));
  const TopicPartition again = create("board");
  EXPECT_EQ(partitions->find(again)->view().log_end, Offset{0});
  EXPECT_EQ(partitions->find(again)->view().high_watermark, Offset{0});
  EXPECT_EQ(produce(again), ErrorCode::kNone);
  restart(true);
  EXPECT_EQ(partitions->find(old), nullptr);
  EXPECT_EQ(partitions->find(again)->view().log_end, Offset{1});
}

TEST_F(PartitionsTest, S8_NothingIsJudgedAStrayBeforeTheImageHasReachedTheRegistration) {
  const TopicPartition id = create("board");
  ASSERT_EQ(produce(id), ErrorCode::kNone);
  const metadata::Image full = metadata::Image::from_proto(image.to_proto());
  restart(true);
  image = metadata::Image{};  // an old image, from before the topic
  apply_whole(/*registered=*/false);
  EXPECT_NE(partitions->find(id), nullptr);
  EXPECT_TRUE(disk.exists("/data/board-0"));
  image = metadata::Image::from_proto(full.to_proto());
  apply_whole(/*registered=*/true);
  EXPECT_NE(partitions->find(id), nullptr);
}

// The replica is gone from the disk: no log could tell that the epoch is an earlier process's.
TEST_F(PartitionsTest, S9_NobodyLeadsByAnImageFromBeforeTheRegistration) {
  const TopicPartition id = create("board");
  down();
  disk.kill();
  ASSERT_TRUE(disk.rename("/data/board-0", "/data/elsewhere").ok());
  start();
  apply_whole(/*registered=*/false);
  EXPECT_EQ(partitions->find(id), nullptr);
  EXPECT_FALSE(disk.exists("/data/board-0"));
  apply_whole(/*registered=*/true);
  EXPECT_NE(partitions->find(id), nullptr);
}

TEST_F(PartitionsTest, S8_AStrayIsSetAsideAndNotDeleted) {
  const TopicPartition id = create("board");
  ASSERT_EQ(produce(id), ErrorCode::kNone);
  restart(true);
  image = metadata::Image{};
  apply_whole(/*registered=*/false);
  apply_whole(/*registered=*/true);
  EXPECT_EQ(partitions->find(id), nullptr);
  EXPECT_FALSE(disk.exists("/data/board-0"));
  EXPECT_TRUE(has_name("-stray"));
}

TEST_F(PartitionsTest, S18_ADiskThatFailsDuringRecoveryIsAFailedDiskAndNotADamagedReplica) {
  const TopicPartition id = create("board");
  ASSERT_EQ(produce(id), ErrorCode::kNone);
  down();
  disk.kill();
  loop = &simulation.start_node("broker");
  transport = std::make_unique<SimTransport>(network, "broker");
  directory = *storage::DataDirectory::open(disk, kPath, 1, *random);
  flusher = std::make_unique<storage::FlushScheduler>(disk, *loop);
  partitions = Partitions::make({.surroundings = {.self = kSelf,
                                                  .clock = loop->clock(),
                                                  .flusher = *flusher,
                                                  .proposer = proposer},
                                 .directory_id = directory->identity().directory_id,
                                 .inter_broker_listener = "INTERNAL"},
                                disk, *directory, *transport, *loop, {loop}, *random);
  disk.fail_syncs(-1);
  EXPECT_TRUE(absl::IsInternal(partitions->recover(/*clean=*/false)));
}

TEST_F(PartitionsTest, S18_AWriteThatTheSystemRefusesConcernsTheWholeDirectory) {
  const TopicPartition id = create("board");
  ASSERT_EQ(produce(id), ErrorCode::kNone);
  EXPECT_TRUE(partitions->failed().ok());
  disk.fail_writes("board-0");
  EXPECT_NE(produce(id), ErrorCode::kNone);
  tick_for(seconds(2));
  EXPECT_TRUE(absl::IsInternal(partitions->failed()));
}

TEST_F(PartitionsTest, DirectoriesWithoutAReadableTopicIdAreSetAsideAndTheReplicasMadeAnew) {
  const TopicPartition one = create("one");
  const TopicPartition two = create("two");
  down();
  disk.kill();
  for (const char* name : {"/data/one-0/partition.metadata", "/data/two-0/partition.metadata"}) {
    ASSERT_TRUE(storage::replace_file(disk, name, "").ok());
  }
  start();
  apply_whole(/*registered=*/true);
  for (const TopicPartition& id : {one, two}) {
    ASSERT_NE(partitions->find(id), nullptr);
    EXPECT_EQ(partitions->find(id)->view().log_end, Offset{0});
  }
  EXPECT_TRUE(has_name("-stray"));
}

TEST_F(PartitionsTest, ADamagedReplicaIsOfflineAndTheOthersServe) {
  const TopicPartition bad = create("bad");
  const TopicPartition good = create("good");
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(produce(bad), ErrorCode::kNone);
    ASSERT_EQ(produce(good), ErrorCode::kNone);
  }
  tick_for(seconds(61));
  down();
  disk.kill();
  disk.flip_bit("/data/bad-0/00000000000000000000.log", 70, 1);
  disk.cut_tail("/data/bad-0/00000000000000000000.log", 80);
  start();
  EXPECT_EQ(partitions->find(bad), nullptr);
  EXPECT_EQ(proposer.lost, std::vector<TopicPartition>{bad});  // so that nobody elects it
  ASSERT_NE(partitions->find(good), nullptr);
  EXPECT_EQ(partitions->find(good)->view().log_end, Offset{3});
  EXPECT_FALSE(partitions->stop().ok());  // so the next start looks at it again
}

TEST_F(PartitionsTest, ATopicsSettingsReachItsPartitions) {
  const TopicPartition id = create("board");
  configure("board", "max.message.bytes", "10");
  EXPECT_EQ(produce(id), ErrorCode::kMessageTooLarge);
}

}  // namespace
}  // namespace barnabas::partition

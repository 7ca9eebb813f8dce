// All replicas of one broker, as the committed image moves them: on a disk in memory that survives
// restarts.

#include "broker/partition/partitions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "kafka/records/builder.h"
#include "metadata/records.h"
#include "proto/metadata.pb.h"
#include "storage/data_directory.h"
#include "storage/memory_disk.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using metadata::TopicPartition;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr BrokerId kSelf{1};
constexpr char kPath[] = "/data";

struct NoProposer : Proposer {
  void propose(InSyncProposal) override {}
};

class PartitionsTest : public testing::Test {
 protected:
  PartitionsTest() {
    EXPECT_TRUE(disk.make_directories(kPath).ok());
    EXPECT_TRUE(disk.sync_and_wait({.files = {}, .directories = {"/"}}).ok());
    start();
    proto::Decision decision;
    proto::RegisterBroker* record = decision.add_records()->mutable_register_broker();
    record->set_id(1);
    record->set_incarnation(Uuid::make(*random).bytes());
    record->add_directories(Uuid::make(*random).bytes());
    apply(decision, /*registered=*/true);
  }
  ~PartitionsTest() override { down(); }

  void start() {
    loop = &simulation.start_node("broker");
    transport = std::make_unique<SimTransport>(network, "broker");
    auto opened = storage::DataDirectory::open(disk, kPath, 1, *random);
    ASSERT_TRUE(opened.ok()) << opened.status();
    directory = *std::move(opened);
    flusher = std::make_unique<storage::FlushScheduler>(disk, *loop);
    PartitionsOptions options{.surroundings = {.self = kSelf,
                                               .clock = loop->clock(),
                                               .flusher = *flusher,
                                               .proposer = proposer},
                              .directory_id = directory->identity().directory_id,
                              .inter_broker_listener = "INTERNAL"};
    partitions =
        Partitions::make(std::move(options), disk, *directory, *transport, *loop, {loop}, *random);
    ASSERT_TRUE(partitions->recover(directory->was_clean()).ok());
  }
  void down() {
    simulation.kill("broker");
    partitions.reset();
    flusher.reset();
    directory.reset();
    transport.reset();
  }
  void restart(bool power_cut) {
    down();
    if (power_cut) {
      disk.crash(*random);
    } else {
      disk.kill();
    }
    start();
  }

  void apply(const proto::Decision& decision, bool registered = true) {
    index = index.next();
    const metadata::Delta delta = image.apply(index, decision);
    partitions->apply(image, delta, BrokerEpoch{1}, registered);
    run();
  }
  void apply_whole(bool registered) {
    metadata::Delta delta;
    delta.whole = true;
    partitions->apply(image, delta, BrokerEpoch{1}, registered);
    run();
  }
  TopicPartition create(const std::string& name, int32_t lineage = 0) {
    const Uuid id = Uuid::make(*random);
    proto::Decision decision;
    proto::Topic* topic = decision.add_records()->mutable_topic();
    topic->set_name(name);
    topic->set_id(id.bytes());
    proto::Partition* record = decision.add_records()->mutable_partition();
    record->set_topic_id(id.bytes());
    record->add_replicas(1);
    record->add_in_sync(1);
    record->add_directories(Uuid::make(*random).bytes());
    record->set_leader(1);
    record->set_leader_epoch(++epoch);
    record->set_lineage(lineage);
    apply(decision);
    return {id, PartitionIndex{0}};
  }
  void remove(const TopicPartition& id) {
    proto::Decision decision;
    decision.add_records()->mutable_remove_topic()->set_id(id.topic.bytes());
    apply(decision);
  }
  // A newer epoch, as the registration after a restart gives.
  void bump(const TopicPartition& id) {
    proto::Decision decision;
    proto::PartitionChange* record = decision.add_records()->mutable_partition_change();
    record->set_topic_id(id.topic.bytes());
    record->set_index(0);
    record->set_partition_epoch(image.partition(id)->partition_epoch.next().value());
    record->set_leader(1);
    record->set_leader_epoch(++epoch);
    apply(decision);
  }
  ErrorCode produce(const TopicPartition& id) {
    kafka::BatchBuilder builder;
    builder.append(loop->clock().wall().time_since_epoch().count(), "k", "v");
    auto replica = partitions->find(id);
    if (replica == nullptr) return ErrorCode::kUnknownTopicOrPartition;
    std::optional<ErrorCode> error;
    auto now = replica->produce(Buffer::own(builder.finish()), -1, loop->now() + seconds(5), *loop,
                                [&](ProduceAnswer answer) { error = answer.error; });
    if (now.has_value()) return now->error;
    run(milliseconds(50));
    return error.value_or(ErrorCode::kRequestTimedOut);
  }
  void tick_for(Duration time) {
    for (Duration passed{}; passed < time; passed += seconds(1)) {
      run(seconds(1));
      partitions->tick();
    }
  }
  void run(Duration time = milliseconds(5)) { simulation.run_for(time); }
  std::vector<std::string> names() { return disk.list(kPath).value(); }
  bool has_name(const std::string& part) {
    for (const std::string& name : names()) {
      if (name.find(part) != std::string::npos) return true;
    }
    return false;
  }

  Simulation simulation{5};
  SimNetwork network{simulation};
  std::unique_ptr<Random> random = seeded_random(9);
  storage::MemoryDisk disk;
  NoProposer proposer;
  SimExecutor* loop = nullptr;
  std::unique_ptr<SimTransport> transport;
  std::unique_ptr<storage::DataDirectory> directory;
  std::unique_ptr<storage::FlushScheduler> flusher;
  std::unique_ptr<Partitions> partitions;
  metadata::Image image;
  LogIndex index{0};
  int32_t epoch = 0;
};

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
  ASSERT_NE(partitions->find(good), nullptr);
  EXPECT_EQ(partitions->find(good)->view().log_end, Offset{3});
  EXPECT_FALSE(partitions->stop().ok());  // so the next start looks at it again
}

TEST_F(PartitionsTest, ATopicsSettingsReachItsPartitions) {
  const TopicPartition id = create("board");
  proto::Decision decision;
  proto::Config* record = decision.add_records()->mutable_config();
  record->set_type(proto::RESOURCE_TOPIC);
  record->set_name("board");
  record->set_key("max.message.bytes");
  record->set_value("10");
  apply(decision);
  EXPECT_EQ(produce(id), ErrorCode::kMessageTooLarge);
}

}  // namespace
}  // namespace barnabas::partition

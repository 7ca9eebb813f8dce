// One partition over a real log on a disk in memory, from the outside.

#include "broker/partition/partition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/partition/partition_shell.h"
#include "common/sim/simulation.h"
#include "kafka/records/builder.h"
#include "storage/memory_disk.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using metadata::PartitionImage;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr BrokerId kSelf{1}, kOther{2};

struct Batch {
  int64_t producer = -1;
  int32_t sequence = -1;
  int32_t count = 1;
  std::string value = "v";
  int16_t epoch = 0;
};

Buffer bytes_of(const Batch& batch, WallTime now) {
  kafka::BatchOptions options;
  if (batch.producer >= 0) {
    options.producer_id = ProducerId{batch.producer};
    options.producer_epoch = ProducerEpoch{batch.epoch};
    options.base_sequence = batch.sequence;
  }
  kafka::BatchBuilder builder(options);
  for (int32_t i = 0; i < batch.count; ++i) {
    builder.append(now.time_since_epoch().count(), "k", batch.value);
  }
  return Buffer::own(builder.finish());
}

struct RecordingProposer : Proposer {
  void propose(InSyncProposal proposal) override { proposals.push_back(std::move(proposal)); }
  std::vector<InSyncProposal> proposals;
};

struct CountingWaiter : Waiter {
  void wake() override { ++wakes; }
  int wakes = 0;
};

// One broker with one replica.
class Node {
 public:
  Node(BrokerId id, Simulation& simulation, const std::string& name)
      : id_(id), simulation_(simulation), loop(simulation.start_node(name)) {
    reopen();
  }

  void reopen(bool clean = false, Offset high_watermark = Offset{0}) {
    scheduler = std::make_unique<storage::FlushScheduler>(disk, loop);
    storage::RecoveryHints hints;
    hints.clean = clean;
    auto log = storage::Log::open(disk, "/data/topic-0", options, hints);
    ASSERT_TRUE(log.ok()) << log.status();
    Surroundings around{id_, loop.clock(), *scheduler, proposer};
    around.unflushed_bytes_max = unflushed_max;
    auto opened = PartitionShell::open(around, {}, "topic", *std::move(log), high_watermark,
                                       std::nullopt, settings);
    ASSERT_TRUE(opened.ok()) << opened.status();
    partition = *std::move(opened);
  }
  void close_objects() {
    partition.reset();
    scheduler.reset();
  }

  void commit(PartitionImage& image) {
    std::map<BrokerId, BrokerEpoch> epochs{{kSelf, BrokerEpoch{11}}, {kOther, BrokerEpoch{12}}};
    partition->update(image, epochs.at(id_), epochs);
  }

  std::optional<ProduceAnswer> produce(const Batch& batch, int16_t acks = -1,
                                       Duration timeout = seconds(30)) {
    return produce_bytes(bytes_of(batch, loop.clock().wall()), acks, timeout);
  }
  std::optional<ProduceAnswer> produce_bytes(const Buffer& records, int16_t acks,
                                             Duration timeout) {
    return partition->produce(records, acks, loop.now() + timeout, loop,
                              [this](ProduceAnswer answer) { answers.push_back(answer); });
  }
  FetchAnswer fetch(int64_t offset, std::optional<ReplicaIdentity> replica = std::nullopt) {
    FetchArgs args;
    args.offset = Offset{offset};
    args.max_bytes = 1 << 20;
    args.replica = replica;
    return partition->fetch(args);
  }

  const BrokerId id_;
  Simulation& simulation_;
  SimExecutor& loop;
  storage::MemoryDisk disk;
  storage::LogOptions options;
  size_t unflushed_max = size_t{256} << 20;
  metadata::TopicSettings settings;
  RecordingProposer proposer;
  std::unique_ptr<storage::FlushScheduler> scheduler;
  std::shared_ptr<PartitionShell> partition;
  std::vector<ProduceAnswer> answers;
};

class PartitionTest : public testing::Test {
 protected:
  PartitionTest() {
    image.replicas = {kSelf, kOther};
    image.in_sync = {kSelf, kOther};
  }
  void run(Duration time = milliseconds(10)) { simulation.run_for(time); }

  void lead(BrokerId leader) {
    image.leader = leader;
    image.leader_epoch = image.leader_epoch.next();
    commit();
  }
  void lead_alone() {
    image.replicas = image.in_sync = {kSelf};
    lead(kSelf);
  }
  void commit() {
    image.partition_epoch = image.partition_epoch.next();
    a.commit(image);
    b.commit(image);
  }

  // One round of what fetcher and reporter do, without a network.
  AfterFetch copy(Node& leader, Node& follower) {
    std::optional<FetchPosition> at = follower.partition->fetch_position(leader.id_);
    if (!at.has_value()) return AfterFetch::kWait;
    FetchArgs args;
    args.offset = at->offset;
    args.leader_epoch = at->leader_epoch;
    args.last_fetched_epoch = at->last_epoch;
    args.max_bytes = 1 << 20;
    args.replica = ReplicaIdentity{follower.id_, BrokerEpoch{10 + follower.id_.value()}, {}};
    FetchAnswer answer = leader.partition->fetch(args);
    FetchedData data{answer.error, answer.high_watermark, answer.log_start, answer.diverging,
                     answer.records.view()};
    return follower.partition->fetched(leader.id_, *at, data);
  }
  DurableReportAnswer report(Node& leader, Node& follower) {
    std::optional<DurableReport> due = follower.partition->report_due(leader.id_);
    if (!due.has_value()) return {ErrorCode::kUnknownServerError, kNoOffset, kNoLeaderEpoch};
    ReplicaIdentity from{follower.id_, BrokerEpoch{10 + follower.id_.value()}, {}};
    DurableReportAnswer answer = leader.partition->report(from, *due);
    follower.partition->report_answered(leader.id_, *due, answer);
    return answer;
  }
  // Everything there is: copied, flushed, reported.
  void replicate(Node& leader, Node& follower) {
    for (int i = 0; i < 20 && copy(leader, follower) == AfterFetch::kGoOn; ++i) run();
    report(leader, follower);
    run();
  }

  Simulation simulation{7};
  Node a{kSelf, simulation, "a"};
  Node b{kOther, simulation, "b"};
  PartitionImage image;
};

// ---- Produce ----

TEST_F(PartitionTest, AcksAllIsAnsweredOnceTheRecordsAreOnDisk) {
  lead_alone();
  EXPECT_FALSE(a.produce({.count = 3}).has_value());
  EXPECT_TRUE(a.answers.empty());
  EXPECT_EQ(a.fetch(0).records.size(), 0u);  // consumers see only what is committed
  run();
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kNone);
  EXPECT_EQ(a.answers[0].base_offset, Offset{0});
  EXPECT_EQ(a.answers[0].log_append_time_ms, -1);
  EXPECT_GT(a.fetch(0).records.size(), 0u);
}

TEST_F(PartitionTest, AHungDiskAnswersNobodyUntilTheRequestsTimeIsOver) {
  lead_alone();
  a.disk.hold_syncs(true);
  EXPECT_FALSE(a.produce({}, -1, milliseconds(200)).has_value());
  run(milliseconds(199));
  EXPECT_TRUE(a.answers.empty());
  run(milliseconds(2));
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kRequestTimedOut);
}

TEST_F(PartitionTest, DeadlinesAreKeptInWhateverOrderTheyCome) {
  lead_alone();
  a.disk.hold_syncs(true);
  for (int i : {300, 100, 200}) a.produce({}, -1, milliseconds(i));
  for (size_t i = 1; i <= 3; ++i) {
    run(milliseconds(100));
    EXPECT_EQ(a.answers.size(), i);
  }
}

TEST_F(PartitionTest, AcksOneIsAnsweredAfterTheLocalAppend) {
  lead(kSelf);
  const auto answer = a.produce({}, 1);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error, ErrorCode::kNone);
  EXPECT_EQ(answer->base_offset, Offset{0});
}

TEST_F(PartitionTest, AFollowerSendsProducersToTheLeader) {
  lead(kOther);
  const auto answer = a.produce({});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(answer->leader.leader, kOther);
  EXPECT_EQ(answer->leader.epoch, LeaderEpoch{1});
}

TEST_F(PartitionTest, TooFewInSyncReplicasAreNoticedBeforeTheAppend) {
  a.settings.min_in_sync_replicas = 2;
  a.partition->update_settings(a.settings);
  image.in_sync = {kSelf};
  lead(kSelf);
  EXPECT_EQ(a.produce({}, -1)->error, ErrorCode::kNotEnoughReplicas);
  EXPECT_EQ(a.produce({}, 1)->error, ErrorCode::kNone);
}

TEST_F(PartitionTest, TooFewInSyncReplicasAfterTheAppendAreSaidAtTheDeadline) {
  a.settings.min_in_sync_replicas = 2;
  a.partition->update_settings(a.settings);
  lead(kSelf);
  EXPECT_FALSE(a.produce({}, -1, milliseconds(100)).has_value());
  image.in_sync = {kSelf};
  commit();
  run(milliseconds(101));
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kNotEnoughReplicasAfterAppend);
}

TEST_F(PartitionTest, AnOversizedBatchIsRefusedWithTheLimit) {
  a.settings.max_message_bytes = 1000;
  a.partition->update_settings(a.settings);
  lead_alone();
  const auto answer = a.produce({.value = std::string(2000, 'x')});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error, ErrorCode::kMessageTooLarge);
  EXPECT_NE(answer->message.find("1000"), std::string::npos) << answer->message;
}

TEST_F(PartitionTest, ADamagedBatchIsRefusedAndNothingIsAppended) {
  lead_alone();
  std::string bytes(bytes_of({}, a.loop.clock().wall()).view());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  const auto answer = a.produce_bytes(Buffer::own(bytes), -1, seconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error, ErrorCode::kCorruptMessage);
  EXPECT_EQ(a.partition->view().log_end, Offset{0});
}

TEST_F(PartitionTest, S20_AppendedButUnflushedBytesAreBounded) {
  lead_alone();
  a.close_objects();
  a.unflushed_max = 1000;
  a.reopen();
  lead(kSelf);
  a.disk.hold_syncs(true);
  EXPECT_FALSE(a.produce({.value = std::string(2000, 'x')}).has_value());
  EXPECT_EQ(a.produce({})->error, ErrorCode::kKafkaStorageError);
  a.disk.hold_syncs(false);
  run();
  EXPECT_FALSE(a.produce({}).has_value());  // goes on by itself
}

TEST_F(PartitionTest, AFullDiskRefusesProduceAndTakesItAgainOnceThereIsRoom) {
  lead_alone();
  a.produce({});
  run();
  a.disk.set_capacity(1);
  EXPECT_EQ(a.produce({.value = std::string(5000, 'x')})->error, ErrorCode::kKafkaStorageError);
  EXPECT_GT(a.fetch(0).records.size(), 0u);  // reads go on
  a.disk.set_capacity(UINT64_MAX);
  EXPECT_FALSE(a.produce({}).has_value());
  run();
  EXPECT_EQ(a.answers.back().error, ErrorCode::kNone);
}

TEST_F(PartitionTest, AFailedFlushTakesTheReplicaOutOfServiceAndAcknowledgesNothing) {
  lead_alone();
  a.disk.fail_syncs(1);
  EXPECT_FALSE(a.produce({}).has_value());
  run();
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_NE(a.answers[0].error, ErrorCode::kNone);
  EXPECT_EQ(a.produce({})->error, ErrorCode::kKafkaStorageError);
  EXPECT_FALSE(a.partition->view().trouble.empty());
}

TEST_F(PartitionTest, LogAppendTimeIsStampedAndTold) {
  a.settings.log_append_time = true;
  a.partition->update_settings(a.settings);
  lead_alone();
  a.produce({});
  run();
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_GE(a.answers[0].log_append_time_ms, 0);
  const FetchAnswer answer = a.fetch(0);
  auto batch = kafka::BatchView::parse(answer.records.view());
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->timestamp_type(), kafka::TimestampType::kLogAppendTime);
  EXPECT_TRUE(batch->crc_matches());
}

TEST_F(PartitionTest, ATopicsCodecIsAppliedToWhatComesInAnother) {
  a.settings.compression_type = "zstd";
  a.partition->update_settings(a.settings);
  lead_alone();
  a.produce({.producer = 5, .sequence = 0, .count = 10, .value = std::string(500, 'x')});
  run();
  const FetchAnswer answer = a.fetch(0);
  auto batch = kafka::BatchView::parse(answer.records.view());
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->codec(), kafka::Codec::kZstd);
  EXPECT_EQ(batch->record_count(), 10);
  EXPECT_EQ(batch->producer_id(), ProducerId{5});
  EXPECT_TRUE(batch->crc_matches());
}

// ---- Idempotence ----

TEST_F(PartitionTest, S21_ADuplicateWaitsForTheHighWatermarkLikeItsOriginal) {
  lead(kSelf);
  EXPECT_FALSE(a.produce({.producer = 5, .sequence = 0}).has_value());
  EXPECT_FALSE(a.produce({.producer = 5, .sequence = 0}).has_value());
  run();
  EXPECT_TRUE(a.answers.empty());
  replicate(a, b);
  ASSERT_EQ(a.answers.size(), 2u);
  EXPECT_EQ(a.answers[0].base_offset, Offset{0});
  EXPECT_EQ(a.answers[1].base_offset, Offset{0});
  EXPECT_EQ(a.partition->view().log_end, Offset{1});
}

TEST_F(PartitionTest, ABatchBehindOneThatWasRefusedComesAfterItAlsoWithANewLeader) {
  lead(kOther);
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 0})->error, ErrorCode::kNotLeaderOrFollower);
  lead(kSelf);
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 1})->error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_FALSE(a.produce({.producer = 5, .sequence = 0}).has_value());
  EXPECT_FALSE(a.produce({.producer = 5, .sequence = 1}).has_value());
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 3})->error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(a.partition->view().log_end, Offset{2});
}

TEST_F(PartitionTest, S21_ADuplicateIsRefusedLikeItsOriginalWhileTheSetIsTooThin) {
  a.settings.min_in_sync_replicas = 2;
  a.partition->update_settings(a.settings);
  lead(kSelf);
  a.produce({.producer = 5, .sequence = 0});
  image.in_sync = {kSelf};
  commit();
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 0})->error, ErrorCode::kNotEnoughReplicas);
}

TEST_F(PartitionTest, S21_AParkedProduceFailsWhenItsEpochEnds) {
  lead(kSelf);
  EXPECT_FALSE(a.produce({}).has_value());
  lead(kOther);
  run();
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(a.answers[0].leader.leader, kOther);
}

TEST_F(PartitionTest, S21_AParkedProduceFailsAlsoWhenTheSameBrokerIsElectedAnew) {
  lead(kSelf);
  EXPECT_FALSE(a.produce({}).has_value());
  lead(kSelf);
  run();
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kNotLeaderOrFollower);
}

TEST_F(PartitionTest, ANewLeaderRecognisesWhatWasProducedToTheOldOne) {
  lead(kSelf);
  for (int i = 0; i < 7; ++i) a.produce({.producer = 5, .sequence = i});
  replicate(a, b);
  lead(kOther);
  for (int i = 2; i < 7; ++i) {
    const auto answer = b.produce({.producer = 5, .sequence = i}, 1);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->base_offset, Offset{i});
  }
  EXPECT_EQ(b.produce({.producer = 5, .sequence = 8}, 1)->error,
            ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(b.produce({.producer = 5, .sequence = 7}, 1)->base_offset, Offset{7});
}

TEST_F(PartitionTest, ARestartedReplicaRecognisesWhatItHadBefore) {
  a.settings.segment_bytes = 400;  // several segments, so several snapshots
  a.close_objects();
  a.reopen();
  lead_alone();
  for (int i = 0; i < 30; ++i) {
    a.produce({.producer = i % 3, .sequence = i / 3, .value = std::string(50, 'x')});
  }
  run();
  ASSERT_EQ(a.answers.size(), 30u);
  for (bool clean : {false, true}) {
    if (clean) {
      ASSERT_TRUE(a.partition->close().ok());
    }
    a.close_objects();
    a.reopen(clean);
    lead(kSelf);
    const auto duplicate = a.produce({.producer = 2, .sequence = 9}, 1);
    ASSERT_TRUE(duplicate.has_value());
    EXPECT_EQ(duplicate->base_offset, Offset{29}) << "clean " << clean;
    EXPECT_EQ(a.produce({.producer = 2, .sequence = 11}, 1)->error,
              ErrorCode::kOutOfOrderSequenceNumber);
  }
}

// ---- Fetch ----

TEST_F(PartitionTest, ConsumersNeverReadPastTheHighWatermark) {
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

TEST_F(PartitionTest, AFetchInAnotherEpochIsRefused) {
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

TEST_F(PartitionTest, ASleepingConsumerIsWokenByACommitAndAReplicaByAnAppend) {
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

TEST_F(PartitionTest, SleepersAreWokenWhenTheLeadershipEnds) {
  lead(kSelf);
  auto consumer = std::make_shared<CountingWaiter>();
  FetchArgs args;
  args.offset = Offset{0};
  EXPECT_FALSE(a.partition->watch(args, consumer));
  lead(kOther);
  EXPECT_EQ(consumer->wakes, 1);
  EXPECT_TRUE(a.partition->watch(args, consumer));
}

TEST_F(PartitionTest, S26_LatestWaitsUntilTheHighWatermarkHasReachedTheEpoch) {
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

// ---- Replication ----

TEST_F(PartitionTest, AFollowerCopiesReportsAndLearnsTheHighWatermarkFromTheAnswer) {
  lead(kSelf);
  a.produce({.count = 5});
  replicate(a, b);
  EXPECT_EQ(a.partition->view().high_watermark, Offset{5});
  EXPECT_EQ(b.partition->view().log_end, Offset{5});
  EXPECT_EQ(b.partition->view().high_watermark, Offset{5});
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kNone);
}

TEST_F(PartitionTest, NothingIsCommittedBeforeTheFollowersDiskHasIt) {
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

TEST_F(PartitionTest, AReportIsDueOncePerChangeAndAgainForEachNewEpoch) {
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

TEST_F(PartitionTest, S15_AReportFromADivergingLogIsRefused) {
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

TEST_F(PartitionTest, AReturningLeaderDropsWhatWasNeverCommittedByEpochAndEndOffset) {
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

TEST_F(PartitionTest, S17_AFlushOfWhatWasTruncatedMeanwhileCountsForNothing) {
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

TEST_F(PartitionTest, S13_AFollowerThatWouldHaveToDropCommittedRecordsFencesItself) {
  lead(kSelf);
  a.produce({.count = 5});
  replicate(a, b);
  // A leader that has never seen those records, in the same lineage.
  b.close_objects();
  b.disk.remove_directory("/data/topic-0").IgnoreError();
  b.reopen();
  lead(kOther);
  b.produce({.count = 2}, 1);
  run();
  copy(b, a);
  EXPECT_FALSE(a.partition->view().trouble.empty());
  EXPECT_EQ(a.partition->view().log_end, Offset{5});   // nothing was dropped
  EXPECT_FALSE(b.partition->view().leading == false);  // and nobody else is stopped by it
}

TEST_F(PartitionTest, S13_AfterAnUncleanElectionTheSameTruncationIsLegal) {
  lead(kSelf);
  a.produce({.count = 5});
  replicate(a, b);
  b.close_objects();
  b.disk.remove_directory("/data/topic-0").IgnoreError();
  b.reopen();
  image.lineage = image.lineage.next();
  image.in_sync = {kOther};
  lead(kOther);
  b.produce({.count = 2}, 1);
  run();
  for (int i = 0; i < 4; ++i) copy(b, a);
  EXPECT_TRUE(a.partition->view().trouble.empty());
  EXPECT_EQ(a.partition->view().log_end, Offset{2});
}

TEST_F(PartitionTest, AFollowerBelowTheLeadersLogStartBeginsThere) {
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

TEST_F(PartitionTest, AFollowerThatHasCaughtUpOnDiskIsProposed) {
  image.in_sync = {kSelf};
  lead(kSelf);
  a.produce({.count = 3});
  run();
  EXPECT_TRUE(a.proposer.proposals.empty());
  replicate(a, b);
  ASSERT_EQ(a.proposer.proposals.size(), 1u);
  EXPECT_EQ(a.proposer.proposals[0].in_sync.size(), 2u);
}

TEST_F(PartitionTest, ARestartedReplicaKnowsItsHighWatermarkNoFurtherThanItsLog) {
  lead_alone();
  a.produce({.count = 3});
  run();
  a.close_objects();
  a.reopen(false, Offset{50});
  EXPECT_EQ(a.partition->view().high_watermark, Offset{3});
}

TEST_F(PartitionTest, AnAbandonedPartitionAnswersItsWaitersAndHoldsNothing) {
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

// What a leader makes of batches: checked, appended, answered once they are committed, told apart
// from their own repetition.

#include "broker/partition/testing/two_nodes.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

class PartitionProduce : public TwoNodes {};

TEST_F(PartitionProduce, AcksAllIsAnsweredOnceTheRecordsAreOnDisk) {
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

TEST_F(PartitionProduce, AHungDiskAnswersNobodyUntilTheRequestsTimeIsOver) {
  lead_alone();
  a.disk.hold_syncs(true);
  EXPECT_FALSE(a.produce({}, -1, milliseconds(200)).has_value());
  run(milliseconds(199));
  EXPECT_TRUE(a.answers.empty());
  run(milliseconds(2));
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kRequestTimedOut);
}

TEST_F(PartitionProduce, DeadlinesAreKeptInWhateverOrderTheyCome) {
  lead_alone();
  a.disk.hold_syncs(true);
  for (int i : {300, 100, 200}) a.produce({}, -1, milliseconds(i));
  for (size_t i = 1; i <= 3; ++i) {
    run(milliseconds(100));
    EXPECT_EQ(a.answers.size(), i);
  }
}

TEST_F(PartitionProduce, AcksOneIsAnsweredAfterTheLocalAppend) {
  lead(kSelf);
  const auto answer = a.produce({}, 1);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error, ErrorCode::kNone);
  EXPECT_EQ(answer->base_offset, Offset{0});
}

TEST_F(PartitionProduce, AFollowerSendsProducersToTheLeader) {
  lead(kOther);
  const auto answer = a.produce({});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(answer->leader.leader, kOther);
  EXPECT_EQ(answer->leader.epoch, LeaderEpoch{1});
}

TEST_F(PartitionProduce, TooFewInSyncReplicasAreNoticedBeforeTheAppend) {
  a.settings.min_in_sync_replicas = 2;
  a.partition->update_settings(a.settings);
  image.in_sync = {kSelf};
  lead(kSelf);
  EXPECT_EQ(a.produce({}, -1)->error, ErrorCode::kNotEnoughReplicas);
  EXPECT_EQ(a.produce({}, 1)->error, ErrorCode::kNone);
}

TEST_F(PartitionProduce, TooFewInSyncReplicasAfterTheAppendAreSaidAtTheDeadline) {
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

TEST_F(PartitionProduce, AnOversizedBatchIsRefusedWithTheLimit) {
  a.settings.max_message_bytes = 1000;
  a.partition->update_settings(a.settings);
  lead_alone();
  const auto answer = a.produce({.value = std::string(2000, 'x')});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error, ErrorCode::kMessageTooLarge);
  EXPECT_NE(answer->message.find("1000"), std::string::npos) << answer->message;
}

TEST_F(PartitionProduce, ADamagedBatchIsRefusedAndNothingIsAppended) {
  lead_alone();
  std::string bytes(bytes_of({}, a.loop.clock().wall()).view());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  const auto answer = a.produce_bytes(Buffer::own(bytes), -1, seconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error, ErrorCode::kCorruptMessage);
  EXPECT_EQ(a.partition->view().log_end, Offset{0});
}

TEST_F(PartitionProduce, S20_AppendedButUnflushedBytesAreBounded) {
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

TEST_F(PartitionProduce, AFullDiskRefusesProduceAndTakesItAgainOnceThereIsRoom) {
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

TEST_F(PartitionProduce, AFailedFlushTakesTheReplicaOutOfServiceAndAcknowledgesNothing) {
  lead_alone();
  a.disk.fail_syncs(1);
  EXPECT_FALSE(a.produce({}).has_value());
  run();
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_NE(a.answers[0].error, ErrorCode::kNone);
  EXPECT_EQ(a.produce({})->error, ErrorCode::kKafkaStorageError);
  EXPECT_FALSE(a.partition->view().trouble.empty());
  // The broker ends by that, and what it has synced before is as good as ever.
  EXPECT_TRUE(a.proposer.lost.empty());
}

TEST_F(PartitionProduce, LogAppendTimeIsStampedAndTold) {
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

TEST_F(PartitionProduce, ATopicsCodecIsAppliedToWhatComesInAnother) {
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

TEST_F(PartitionProduce, S21_ADuplicateWaitsForTheHighWatermarkLikeItsOriginal) {
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

TEST_F(PartitionProduce, ABatchBehindOneThatWasRefusedComesAfterItAlsoWithANewLeader) {
  lead(kOther);
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 0})->error, ErrorCode::kNotLeaderOrFollower);
  lead(kSelf);
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 1})->error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_FALSE(a.produce({.producer = 5, .sequence = 0}).has_value());
  EXPECT_FALSE(a.produce({.producer = 5, .sequence = 1}).has_value());
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 3})->error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(a.partition->view().log_end, Offset{2});
}

TEST_F(PartitionProduce, S21_ADuplicateIsRefusedLikeItsOriginalWhileTheSetIsTooThin) {
  a.settings.min_in_sync_replicas = 2;
  a.partition->update_settings(a.settings);
  lead(kSelf);
  a.produce({.producer = 5, .sequence = 0});
  image.in_sync = {kSelf};
  commit();
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 0})->error, ErrorCode::kNotEnoughReplicas);
}

TEST_F(PartitionProduce, S21_AParkedProduceFailsWhenItsEpochEnds) {
  lead(kSelf);
  EXPECT_FALSE(a.produce({}).has_value());
  lead(kOther);
  run();
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(a.answers[0].leader.leader, kOther);
}

TEST_F(PartitionProduce, S21_AParkedProduceFailsAlsoWhenTheSameBrokerIsElectedAnew) {
  lead(kSelf);
  EXPECT_FALSE(a.produce({}).has_value());
  lead(kSelf);
  run();
  ASSERT_EQ(a.answers.size(), 1u);
  EXPECT_EQ(a.answers[0].error, ErrorCode::kNotLeaderOrFollower);
}

TEST_F(PartitionProduce, ANewLeaderRecognisesWhatWasProducedToTheOldOne) {
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

TEST_F(PartitionProduce, ARestartedReplicaRecognisesWhatItHadBefore) {
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

}  // namespace
}  // namespace barnabas::partition

// How a partition loses its oldest records: by retention, because a client says so, and on
// followers because the leader did.

#include "broker/partition/testing/two_nodes.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

class PartitionStart : public TwoNodes {
 protected:
  PartitionStart() {
    for (Node* node : {&a, &b}) {
      node->settings.segment_bytes = 300;
      node->settings.retention_ms = 10'000;
      node->close_objects();
      node->reopen();
    }
  }
  // So many segments of one record each, a second apart, copied to the follower.
  void fill(int count) {
    for (int i = 0; i < count; ++i) {
      a.produce({.value = std::string(200, 'x')}, 1);
      run(seconds(1));
      replicate(a, b);
    }
  }
  void set(const metadata::TopicSettings& settings) {
    a.settings = settings;
    a.partition->update_settings(settings);
  }
  int64_t start(const Node& node) { return node.partition->view().log_start.value(); }
  // The follower hears of it, and says so.
  void follow() {
    copy(a, b);
    run();
    report(a, b);
    run();
  }
  std::optional<DeleteRecordsAnswer> remove(int64_t to, Duration timeout = seconds(30)) {
    return a.partition->delete_records(
        Offset{to}, a.loop.now() + timeout, a.loop,
        [this](const DeleteRecordsAnswer& answer) { removed.push_back(answer); });
  }

  // And the broker stops. Its next start knows where the log starts.
  void ten_batches_of_a_producer_are_deleted() {
    lead_alone();
    for (int i = 0; i < 10; ++i) {
      a.produce({.producer = 5, .sequence = i, .value = std::string(200, 'x')});
      run();
    }
    remove(10);
    run();
    a.close_objects();
    a.hints.log_start = Offset{10};
  }

  std::vector<DeleteRecordsAnswer> removed;
};

// ---- Retention ----

TEST_F(PartitionStart, ALeaderLetsGoOfSegmentsWhoseRecordsAreAllTooOld) {
  lead(kSelf);
  fill(5);
  a.partition->look_at_retention();
  EXPECT_EQ(start(a), 0);
  run(seconds(7));
  a.partition->look_at_retention();
  EXPECT_GE(start(a), 1);
  EXPECT_LE(start(a), 3);
  run(seconds(20));
  a.partition->look_at_retention();
  EXPECT_EQ(start(a), 5) << "the active segment too";
  EXPECT_EQ(a.fetch(4).error, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(a.fetch(5).error, ErrorCode::kNone);
}

TEST_F(PartitionStart, ALogThatHasLostAllItsRecordsTakesNewOnesAndItsOldFilesGo) {
  a.settings.file_delete_delay_ms = 5000;
  set(a.settings);
  lead(kSelf);
  fill(3);
  run(seconds(30));
  a.partition->look_at_retention();
  run();
  a.partition->tick();
  const auto files = [&] {
    size_t count = 0;
    const std::vector<std::string> names = *a.disk.list("/data/topic-0");
    for (const std::string& name : names) {
      count += name.find(".log") != std::string::npos ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(files(), 4u) << "set aside, and the new one";
  run(seconds(6));
  for (int i = 0; i < 4; ++i) a.partition->tick();
  EXPECT_EQ(files(), 1u);
  fill(1);
  EXPECT_EQ(a.partition->view().high_watermark, Offset{4});
}

TEST_F(PartitionStart, WhatIsNotCommittedIsNeverTooOld) {
  lead(kSelf);
  fill(2);
  a.produce({.value = std::string(200, 'x')}, 1);  // the follower does not get it
  run(seconds(100));
  a.partition->look_at_retention();
  EXPECT_EQ(start(a), 2);
}

TEST_F(PartitionStart, BySizeTheOldestGo) {
  a.settings.retention_ms = -1;
  a.settings.retention_bytes = 700;
  set(a.settings);
  lead(kSelf);
  fill(6);
  a.partition->look_at_retention();
  EXPECT_GT(start(a), 0);
  EXPECT_LT(start(a), 6);
}

TEST_F(PartitionStart, SettingsThatChangeHoldFromTheNextLookOn) {
  a.settings.retention_ms = -1;
  set(a.settings);
  lead(kSelf);
  fill(3);
  run(seconds(1000));
  a.partition->look_at_retention();
  EXPECT_EQ(start(a), 0);
  a.settings.retention_ms = 1000;
  set(a.settings);
  a.partition->look_at_retention();
  EXPECT_EQ(start(a), 3);
}

TEST_F(PartitionStart, ACompactedTopicIsShortenedOnlyIfItsPolicyHasDeleteToo) {
  a.settings.compacted = true;
  a.settings.deletes = false;
  set(a.settings);
  lead(kSelf);
  a.disk.hold_syncs(false);
  for (int i = 0; i < 3; ++i) a.produce({.value = std::string(200, 'x')}, 1);
  replicate(a, b);
  run(seconds(100));
  a.partition->look_at_retention();
  EXPECT_EQ(start(a), 0);
  a.settings.deletes = true;
  set(a.settings);
  a.partition->look_at_retention();
  EXPECT_EQ(start(a), 3);
}

TEST_F(PartitionStart, AFollowerDecidesNothingAndStartsWhereItsLeaderDoes) {
  lead(kSelf);
  fill(3);
  run(seconds(100));
  b.partition->look_at_retention();
  EXPECT_EQ(start(b), 0);
  a.partition->look_at_retention();
  follow();
  EXPECT_EQ(start(b), start(a));
}

// ---- DeleteRecords ----

TEST_F(PartitionStart, ADeletionIsAnsweredWhenAllInSyncReplicasStartThere) {
  lead(kSelf);
  fill(4);
  EXPECT_FALSE(remove(3).has_value());
  run();
  EXPECT_EQ(start(a), 3);
  EXPECT_EQ(a.fetch(2).error, ErrorCode::kOffsetOutOfRange);
  EXPECT_TRUE(removed.empty()) << "the follower does not know yet";
  follow();
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].error, ErrorCode::kNone);
  EXPECT_EQ(removed[0].low_watermark, Offset{3});
  EXPECT_EQ(start(b), 3);
}

TEST_F(PartitionStart, ADeletionDoesNotWaitForALongPollWhereMemoryIsEnoughEither) {
  image.durability = image.durability_wanted = metadata::Durability::kReplicated;
  lead(kSelf);
  fill(4);
  EXPECT_FALSE(b.partition->report_due(kSelf).has_value());
  remove(3);
  follow();
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_FALSE(b.partition->report_due(kSelf).has_value()) << "once";
}

TEST_F(PartitionStart, AReplicaThatIsNotInSyncIsNotWaitedFor) {
  image.in_sync = {kSelf};
  lead(kSelf);
  a.produce({.count = 2});
  run();
  remove(1);
  run();
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].low_watermark, Offset{1});
}

TEST_F(PartitionStart, MinusOneDeletesUpToTheHighWatermark) {
  lead(kSelf);
  fill(2);
  a.produce({}, 1);
  remove(-1);
  follow();
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].low_watermark, Offset{2});
}

TEST_F(PartitionStart, WhatIsDeletedAlreadyIsAnsweredWithoutMovingBack) {
  lead_alone();
  a.produce({.count = 5});
  run();
  remove(4);
  remove(2);
  run();
  ASSERT_EQ(removed.size(), 2u);
  EXPECT_EQ(removed[1].error, ErrorCode::kNone);
  EXPECT_EQ(removed[1].low_watermark, Offset{4});
}

TEST_F(PartitionStart, NobodyDeletesAboveTheHighWatermark) {
  lead(kSelf);
  fill(2);
  a.produce({}, 1);
  EXPECT_EQ(remove(3)->error, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(remove(-2)->error, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(start(a), 0);
}

TEST_F(PartitionStart, ACompactedTopicRefusesDeletion) {
  a.settings.compacted = true;
  a.settings.deletes = false;
  set(a.settings);
  lead_alone();
  EXPECT_EQ(remove(-1)->error, ErrorCode::kPolicyViolation);
}

TEST_F(PartitionStart, OnlyALeaderDeletes) {
  lead(kOther);
  EXPECT_EQ(remove(-1)->error, ErrorCode::kNotLeaderOrFollower);
}

TEST_F(PartitionStart, ADeletionThatAFollowerDoesNotFollowTimesOut) {
  lead(kSelf);
  fill(2);
  remove(1, seconds(5));
  run(seconds(4));
  EXPECT_TRUE(removed.empty());
  run(seconds(2));
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].error, ErrorCode::kRequestTimedOut);
}

TEST_F(PartitionStart, ADeletionFailsWhenTheLeadershipEnds) {
  lead(kSelf);
  fill(2);
  remove(1);
  lead(kOther);
  run();
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].error, ErrorCode::kNotLeaderOrFollower);
}

TEST_F(PartitionStart, SleepersAreWokenWhenTheLogLosesItsBeginning) {
  lead_alone();
  a.produce({.count = 5});
  run();
  auto consumer = std::make_shared<CountingWaiter>();
  auto replica = std::make_shared<CountingWaiter>();
  FetchArgs args;
  args.offset = Offset{5};
  EXPECT_FALSE(a.partition->watch(args, consumer));
  args.replica = ReplicaIdentity{kOther, BrokerEpoch{12}, {}};
  EXPECT_FALSE(a.partition->watch(args, replica));
  remove(3);
  EXPECT_EQ(consumer->wakes, 1);
  EXPECT_EQ(replica->wakes, 1);
}

// ---- Written down first ----

struct RecordingStarts final : LogStarts {
  void wanted(const metadata::TopicPartition&) override { ++times; }
  int times = 0;
};

TEST_F(PartitionStart, NothingIsRemovedBeforeTheNewStartIsWrittenDown) {
  RecordingStarts starts;
  a.log_starts = &starts;
  a.close_objects();
  a.reopen();
  lead_alone();
  a.produce({.count = 5});
  run();
  remove(3);
  run();
  EXPECT_EQ(starts.times, 1);
  EXPECT_EQ(start(a), 0);
  EXPECT_EQ(a.partition->start_due(), Offset{3});
  EXPECT_TRUE(removed.empty());
  a.partition->move_log_start(Offset{3});
  run();
  EXPECT_EQ(start(a), 3);
  EXPECT_EQ(removed.size(), 1u);
  EXPECT_FALSE(a.partition->start_due().has_value());
  a.close_objects();
}

TEST_F(PartitionStart, AStartThatCouldNotBeWrittenDownIsAskedForAgain) {
  RecordingStarts starts;
  a.log_starts = &starts;
  a.close_objects();
  a.reopen();
  lead_alone();
  a.produce({.count = 5});
  run();
  remove(3);
  EXPECT_EQ(starts.times, 1);
  a.partition->tick();
  EXPECT_EQ(starts.times, 2);
  a.close_objects();
}

TEST_F(PartitionStart, ProducersAreKnownAlsoWhenTheirRecordsAreDeletedAndTheBrokerRestarts) {
  ten_batches_of_a_producer_are_deleted();
  a.reopen();
  lead(kSelf);
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 9}, 1)->base_offset, Offset{9});
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 11}, 1)->error,
            ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 10}, 1)->base_offset, Offset{10});
}

TEST_F(PartitionStart, ASnapshotOfProducersThatIsOlderThanTheLogIsNotBelieved) {
  ten_batches_of_a_producer_are_deleted();
  std::string newest;
  const std::vector<std::string> names = *a.disk.list("/data/topic-0");
  for (const std::string& name : names) {
    if (name.ends_with(".snapshot")) newest = name;
  }
  ASSERT_TRUE(a.disk.unlink("/data/topic-0/" + newest).ok());
  a.reopen();
  lead(kSelf);
  EXPECT_EQ(a.produce({.producer = 5, .sequence = 10}, 1)->error, ErrorCode::kNone);
}

// A leader that lost its records, and with a crash its epochs, is still followed by whoever has
// seen the same end.
TEST_F(PartitionStart, AFollowerAtTheEndOfAnEmptiedLogIsNotSentAwayAfterTheLeadersCrash) {
  lead(kSelf);
  fill(2);
  a.close_objects();
  ASSERT_TRUE(a.disk.remove_directory("/data/topic-0").ok());
  storage::RecoveryHints hints;
  hints.log_start = Offset{2};
  a.hints = hints;
  a.reopen();
  lead(kSelf);
  EXPECT_EQ(copy(a, b), AfterFetch::kGoOn);
  EXPECT_TRUE(b.partition->report_due(kSelf).has_value()) << "agreed";
}

}  // namespace
}  // namespace barnabas::partition

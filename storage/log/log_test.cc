#include "storage/log/log.h"

#include <gtest/gtest.h>

#include "common/random.h"
#include "kafka/records/compression.h"
#include "storage/log/resources.h"
#include "storage/log/testing/log_fixture.h"

namespace barnabas::storage {
namespace {

TEST_F(Logs, ALeaderStampsOffsetsAndEpochAndStoresTheRestAsItCame) {
  const std::string one = client_batch(3, "abc");
  const std::string two = client_batch(2, "de");
  const auto appended = log_->append_as_leader(one + two, LeaderEpoch{7}, wall(1000));
  ASSERT_TRUE(appended.ok());
  EXPECT_EQ(appended->first, Offset{0});
  EXPECT_EQ(appended->next, Offset{5});
  EXPECT_EQ(read(0), stored(one, 0, 7) + stored(two, 3, 7));
  EXPECT_EQ(*read_file(disk_, file(0)), stored(one, 0, 7) + stored(two, 3, 7));
  EXPECT_EQ(log_->last_epoch(), LeaderEpoch{7});
}

TEST_F(Logs, WhatIsNoWholeBatchIsRefusedAndChangesNothing) {
  const std::string batch = client_batch(1, "x");
  for (const std::string& bad :
       {std::string(), batch.substr(0, batch.size() - 1), batch + "tail", std::string(100, '\0')}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(log_->append_as_leader(bad, LeaderEpoch{0}, wall(0)).status()));
  }
  append(1, 10, 5);
  EXPECT_TRUE(
      absl::IsFailedPrecondition(log_->append_as_leader(batch, LeaderEpoch{4}, wall(0)).status()));
  EXPECT_EQ(log_->end(), Offset{1});
}

TEST_F(Logs, AFollowerTakesOnlyWhatContinuesItsLogAndIgnoresACutOffTail) {
  const std::string batch = stored(client_batch(2, "x"), 0, 3);
  const std::string next = stored(client_batch(1, "y"), 2, 4);
  ASSERT_TRUE(log_->append_as_follower(batch + next.substr(0, 30), wall(0)).ok());
  EXPECT_EQ(log_->end(), Offset{2});
  EXPECT_TRUE(absl::IsInvalidArgument(log_->append_as_follower(batch, wall(0)).status()));
  std::string damaged = next;
  damaged.back() ^= 1;
  EXPECT_TRUE(absl::IsInvalidArgument(log_->append_as_follower(damaged, wall(0)).status()));
  const std::string older = stored(client_batch(1, "y"), 2, 2);
  EXPECT_TRUE(absl::IsInvalidArgument(log_->append_as_follower(older, wall(0)).status()));
  ASSERT_TRUE(log_->append_as_follower(next, wall(0)).ok());
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{3}), (EpochEnd{LeaderEpoch{3}, Offset{2}}));
}

TEST_F(Logs, TheRaftLogTakesOneBatchPerAppend) {
  options_.one_batch_per_append = true;
  log_->set_options(options_);
  const std::string batch = client_batch(1, "x");
  EXPECT_TRUE(absl::IsInvalidArgument(
      log_->append_as_leader(batch + batch, LeaderEpoch{0}, wall(0)).status()));
  EXPECT_TRUE(log_->append_as_leader(batch, LeaderEpoch{0}, wall(0)).ok());
}

TEST_F(Logs, AReadHonoursItsBounds) {
  append(2);
  append(2);
  append(2);
  const size_t one = read(0).size() / 3;
  EXPECT_EQ(read(0, one * 2).size(), one * 2);
  EXPECT_EQ(read(0, one * 2 - 1).size(), one);
  EXPECT_EQ(read(1, 1).size(), one) << "the batch that holds the offset, even if it is larger";
  EXPECT_EQ(read(1, 1, false).size(), 0u);
  EXPECT_EQ(log_->read(Offset{0}, 100000, Offset{3}, true)->size(), one);
  EXPECT_EQ(log_->read(Offset{0}, 100000, Offset{1}, true)->size(), 0u);
  EXPECT_EQ(read(6).size(), 0u);
  EXPECT_TRUE(absl::IsOutOfRange(log_->read(Offset{7}, 1, Offset{9}, true).status()));
}

TEST_F(Logs, S17_ATruncationLowersTheDurableEndAndVoidsTheRoundThatIsOut) {
  append(2);
  append(2);
  const auto round = log_->begin_flush();
  ASSERT_TRUE(round.has_value());
  ASSERT_TRUE(log_->truncate(Offset{2}).ok());
  append(2, 50, 1);
  EXPECT_FALSE(log_->complete_flush(round->ticket, absl::OkStatus()));
  EXPECT_EQ(log_->durable_end(), Offset{0});
  ASSERT_TRUE(flush());
  EXPECT_EQ(log_->durable_end(), Offset{4});
  ASSERT_TRUE(log_->truncate(Offset{2}).ok());
  EXPECT_EQ(log_->durable_end(), Offset{2});
}

TEST_F(Logs, S17_WhatReplacesADroppedTailIsWrittenOnlyAfterTheTailIsGoneForGood) {
  append(2, 50, 1);
  append(2, 50, 1);
  ASSERT_TRUE(flush());
  ASSERT_TRUE(log_->truncate(Offset{2}).ok());
  const uint64_t before = disk_.syncs_completed();
  append(2, 50, 2);
  EXPECT_EQ(disk_.syncs_completed(), before + 1) << "no round has been there: it waits";
  ASSERT_TRUE(log_->truncate(Offset{2}).ok());
  flush();
  const uint64_t again = disk_.syncs_completed();
  append(2, 50, 3);
  EXPECT_EQ(disk_.syncs_completed(), again);
}

TEST_F(Logs, P13_AFailedFlushEndsTheLog) {
  append(1);
  const auto work = log_->begin_flush();
  EXPECT_FALSE(log_->complete_flush(work->ticket, absl::InternalError("EIO")));
  EXPECT_EQ(log_->durable_end(), Offset{0});
  EXPECT_FALSE(log_->append_as_leader(client_batch(1, "x"), LeaderEpoch{0}, wall(0)).ok());
}

TEST_F(Logs, F33_AFullDiskRefusesAppendsAndTheLogGoesOnWithSpace) {
  append(1);
  const std::string before = read(0);
  disk_.set_capacity(disk_.space("/")->total_bytes - disk_.space("/")->free_bytes + 60);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(absl::IsResourceExhausted(
        log_->append_as_leader(client_batch(1, std::string(500, 'x')), LeaderEpoch{0}, wall(0))
            .status()));
  }
  EXPECT_EQ(read(0), before);
  EXPECT_EQ(disk_.open(file(0), OpenMode::kRead)->get()->size(), before.size());
  disk_.set_capacity(1 << 20);
  append(1);
  EXPECT_EQ(log_->end(), Offset{2});
  EXPECT_TRUE(flush());
}

TEST_F(Logs, F32_AnyOtherWriteErrorEndsTheLog) {
  append(1);
  disk_.fail_writes(".log");
  EXPECT_FALSE(log_->append_as_leader(client_batch(1, "x"), LeaderEpoch{0}, wall(0)).ok());
  disk_.fail_writes("");
  EXPECT_FALSE(log_->append_as_leader(client_batch(1, "x"), LeaderEpoch{0}, wall(0)).ok());
}

TEST_F(Logs, SegmentsRollBySizeAndReadsGoOnInTheNext) {
  append_segments(10);
  EXPECT_GT(last_segment(), 0);
  int64_t at = 0;
  std::string all;
  while (at < log_->end().value()) {
    const std::string got = read(at, 300);
    ASSERT_FALSE(got.empty());
    kafka::BatchStream batches(got);
    while (const auto batch = batches.next()) at = batch->next_offset().value();
    all += got;
  }
  EXPECT_EQ(all.size(), log_->size_bytes());
}

TEST_F(Logs, SegmentsRollByTheAgeOfTheirFirstRecord) {
  append(1);
  flush();
  ASSERT_TRUE(log_->roll_if_old(wall(2000)).ok());
  EXPECT_EQ(log_->active_segment_base(), Offset{0});
  ASSERT_TRUE(log_->roll_if_old(wall(1001) + options_.segment_age).ok());
  EXPECT_EQ(log_->active_segment_base(), Offset{1});
}

TEST_F(Logs, IndexesInKafkasFormatAreWrittenWhenASegmentIsClosed) {
  append_segments(3);
  ASSERT_EQ(last_segment(), 4);
  // Two batches of 510 bytes or so: the second one gets an entry, of its last offset and position.
  const std::string index = *read_file(disk_, file(0, kOffsetIndexSuffix));
  ASSERT_EQ(index.size(), 8u);
  EXPECT_EQ(load_big_endian<int32_t>(index.data()), 3);
  EXPECT_EQ(load_big_endian<int32_t>(index.data() + 4),
            static_cast<int32_t>(read_file(disk_, file(0))->size() / 2));
  const std::string times = *read_file(disk_, file(0, kTimeIndexSuffix));
  ASSERT_EQ(times.size(), 12u);
  EXPECT_EQ(load_big_endian<int64_t>(times.data()), 1000);
  EXPECT_EQ(load_big_endian<int32_t>(times.data() + 8), 1);
}

TEST_F(Logs, TimestampsAreFoundAcrossSegmentsAndInsideCompressedBatches) {
  for (int i = 0; i < 12; ++i) {
    const int64_t base = 1000 + i * 100;
    std::string batch = client_batch({base, base + 50, base + 20}, std::string(100, 'v'));
    if (i % 2 == 1) {
      // The same records, compressed.
      const std::string block =
          *kafka::compress(kafka::Codec::kZstd, std::string_view(batch).substr(61));
      batch = batch.substr(0, 61) + block;
      store_big_endian<int32_t>(batch.data() + 8, static_cast<int32_t>(batch.size() - 12));
      kafka::stamp_timestamps(batch.data(), batch.size(), kafka::TimestampType::kCreateTime,
                              base + 50);
      batch[22] = static_cast<char>(kafka::Codec::kZstd);
      kafka::stamp_timestamps(batch.data(), batch.size(), kafka::TimestampType::kCreateTime,
                              base + 50);
    }
    ASSERT_TRUE(log_->append_as_leader(batch, LeaderEpoch{0}, wall(1000)).ok());
    flush();
  }
  ASSERT_GT(last_segment(), 0);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 12; ++i) {
      const int64_t base = 1000 + i * 100;
      EXPECT_EQ((*log_->find_timestamp(base, log_->end()))->offset, Offset{i * 3});
      EXPECT_EQ((*log_->find_timestamp(base + 1, log_->end()))->offset, Offset{i * 3 + 1});
    }
    EXPECT_EQ((*log_->find_timestamp(0, log_->end()))->offset, Offset{0});
    EXPECT_FALSE(log_->find_timestamp(5000, log_->end())->has_value());
    EXPECT_FALSE(log_->find_timestamp(1100, Offset{3})->has_value()) << "not below the bound";
    EXPECT_EQ((*log_->max_timestamp(log_->end()))->offset, Offset{34});
    EXPECT_EQ((*log_->max_timestamp(log_->end()))->timestamp_ms, 2150);
    EXPECT_EQ((*log_->max_timestamp(Offset{6}))->offset, Offset{4});
    ASSERT_TRUE(log_->close().ok());
    open({.clean = true, .recovery_point = Offset{36}, .log_start = std::nullopt});
  }
}

TEST_F(Logs, EpochsAnswerWhereEachOfThemEnds) {
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{0}), EpochEnd{});
  append(2, 50, 2);
  append(2, 50, 2);
  append(1, 50, 5);
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{2}), (EpochEnd{LeaderEpoch{2}, Offset{4}}));
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{3}), (EpochEnd{LeaderEpoch{2}, Offset{4}}));
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{5}), (EpochEnd{LeaderEpoch{5}, Offset{5}}));
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{6}), EpochEnd{});
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{1}), (EpochEnd{LeaderEpoch{1}, Offset{0}}));
  EXPECT_EQ(log_->epoch_before(Offset{4}), LeaderEpoch{2});
  EXPECT_EQ(log_->epoch_before(Offset{5}), LeaderEpoch{5});
  EXPECT_EQ(log_->epoch_before(Offset{0}), kNoLeaderEpoch);
  ASSERT_TRUE(log_->begin_epoch(LeaderEpoch{8}).ok());
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{5}), (EpochEnd{LeaderEpoch{5}, Offset{5}}));
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{8}), (EpochEnd{LeaderEpoch{8}, Offset{5}}));
  EXPECT_FALSE(log_->begin_epoch(LeaderEpoch{7}).ok());
  ASSERT_TRUE(log_->truncate(Offset{4}).ok());
  EXPECT_EQ(log_->last_epoch(), LeaderEpoch{2});
}

// A replica that led for a moment and wrote nothing follows the next leader, whose log goes on with
// records of an older epoch.
TEST_F(Logs, AFollowerForgetsAnEpochThatItBeganAndWroteNothingIn) {
  const std::string first = stored(client_batch(5, "x"), 0, 1);
  const std::string second = stored(client_batch(3, "y"), 5, 1);
  const std::string third = stored(client_batch(1, "z"), 8, 3);
  ASSERT_TRUE(log_->append_as_follower(first, wall(0)).ok());
  ASSERT_TRUE(log_->begin_epoch(LeaderEpoch{2}).ok());
  EXPECT_EQ(log_->last_epoch(), LeaderEpoch{2});
  ASSERT_TRUE(log_->append_as_follower(second, wall(0)).ok());
  EXPECT_EQ(log_->last_epoch(), LeaderEpoch{1});
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{1}).end, Offset{8});
  ASSERT_TRUE(log_->append_as_follower(third, wall(0)).ok());
  EXPECT_EQ(log_->last_epoch(), LeaderEpoch{3});
  EXPECT_EQ(log_->epoch_end(LeaderEpoch{2}).end, Offset{8});
}

TEST_F(Logs, TheStartAdvancesByWholeSegmentsAndNeverGoesBack) {
  append_segments(10);
  const uint64_t size = log_->size_bytes();
  ASSERT_TRUE(log_->advance_start(Offset{9}).ok());
  EXPECT_EQ(log_->start(), Offset{9});
  EXPECT_LT(log_->size_bytes(), size);
  ASSERT_TRUE(log_->advance_start(Offset{3}).ok());
  EXPECT_EQ(log_->start(), Offset{9});
  EXPECT_TRUE(absl::IsOutOfRange(log_->read(Offset{8}, 1, Offset{99}, true).status()));
  EXPECT_FALSE(read(9).empty());
  EXPECT_TRUE(absl::IsOutOfRange(log_->advance_start(Offset{21})));
  EXPECT_TRUE(*log_->remove_deleted(1, Instant{}));
  EXPECT_FALSE(*log_->remove_deleted(100, Instant{}));
  for (const std::string& name : names()) EXPECT_FALSE(name.ends_with(".deleted"));
  open({.clean = true, .recovery_point = Offset{20}, .log_start = Offset{9}});
  EXPECT_EQ(log_->start(), Offset{9});
}

TEST_F(Logs, ARestartDropsEverythingAndRemembersWhereItGoesOn) {
  append_segments(5);
  ASSERT_TRUE(log_->restart_at(Offset{1000}).ok());
  EXPECT_EQ(log_->start(), Offset{1000});
  EXPECT_EQ(log_->end(), Offset{1000});
  EXPECT_EQ(log_->durable_end(), Offset{1000});
  flush();
  disk_.crash(*seeded_random(1));
  open({});
  EXPECT_EQ(log_->start(), Offset{1000});
  append(2);
  EXPECT_EQ(log_->end(), Offset{1002});
}

TEST_F(Logs, SnapshotsAreFoundByOffsetAndGoWithTheirRecords) {
  append(4);
  EXPECT_FALSE(log_->latest_snapshot(Offset{9})->has_value());
  ASSERT_TRUE(log_->write_snapshot(Offset{1}, "one").ok());
  ASSERT_TRUE(log_->write_snapshot(Offset{3}, "three").ok());
  ASSERT_TRUE(log_->write_snapshot(Offset{4}, "four").ok());
  EXPECT_EQ((*log_->latest_snapshot(Offset{3}))->second, "three");
  EXPECT_FALSE(log_->latest_snapshot(Offset{2})->has_value()) << "the two newest are kept";
  EXPECT_TRUE(flush());
  open({});
  EXPECT_EQ((*log_->latest_snapshot(Offset{9}))->first, Offset{4});
  ASSERT_TRUE(log_->truncate(Offset{0}).ok());
  EXPECT_FALSE(log_->latest_snapshot(Offset{9})->has_value());
}

TEST_F(Logs, AnIdlePartitionKeepsNoDescriptorBeyondTheLimit) {
  auto resources = std::make_shared<LogResources>(ResourceLimits{.open_files = 3});
  options_.resources = resources;
  std::vector<std::unique_ptr<Log>> logs;
  for (int i = 0; i < 20; ++i) {
    auto log = *Log::open(disk_, "/data/many-" + std::to_string(i), options_, {});
    EXPECT_EQ(disk_.list(log->directory())->size(), 0u) << "files come with the first append";
    ASSERT_TRUE(log->append_as_leader(client_batch(1, "x"), LeaderEpoch{0}, wall(0)).ok());
    EXPECT_LE(resources->files().open_files(), 3u);
    logs.push_back(std::move(log));
  }
  for (const auto& log : logs) {
    ASSERT_TRUE(log->append_as_leader(client_batch(1, "y"), LeaderEpoch{0}, wall(0)).ok());
    const auto work = log->begin_flush();
    EXPECT_EQ(work->set.files.size(), 2u) << "the file as first opened, and as opened again";
    ASSERT_TRUE(disk_.sync_and_wait(work->set).ok());
    EXPECT_FALSE(log->read(Offset{0}, 1, Offset{2}, true)->empty());
  }
  logs.clear();
  EXPECT_EQ(resources->files().open_files(), 0u);
}

TEST_F(Logs, TailReadsNeedNoSystemCallAndMemoryIsBounded) {
  append(2);
  append(2);
  const uint64_t before = disk_.reads();
  const Buffer kept = *log_->read(Offset{0}, 100000, Offset{4}, true);
  EXPECT_EQ(disk_.reads(), before);
  ASSERT_TRUE(log_->truncate(Offset{0}).ok());
  append(4, 50, 1);
  EXPECT_EQ(kept.view().substr(0, 12).size(), 12u) << "what was given out stays whole";
  options_.resources = std::make_shared<LogResources>(
      ResourceLimits{.open_files = 10, .tail_cache_bytes = TailCache::kChunkBytes});
  auto one = *Log::open(disk_, "/data/one", options_, {});
  auto two = *Log::open(disk_, "/data/two", options_, {});
  for (Log* log : {one.get(), two.get()}) {
    ASSERT_TRUE(log->append_as_leader(client_batch(1, "x"), LeaderEpoch{0}, wall(0)).ok());
  }
  const uint64_t reads = disk_.reads();
  EXPECT_FALSE(one->read(Offset{0}, 1, Offset{1}, true)->empty());
  EXPECT_EQ(disk_.reads(), reads);
  EXPECT_FALSE(two->read(Offset{0}, 1, Offset{1}, true)->empty());
  EXPECT_EQ(disk_.reads(), reads + 1) << "no room for a second cache";
}

}  // namespace
}  // namespace barnabas::storage

// What a start finds, believes, cuts and refuses, case by case; log_property_test.cc does it at
// random.

#include <gtest/gtest.h>

#include "common/random.h"
#include "storage/log/testing/log_fixture.h"

namespace barnabas::storage {
namespace {

using LogRecovery = Logs;

TEST_F(LogRecovery, S17_AnUnlinkedSegmentDoesNotComeBackUnderWhatWasReportedDurable) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    append_segments(8);
    ASSERT_TRUE(log_->truncate(Offset{2}).ok());
    append(2, 77, static_cast<int32_t>(seed) + 1);
    ASSERT_TRUE(flush());
    const std::string expected = read(0);
    const Offset end = log_->end();
    disk_.crash(*seeded_random(seed));
    open({.clean = false, .recovery_point = end, .log_start = std::nullopt});
    EXPECT_EQ(log_->end(), end);
    EXPECT_EQ(read(0), expected);
    ASSERT_TRUE(log_->truncate(Offset{0}).ok());
    ASSERT_TRUE(log_->restart_at(Offset{0}).ok());
    flush();
  }
}

TEST_F(LogRecovery, AMissingOrWrongIndexIsMadeAnew) {
  append_segments(4);
  const std::string good = *read_file(disk_, file(0, kOffsetIndexSuffix));
  const std::string expected = read(3, 1);
  for (const std::string& bad : {std::string("odd"), std::string(8, '\x7f'), std::string()}) {
    open({.clean = true, .recovery_point = Offset{0}, .log_start = std::nullopt});
    if (bad.empty()) {
      ASSERT_TRUE(disk_.unlink(file(0, kOffsetIndexSuffix)).ok());
      ASSERT_TRUE(disk_.unlink(file(0, kTimeIndexSuffix)).ok());
    } else {
      ASSERT_TRUE(replace_file(disk_, file(0, kOffsetIndexSuffix), bad).ok());
    }
    EXPECT_EQ(read(3, 1), expected);
    EXPECT_TRUE(log_->find_timestamp(1000, log_->end()).ok());
  }
  EXPECT_EQ(*read_file(disk_, file(0, kOffsetIndexSuffix)), good);
}

TEST_F(LogRecovery, S25_EpochsThatTheLazyCheckpointMissedAreDerivedFromTheBatches) {
  for (int32_t epoch = 0; epoch < 8; ++epoch) {
    append(2, 300, epoch);
    flush();
  }
  ASSERT_TRUE(disk_.unlink(std::string(kDirectory) + "/leader-epoch-checkpoint").ok());
  const Offset end = log_->end();
  ASSERT_TRUE(reopen_status({.recovery_point = end}).ok());
  open({.recovery_point = end});
  for (int32_t epoch = 0; epoch < 8; ++epoch) {
    EXPECT_EQ(log_->epoch_end(LeaderEpoch{epoch}),
              (EpochEnd{LeaderEpoch{epoch}, Offset{2 * epoch + 2}}));
  }
}

TEST_F(LogRecovery, S25_AColdReadFindsFlippedBitsInsideAndOutsideTheChecksum) {
  append_segments(6);
  ASSERT_TRUE(log_->close().ok());
  const RecoveryHints clean{.clean = true, .recovery_point = Offset{12}};
  for (const uint64_t at : {uint64_t{7}, uint64_t{15}, uint64_t{100}}) {
    open(clean);
    EXPECT_FALSE(read(0).empty());
    disk_.flip_bit(file(0), at, 0);
    open(clean);
    EXPECT_TRUE(absl::IsDataLoss(log_->read(Offset{0}, 10000, Offset{12}, true).status())) << at;
    disk_.flip_bit(file(0), at, 0);
  }
}

TEST_F(LogRecovery, S18_WhatRecoveryFoundIsSyncedBeforeItCounts) {
  append(2);
  append(2);
  disk_.kill();  // never flushed: all of it is in the page cache only
  open({});
  EXPECT_EQ(log_->durable_end(), Offset{4});
  for (uint64_t seed = 0; seed < 20; ++seed) {
    disk_.crash(*seeded_random(seed));
    open({});
    ASSERT_EQ(log_->end(), Offset{4}) << "reported durable, then lost";
  }
}

TEST_F(LogRecovery, S18_PagesThatAFailedSyncMarkedCleanAreNotBelieved) {
  append(2);
  ASSERT_TRUE(flush());
  append(2);
  disk_.fail_syncs(1);
  flush();
  disk_.kill();
  open({.recovery_point = Offset{2}});
  EXPECT_EQ(log_->end(), Offset{2}) << "the page cache still shows the second batch";
}

TEST_F(LogRecovery, P18_DamageBelowTheRecoveryPointIsNeverCut) {
  append_segments(6);
  const std::string before = *read_file(disk_, file(0));
  const RecoveryHints hints{.recovery_point = Offset{12}};
  const int64_t last = last_segment();
  disk_.flip_bit(file(last), 80, 3);
  EXPECT_TRUE(absl::IsDataLoss(reopen_status(hints)));
  disk_.flip_bit(file(last), 80, 3);
  ASSERT_TRUE(reopen_status(hints).ok());
  disk_.cut_tail(file(last), 10);
  EXPECT_TRUE(absl::IsDataLoss(reopen_status(hints))) << "F38, a cut tail";
  EXPECT_TRUE(absl::IsDataLoss(reopen_status({.clean = true, .recovery_point = Offset{12}})));
  ASSERT_TRUE(disk_.unlink(file(last)).ok());
  EXPECT_TRUE(absl::IsDataLoss(reopen_status(hints))) << "F40, a missing file";
  EXPECT_EQ(*read_file(disk_, file(0)), before);
}

TEST_F(LogRecovery, P18_ATornTailAboveTheRecoveryPointIsCutAndReported) {
  append(2);
  append(2);
  append(2);
  const size_t size = read(0).size();
  log_.reset();
  disk_.kill();
  disk_.zero_tail(file(0), size / 3 + 10);  // all of the third, the end of the second
  open({.recovery_point = Offset{2}});
  EXPECT_EQ(log_->end(), Offset{2});
  EXPECT_EQ(log_->recovery().cut_at, Offset{2});
  EXPECT_EQ(log_->recovery().cut_bytes, size / 3 * 2);
  EXPECT_FALSE(log_->recovery().sound_batches_cut);
  append(2, 50, 1);
  EXPECT_EQ(log_->end(), Offset{4});
}

TEST_F(LogRecovery, S6_SoundBatchesBehindACutAreReported) {
  append(2);
  append(2);
  append(2);
  const size_t size = read(0).size();
  disk_.kill();
  disk_.flip_bit(file(0), size / 3 + 80, 0);
  open({});
  EXPECT_EQ(log_->end(), Offset{2});
  EXPECT_TRUE(log_->recovery().sound_batches_cut);
}

TEST_F(LogRecovery, ACleanStopIsFollowedByAStartThatReadsAlmostNothing) {
  append_segments(40);
  ASSERT_TRUE(log_->close().ok());
  EXPECT_FALSE(log_->append_as_leader(client_batch(1, "x"), LeaderEpoch{0}, wall(0)).ok());
  const uint64_t before = disk_.reads();
  open({.clean = true, .recovery_point = Offset{80}});
  EXPECT_LE(disk_.reads() - before, 8u);
  EXPECT_EQ(log_->end(), Offset{80});
  EXPECT_EQ(log_->recovery().scanned_from, kNoOffset);
  append(2);
  EXPECT_EQ(log_->end(), Offset{82});
}

}  // namespace
}  // namespace barnabas::storage

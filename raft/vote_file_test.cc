#include "raft/vote_file.h"

#include <gtest/gtest.h>

#include "common/random.h"
#include "common/sim/simulation.h"
#include "storage/memory_disk.h"

namespace barnabas::raft {
namespace {

VoteRecord a_record(int32_t term) {
  const auto random = seeded_random(3);
  VoteRecord record;
  record.self = {ControllerId{2}, Uuid::make(*random)};
  record.boot = 7;
  record.hard = {Term{term}, record.self, term % 2 == 0};
  record.recovering = term % 3 == 0;
  record.formation = FormationState::kFormed;
  record.founding = {"cluster", {record.self, {ControllerId{3}, Uuid::make(*random)}}};
  record.last_round = {LogIndex{4}, LogIndex{9}, 0x123456789abcdef0ULL};
  return record;
}

class VoteFileTest : public ::testing::Test {
 protected:
  VoteFileTest() {
    EXPECT_TRUE(disk_.make_directories("/data").ok());
    EXPECT_TRUE(disk_.sync_and_wait({{}, {"/"}}).ok());
  }
  std::unique_ptr<VoteFile> open() {
    auto file = VoteFile::open(disk_, "/data/vote", found_);
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *std::move(file) : nullptr;
  }

  storage::MemoryDisk disk_;
  VoteFile::Found found_;
};

TEST_F(VoteFileTest, EveryFieldComesBack) {
  for (int32_t term = 0; term < 6; ++term) {
    const auto decoded = decode_vote_record(encode_vote_record(a_record(term)));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, a_record(term));
  }
}

TEST_F(VoteFileTest, WhoVotesComesBackWhereTheLogDoesNotTellAnyMore) {
  VoteRecord record = a_record(1);
  record.configuration = {LogIndex{17}, Configuration().with(record.self, {"host", 9093})};
  const std::string bytes = encode_vote_record(record);
  const auto decoded = decode_vote_record(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, record);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_vote_record(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
}

TEST_F(VoteFileTest, ATruncatedRecordIsRefused) {
  const std::string whole = encode_vote_record(a_record(1));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_vote_record(std::string_view(whole).substr(0, size)).ok()) << size;
  }
}

TEST_F(VoteFileTest, TheNewestWriteCounts) {
  EXPECT_FALSE(open() == nullptr);
  EXPECT_FALSE(found_.record.has_value());
  auto file = open();
  for (int32_t term = 1; term <= 5; ++term) {
    ASSERT_TRUE(file->write_and_wait(a_record(term)).ok());
    open();
    ASSERT_TRUE(found_.record.has_value());
    EXPECT_EQ(found_.record->hard.term, Term{term});
    EXPECT_FALSE(found_.slot_damaged);
  }
}

TEST_F(VoteFileTest, P16_AWriteThatWasWaitedForSurvivesEveryPowerCutInTheNextOne) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    storage::MemoryDisk disk;
    ASSERT_TRUE(disk.make_directories("/data").ok());
    ASSERT_TRUE(disk.sync_and_wait({{}, {"/"}}).ok());
    Simulation simulation(seed);
    SimExecutor& loop = simulation.start_node("n");
    VoteFile::Found found;
    auto file = VoteFile::open(disk, "/data/vote", found);
    ASSERT_TRUE(file.ok());
    const auto last = static_cast<int32_t>(2 + seed % 4);
    for (int32_t term = 1; term <= last; ++term) {
      ASSERT_TRUE((*file)->write_and_wait(a_record(term)).ok());
    }
    disk.hold_syncs(true);
    (*file)->write(a_record(last + 1), loop, [](const absl::Status&) {});
    const auto random = seeded_random(seed);
    disk.crash(*random);
    auto again = VoteFile::open(disk, "/data/vote", found);
    ASSERT_TRUE(again.ok()) << again.status();
    ASSERT_TRUE(found.record.has_value());
    EXPECT_GE(found.record->hard.term, Term{last});
    EXPECT_LE(found.record->hard.term, Term{last + 1});
  }
}

TEST_F(VoteFileTest, OneDamagedSlotLeavesTheOtherAndIsSaid) {
  auto file = open();
  ASSERT_TRUE(file->write_and_wait(a_record(1)).ok());
  ASSERT_TRUE(file->write_and_wait(a_record(2)).ok());
  disk_.flip_bit("/data/vote", 4096 + 60, 2);  // the second write
  open();
  ASSERT_TRUE(found_.record.has_value());
  EXPECT_EQ(found_.record->hard.term, Term{1});
  EXPECT_TRUE(found_.slot_damaged);
}

TEST_F(VoteFileTest, TwoDamagedSlotsAreRefused) {
  auto file = open();
  ASSERT_TRUE(file->write_and_wait(a_record(1)).ok());
  ASSERT_TRUE(file->write_and_wait(a_record(2)).ok());
  disk_.flip_bit("/data/vote", 60, 2);
  disk_.flip_bit("/data/vote", 4096 + 60, 2);
  EXPECT_TRUE(absl::IsDataLoss(VoteFile::open(disk_, "/data/vote", found_).status()));
}

}  // namespace
}  // namespace barnabas::raft

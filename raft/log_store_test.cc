#include "raft/log_store.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <map>

#include "common/sim/simulation.h"
#include "storage/memory_disk.h"

namespace barnabas::raft {
namespace {

Entry entry(int64_t index, int32_t term, std::string payload) {
  return {LogIndex{index}, Term{term}, Buffer::own(std::move(payload))};
}

class LogStoreTest : public ::testing::Test {
 protected:
  explicit LogStoreTest(uint64_t seed = 1)
      : simulation_(seed), loop_(simulation_.start_node("n")), random_(seeded_random(seed)) {
    EXPECT_TRUE(disk_.make_directories("/data").ok());
    EXPECT_TRUE(disk_.sync_and_wait({{}, {"/"}}).ok());
    disk_.set_sync_latency(std::chrono::milliseconds(1));
  }
  absl::Status open(const SyncedRound& claimed = {}, int64_t segment_bytes = 1 << 20) {
    store_.reset();
    auto store = LogStore::open(disk_, loop_, "/data/log", claimed, segment_bytes);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    return absl::OkStatus();
  }
  void append(int64_t index, int32_t term, Term previous, const std::string& payload) {
    const Entry added = entry(index, term, payload);
    ASSERT_TRUE(store_->append(absl::MakeConstSpan(&added, 1), previous).ok());
  }
  void sync(EntryId last) {
    bool done = false;
    store_->sync(last, [&](const absl::Status& status, EntryId) { done = status.ok(); });
    simulation_.run_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(done);
  }
  std::string text(int64_t index) {
    const auto read = store_->read(LogIndex{index}, LogIndex{index + 1}, 1 << 20);
    return read.ok() && !read->empty() ? std::string(read->front().payload.view()) : "?";
  }

  Simulation simulation_;
  SimExecutor& loop_;
  std::unique_ptr<Random> random_;
  storage::MemoryDisk disk_;
  std::unique_ptr<LogStore> store_;
};

TEST_F(LogStoreTest, S1_AnEntryIsOneBatchAndComesBackWithItsTermAfterARestart) {
  ASSERT_TRUE(open().ok());
  append(1, 1, Term{0}, "");
  append(2, 1, Term{1}, "decision");
  append(3, 4, Term{1}, std::string(100000, 'x'));
  sync({LogIndex{3}, Term{4}});
  disk_.kill();
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(store_->shape().last, LogIndex{3});
  EXPECT_EQ(store_->shape().base, EntryId());
  ASSERT_EQ(store_->shape().terms.size(), 2U);
  EXPECT_EQ(store_->shape().terms[1].first, LogIndex{3});
  EXPECT_EQ(text(1), "");
  EXPECT_EQ(text(2), "decision");
  EXPECT_EQ(text(3).size(), 100000U);
  EXPECT_FALSE(store_->cut_tail());
}

TEST_F(LogStoreTest, AnEntryThatSaysWhoVotesIsFoundAgainWithItsPlace) {
  ASSERT_TRUE(open().ok());
  append(1, 1, Term{0}, "");
  const Configuration voters = Configuration().with({ControllerId{1}, Uuid()}, {"one", 9093});
  const Entry change{LogIndex{2}, Term{1}, Buffer::own(encode_configuration(voters)), true};
  ASSERT_TRUE(store_->append(absl::MakeConstSpan(&change, 1), Term{1}).ok());
  append(3, 1, Term{1}, "decision");
  sync({LogIndex{3}, Term{1}});
  disk_.kill();
  ASSERT_TRUE(open().ok());
  ASSERT_EQ(store_->configurations().size(), 1U);
  EXPECT_EQ(store_->configurations()[0], (ConfigurationAt{LogIndex{2}, voters}));
  const auto read = store_->read(LogIndex{1}, LogIndex{4}, 1 << 20);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->at(0).kind(), EntryKind::kBlank);
  EXPECT_EQ(read->at(1).kind(), EntryKind::kConfiguration);
  EXPECT_EQ(read->at(2).kind(), EntryKind::kDecision);
}

TEST_F(LogStoreTest, ReadsStopAtTheSizeAskedForButGiveOneEntryAtLeast) {
  ASSERT_TRUE(open().ok());
  for (int64_t i = 1; i <= 10; ++i) append(i, 1, Term{i == 1 ? 0 : 1}, std::string(100, 'a'));
  EXPECT_EQ(store_->read(LogIndex{1}, LogIndex{11}, 350)->size(), 3U);
  EXPECT_EQ(store_->read(LogIndex{1}, LogIndex{11}, 1)->size(), 1U);
  EXPECT_EQ(store_->read(LogIndex{9}, LogIndex{11}, 100000)->size(), 2U);
}

// No second file takes part: a replayed one could replace what was acknowledged.
TEST_F(LogStoreTest, S24_WhatIsAcknowledgedIsInTheLogsOwnFilesAlone) {
  ASSERT_TRUE(open().ok());
  append(1, 1, Term{0}, "kept");
  append(2, 1, Term{1}, "as well");
  sync({LogIndex{2}, Term{1}});
  store_.reset();
  disk_.crash(*random_);
  const auto everything = disk_.list("/data");
  ASSERT_TRUE(everything.ok());
  EXPECT_EQ(*everything, std::vector<std::string>{"log"});
  const auto files = disk_.list("/data/log");
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(*files, std::vector<std::string>{"00000000000000000001.log"});
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(text(1), "kept");
  EXPECT_EQ(text(2), "as well");
}

TEST_F(LogStoreTest, S6_EachEntryNamesTheLastRoundThatWasSynced) {
  ASSERT_TRUE(open().ok());
  append(1, 1, Term{0}, "a");
  append(2, 1, Term{1}, "b");
  EXPECT_EQ(store_->round(), SyncedRound());
  sync({LogIndex{2}, Term{1}});
  EXPECT_EQ(store_->round().begin, LogIndex{1});
  EXPECT_EQ(store_->round().end, LogIndex{3});
  EXPECT_NE(store_->round().digest, 0U);
  append(3, 1, Term{1}, "c");
  sync({LogIndex{3}, Term{1}});
  disk_.kill();
  // The last entry lost its end: it may have been promised, the ones before it are proved.
  disk_.cut_tail("/data/log/00000000000000000001.log", 3);
  ASSERT_TRUE(open().ok());
  EXPECT_TRUE(store_->cut_tail());
  EXPECT_EQ(store_->shape().last, LogIndex{2});
}

TEST_F(LogStoreTest, S6_TheVoteFilesClaimProvesTheLastRound) {
  ASSERT_TRUE(open().ok());
  append(1, 1, Term{0}, "a");
  sync({LogIndex{1}, Term{1}});
  const SyncedRound claimed = store_->round();
  disk_.kill();
  disk_.cut_tail("/data/log/00000000000000000001.log", 3);
  EXPECT_TRUE(absl::IsDataLoss(open(claimed)));
}

TEST_F(LogStoreTest, P18_DamageBelowAProvedRoundIsNeverATornTail) {
  for (const uint64_t at : {70U, 130U, 200U}) {
    storage::MemoryDisk disk;
    ASSERT_TRUE(disk.make_directories("/data").ok());
    auto opened = LogStore::open(disk, loop_, "/data/log", {}, 1 << 20);
    ASSERT_TRUE(opened.ok());
    store_ = *std::move(opened);
    for (int64_t i = 1; i <= 5; ++i) {
      append(i, 1, Term{i == 1 ? 0 : 1}, absl::StrCat("entry ", i));
      sync({LogIndex{i}, Term{1}});
    }
    store_.reset();
    disk.kill();
    disk.flip_bit("/data/log/00000000000000000001.log", at, 1);
    EXPECT_TRUE(absl::IsDataLoss(LogStore::open(disk, loop_, "/data/log", {}, 1 << 20).status()))
        << at;
  }
}

TEST_F(LogStoreTest, AnUnsyncedTailThatIsTornIsCutWithoutAClaim) {
  ASSERT_TRUE(open().ok());
  append(1, 1, Term{0}, "a");
  sync({LogIndex{1}, Term{1}});
  append(2, 1, Term{1}, std::string(3000, 'b'));
  disk_.crash(*random_);
  const absl::Status opened = open();
  ASSERT_TRUE(opened.ok()) << opened;
  EXPECT_GE(store_->shape().last, LogIndex{1});
}

TEST_F(LogStoreTest, AfterARestartBehindASnapshotTheLogGoesOnThere) {
  ASSERT_TRUE(open().ok());
  append(1, 1, Term{0}, "a");
  ASSERT_TRUE(store_->restart_behind({LogIndex{40}, Term{3}}).ok());
  append(41, 3, Term{3}, "behind");
  sync({LogIndex{41}, Term{3}});
  disk_.crash(*random_);
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(store_->shape().base, (EntryId{LogIndex{40}, Term{3}}));
  EXPECT_EQ(text(41), "behind");
}

// Against a plain twin: whatever a power cut leaves begins with everything that was reported
// synced, and continues only with what was written; and a start never takes it for damage.
TEST(LogStoreProperty, P14_APowerCutLeavesAPrefixWithAllThatWasSynced) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const auto random = seeded_random(seed);
    Simulation simulation(seed);
    SimExecutor& loop = simulation.start_node("n");
    storage::MemoryDisk disk;
    ASSERT_TRUE(disk.make_directories("/data").ok());
    ASSERT_TRUE(disk.sync_and_wait({{}, {"/"}}).ok());
    disk.set_sync_latency(std::chrono::microseconds(500));
    std::vector<Entry> twin;  // as written
    size_t synced = 0;
    SyncedRound claimed;
    int32_t term = 1;
    for (int life = 0; life < 4; ++life) {
      auto opened = LogStore::open(disk, loop, "/data/log", claimed, 4000);
      ASSERT_TRUE(opened.ok()) << "seed " << seed << " life " << life << ": " << opened.status();
      LogStore& store = **opened;
      const auto last = static_cast<size_t>(store.shape().last.value());
      ASSERT_GE(last, synced) << "seed " << seed;
      ASSERT_LE(last, twin.size()) << "seed " << seed;
      twin.resize(last);
      synced = last;
      for (size_t i = 1; i <= last; ++i) {
        const auto read =
            store.read(LogIndex{static_cast<int64_t>(i)}, LogIndex{static_cast<int64_t>(i + 1)}, 1);
        ASSERT_TRUE(read.ok());
        ASSERT_EQ(read->front().id(), twin[i - 1].id()) << "seed " << seed;
        ASSERT_EQ(read->front().payload.view(), twin[i - 1].payload.view());
      }
      const auto id_at = [&](size_t n) { return n == 0 ? EntryId() : twin[n - 1].id(); };
      for (int step = 0; step < 30; ++step) {
        if (random->chance(10) && !twin.empty()) {
          ++term;
          const size_t keep = twin.size() - random->below(std::min<size_t>(twin.size(), 4) + 1);
          ASSERT_TRUE(store.truncate_above(LogIndex{static_cast<int64_t>(keep)}).ok());
          twin.resize(keep);
          synced = std::min(synced, keep);
        }
        twin.push_back(entry(static_cast<int64_t>(twin.size() + 1), term,
                             absl::StrCat(seed, " ", step, std::string(random->below(900), '.'))));
        ASSERT_TRUE(
            store.append(absl::MakeConstSpan(&twin.back(), 1), id_at(twin.size() - 1).term).ok());
        if (!store.syncing() && random->chance(40)) {
          store.sync(twin.back().id(), [&](const absl::Status& status, EntryId end) {
            const auto reached = static_cast<size_t>(end.index.value());
            if (status.ok() && reached <= twin.size() && id_at(reached) == end) {
              synced = std::max(synced, reached);
            }
          });
        }
        simulation.run_for(Duration{random->below(400)});
      }
      opened->reset();
      disk.crash(*random);
      simulation.run_for(std::chrono::milliseconds(5));
    }
  }
}

}  // namespace
}  // namespace barnabas::raft

#include "raft/snapshot_store.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <set>

#include "common/sim/simulation.h"
#include "storage/memory_disk.h"

namespace barnabas::raft {
namespace {

using std::chrono::milliseconds;

constexpr char kDirectory[] = "/data/snapshots";

EntryId id(int64_t index, int term) { return {LogIndex{index}, Term{term}}; }
std::string file_of(int64_t index) {
  const std::string digits = std::to_string(index);
  return absl::StrCat(kDirectory, "/", std::string(20 - digits.size(), '0'), digits,
                      "-0000000001.snapshot");
}

class SnapshotStoreTest : public ::testing::Test {
 protected:
  explicit SnapshotStoreTest(uint64_t seed = 1)
      : simulation_(seed), loop_(simulation_.start_node("n")), random_(seeded_random(seed)) {
    EXPECT_TRUE(disk_.make_directories("/data").ok());
    EXPECT_TRUE(disk_.sync_and_wait({{}, {"/"}}).ok());
    open();
  }
  void open() {
    store_.reset();
    auto store = SnapshotStore::open(disk_, loop_, kDirectory);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  absl::StatusOr<SnapshotOffer> save(int64_t index, const std::string& content) {
    absl::StatusOr<SnapshotOffer> result = absl::UnknownError("no answer");
    store_->save(id(index, 1), content, [&](const auto& saved) { result = saved; });
    simulation_.run_for(milliseconds(10));
    return result;
  }
  absl::StatusOr<SnapshotOffer> finish() {
    absl::StatusOr<SnapshotOffer> result = absl::UnknownError("no answer");
    store_->finish([&](const auto& arrived) { result = arrived; });
    simulation_.run_for(milliseconds(10));
    return result;
  }
  // What another node would offer.
  SnapshotOffer offer_of(int64_t index, const std::string& content) {
    storage::MemoryDisk disk;
    EXPECT_TRUE(disk.make_directories("/data").ok());
    auto other = *SnapshotStore::open(disk, loop_, kDirectory);
    SnapshotOffer offer;
    other->save(id(index, 1), content, [&](const auto& saved) { offer = *saved; });
    simulation_.run_for(milliseconds(10));
    return offer;
  }

  Simulation simulation_;
  SimExecutor& loop_;
  std::unique_ptr<Random> random_;
  storage::MemoryDisk disk_;
  std::unique_ptr<SnapshotStore> store_;
};

TEST_F(SnapshotStoreTest, WhoVotesComesBackWithItAlsoWhenItArrivedInPieces) {
  const ConfigurationAt voters{LogIndex{7},
                               Configuration().with({ControllerId{4}, Uuid()}, {"four", 9093})};
  absl::StatusOr<SnapshotOffer> saved = absl::UnknownError("no answer");
  store_->save(id(10, 1), "content", [&](const auto& result) { saved = result; }, voters);
  simulation_.run_for(milliseconds(10));
  ASSERT_TRUE(saved.ok()) << saved.status();
  EXPECT_EQ(saved->configuration, voters);
  SnapshotOffer offer = *saved;
  offer.last = EntryId{LogIndex{20}, Term{1}};
  ASSERT_TRUE(store_->begin(offer).ok());
  ASSERT_TRUE(store_->add(0, "con").ok());
  open();
  const auto resumed = store_->begin(offer);
  ASSERT_TRUE(resumed.ok() && *resumed == 3U);
  ASSERT_TRUE(store_->add(3, "tent").ok());
  ASSERT_TRUE(finish().ok());
  open();
  EXPECT_EQ(store_->latest()->last, offer.last);
  EXPECT_EQ(store_->latest()->configuration, voters);
  EXPECT_EQ(*store_->load(offer.last), "content");
}

TEST_F(SnapshotStoreTest, TheTwoNewestAreKeptAndComeBackWhole) {
  for (int64_t index = 1; index <= 4; ++index) {
    ASSERT_TRUE(save(index * 10, absl::StrCat("state ", index)).ok());
  }
  store_.reset();
  disk_.crash(*random_);
  open();
  EXPECT_EQ(store_->latest()->last, id(40, 1));
  EXPECT_EQ(*store_->load(id(40, 1)), "state 4");
  EXPECT_EQ(*store_->load(id(30, 1)), "state 3");
  EXPECT_TRUE(absl::IsNotFound(store_->load(id(20, 1)).status()));
}

TEST_F(SnapshotStoreTest, F41_ADamagedOneIsPutAsideAndTheOlderOneIsTheLatest) {
  ASSERT_TRUE(save(10, "state 1").ok());
  ASSERT_TRUE(save(20, "state 2").ok());
  disk_.flip_bit(file_of(20), disk_.open(file_of(20), storage::OpenMode::kRead).value()->size() - 2,
                 1);
  EXPECT_TRUE(absl::IsDataLoss(store_->load(id(20, 1)).status()));
  EXPECT_EQ(store_->latest()->last, id(10, 1));
  EXPECT_TRUE(disk_.exists(file_of(20) + ".damaged"));
  open();
  EXPECT_EQ(store_->latest()->last, id(10, 1));
  EXPECT_TRUE(save(20, "state 2").ok()) << "it may be made again";
}

TEST_F(SnapshotStoreTest, F41_OneWithADamagedHeaderOrOfTheWrongLengthIsNeverOffered) {
  for (int64_t index : {10, 20}) ASSERT_TRUE(save(index, std::string(1000, 's')).ok());
  disk_.flip_bit(file_of(20), 9, 1);
  disk_.cut_tail(file_of(10), 1);
  open();
  EXPECT_FALSE(store_->latest().has_value());
  EXPECT_TRUE(disk_.exists(file_of(20) + ".damaged"));
  EXPECT_TRUE(disk_.exists(file_of(10) + ".damaged"));
}

TEST_F(SnapshotStoreTest, P22_ATransferThatBrokeOffGoesOnAtItsByteAlsoInTheNextProcess) {
  const std::string content(10000, 'c');
  const SnapshotOffer offer = offer_of(50, content);
  ASSERT_EQ(*store_->begin(offer), 0U);
  ASSERT_TRUE(store_->add(0, content.substr(0, 3000)).ok());
  ASSERT_TRUE(store_->add(3000, content.substr(3000, 1000)).ok());
  EXPECT_EQ(*store_->begin(offer), 4000U) << "the same process";
  store_.reset();
  disk_.kill();
  open();
  EXPECT_EQ(*store_->begin(offer), 4000U) << "the next process";
  EXPECT_TRUE(absl::IsOutOfRange(store_->add(0, "again"))) << "nothing is written twice";
  EXPECT_TRUE(absl::IsOutOfRange(store_->add(4000, std::string(6001, 'c'))));
  ASSERT_TRUE(store_->add(4000, content.substr(4000)).ok());
  ASSERT_TRUE(finish().ok());
  EXPECT_EQ(*store_->load(offer.last), content);
}

TEST_F(SnapshotStoreTest, P22_AnotherSnapshotOfTheSameEntryBeginsAnew) {
  const SnapshotOffer offer = offer_of(50, std::string(100, 'a'));
  ASSERT_EQ(*store_->begin(offer), 0U);
  ASSERT_TRUE(store_->add(0, std::string(60, 'a')).ok());
  EXPECT_EQ(*store_->begin(offer_of(50, std::string(100, 'b'))), 0U);
}

TEST_F(SnapshotStoreTest, P22_AWrongChecksumIsBegunAnew) {
  const std::string content(5000, 'c');
  const SnapshotOffer offer = offer_of(50, content);
  ASSERT_EQ(*store_->begin(offer), 0U);
  std::string wrong = content;
  wrong[2500] = 'x';
  ASSERT_TRUE(store_->add(0, wrong).ok());
  EXPECT_TRUE(absl::IsDataLoss(finish().status()));
  EXPECT_FALSE(store_->latest().has_value());
  EXPECT_EQ(*store_->begin(offer), 0U);
  ASSERT_TRUE(store_->add(0, content).ok());
  ASSERT_TRUE(finish().ok());
  EXPECT_EQ(*store_->load(offer.last), content);
}

// The power goes off at every single change of saving and of arriving: the one before stays, the
// new one is there whole or not at all, and a second attempt succeeds.
TEST_F(SnapshotStoreTest, P22_APowerCutAtEachStepLeavesAWholeSnapshotOrNone) {
  const std::string content(3000, 'n');
  const SnapshotOffer offer = offer_of(50, content);
  std::set<bool> outcomes;
  for (const bool arrives : {false, true}) {
    for (uint64_t steps = 0; steps < 12; ++steps) {
      for (uint64_t seed = 0; seed < 6; ++seed) {
        SCOPED_TRACE(absl::StrCat(arrives ? "arriving" : "saving", ", after ", steps, " changes"));
        storage::MemoryDisk disk;
        ASSERT_TRUE(disk.make_directories("/data").ok());
        ASSERT_TRUE(disk.sync_and_wait({{}, {"/"}}).ok());
        auto store = *SnapshotStore::open(disk, loop_, kDirectory);
        store->save(id(10, 1), "old", [](const auto&) {});
        simulation_.run_for(milliseconds(5));
        disk.power_off_after(steps);
        bool said = false;
        const auto done = [&](const absl::StatusOr<SnapshotOffer>& saved) { said = saved.ok(); };
        if (!arrives) {
          store->save(offer.last, content, done);
        } else if (store->begin(offer).ok() && store->add(0, content.substr(0, 1000)).ok() &&
                   store->add(1000, content.substr(1000)).ok()) {
          store->finish(done);
        }
        simulation_.run_for(milliseconds(5));
        store.reset();
        const auto random = seeded_random(seed);
        disk.crash(*random);
        store = *SnapshotStore::open(disk, loop_, kDirectory);
        EXPECT_EQ(*store->load(id(10, 1)), "old");
        const auto loaded = store->load(offer.last);
        if (loaded.ok()) {
          EXPECT_EQ(*loaded, content);
        } else {
          EXPECT_TRUE(absl::IsNotFound(loaded.status())) << loaded.status();
        }
        EXPECT_TRUE(loaded.ok() || !said) << "it was said to be durable";
        outcomes.insert(loaded.ok());
        // Goes on where it stopped, or begins anew; what a crash made of a half one is noticed.
        for (int attempt = 0; attempt < 2 && !store->load(offer.last).ok(); ++attempt) {
          const auto from = store->begin(offer);
          ASSERT_TRUE(from.ok());
          if (*from < content.size()) {
            ASSERT_TRUE(store->add(*from, content.substr(*from)).ok());
          }
          store->finish([](const auto&) {});
          simulation_.run_for(milliseconds(5));
        }
        const auto now = store->load(offer.last);
        ASSERT_TRUE(now.ok()) << now.status();
        EXPECT_EQ(*now, content);
      }
    }
  }
  EXPECT_EQ(outcomes.size(), 2U);
}

}  // namespace
}  // namespace barnabas::raft

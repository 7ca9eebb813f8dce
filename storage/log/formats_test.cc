// The small files beside the batches, and the tail cache, piece by piece.

#include <gtest/gtest.h>

#include "storage/log/epoch_cache.h"
#include "storage/log/file_cache.h"
#include "storage/log/file_names.h"
#include "storage/log/segment_index.h"
#include "storage/log/tail_cache.h"
#include "storage/log/testing/batches.h"
#include "storage/memory_disk.h"

namespace barnabas::storage {
namespace {

TEST(FileNames, AreTwentyDigitsAndNothingElse) {
  EXPECT_EQ(offset_path("/d", Offset{1234}, kLogSuffix), "/d/00000000000000001234.log");
  EXPECT_EQ(parse_offset_name("00000000000000001234.log", kLogSuffix), Offset{1234});
  for (const char* bad : {"1234.log", "0000000000000000123x.log", "00000000000000001234.index",
                          "-0000000000000001234.log", "99999999999999999999.log"}) {
    EXPECT_EQ(parse_offset_name(bad, kLogSuffix), std::nullopt) << bad;
  }
}

TEST(EpochCache, TheTextIsKafkasAndEveryCutOffTextIsRefused) {
  EpochCache cache;
  cache.begin(LeaderEpoch{0}, Offset{0});
  cache.begin(LeaderEpoch{3}, Offset{17});
  EXPECT_EQ(cache.text(), "0\n2\n0 0\n3 17\n");
  EXPECT_EQ(EpochCache::parse(cache.text())->entries(), cache.entries());
  for (size_t size = 0; size < cache.text().size(); ++size) {
    EXPECT_FALSE(EpochCache::parse(cache.text().substr(0, size)).ok()) << size;
  }
  for (const char* bad : {"1\n0\n", "0\n2\n3 0\n2 5\n", "0\n2\n2 5\n3 4\n", "0\n1\n-1 0\n"}) {
    EXPECT_FALSE(EpochCache::parse(bad).ok()) << bad;
  }
  EXPECT_TRUE(EpochCache::parse("0\n0\n")->empty());
}

TEST(EpochCache, AnEpochWithoutRecordsGivesWayToTheNext) {
  EpochCache cache;
  cache.begin(LeaderEpoch{1}, Offset{0});
  cache.begin(LeaderEpoch{2}, Offset{10});
  cache.begin(LeaderEpoch{4}, Offset{10});
  EXPECT_EQ(cache.text(), "0\n2\n1 0\n4 10\n");
  cache.truncate_end(Offset{10});
  EXPECT_EQ(cache.last(), LeaderEpoch{1});
  cache.begin(LeaderEpoch{5}, Offset{20});
  cache.begin(LeaderEpoch{6}, Offset{30});
  cache.truncate_start(Offset{25});
  EXPECT_EQ(cache.text(), "0\n2\n5 25\n6 30\n");
  EXPECT_EQ(cache.epoch_at(Offset{24}), kNoLeaderEpoch);
  EXPECT_EQ(cache.epoch_at(Offset{29}), LeaderEpoch{5});
  EXPECT_EQ(cache.epoch_at(Offset{30}), LeaderEpoch{6});
}

TEST(SegmentIndex, FilesAndMemoryGiveTheSameAnswers) {
  MemoryDisk disk;
  SegmentIndex index(Offset{100});
  uint64_t position = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string batch = client_batch({1000 + (i * 37) % 500, 900}, std::string(50, 'v'));
    index.add(*kafka::BatchView::parse(batch), Offset{100 + i * 2}, position, 300);
    position += batch.size();
  }
  index.seal();
  ASSERT_TRUE(replace_file(disk, "/o", index.offset_bytes()).ok());
  ASSERT_TRUE(replace_file(disk, "/t", index.time_bytes()).ok());
  const FilePtr offsets = *disk.open("/o", OpenMode::kRead);
  const FilePtr times = *disk.open("/t", OpenMode::kRead);
  SegmentIndex restored(Offset{100});
  ASSERT_TRUE(restored.restore(index.offset_bytes(), index.time_bytes(), position));
  for (int64_t key = -1; key < 420; ++key) {
    const auto expected = index.floor_offset(key);
    const auto found = *floor_in_offset_index(*offsets, key);
    ASSERT_EQ(expected.has_value(), found.has_value());
    ASSERT_EQ(expected.has_value(), restored.floor_offset(key).has_value());
    if (!expected.has_value()) continue;
    EXPECT_EQ(expected->position, found->position);
    EXPECT_EQ(expected->position, restored.floor_offset(key)->position);
    EXPECT_LE(expected->relative_last_offset, key);
  }
  for (int64_t key = 990; key < 1510; ++key) {
    const auto expected = index.floor_time(key);
    const auto found = *floor_in_time_index(*times, key);
    ASSERT_EQ(expected.has_value(), found.has_value());
    if (expected.has_value()) {
      EXPECT_EQ(expected->relative_offset, found->relative_offset);
    }
  }
  EXPECT_EQ((*last_of_time_index(*times))->timestamp, index.largest().timestamp);
  EXPECT_FALSE(restored.restore(index.offset_bytes() + "x", "", position));
  EXPECT_FALSE(restored.restore(index.offset_bytes() + index.offset_bytes(), "", position));
}

TEST(TailCache, KeepsTheLastTwoChunksAndGivesWholeBatches) {
  TailBudget budget(TailCache::kChunkBytes * 2);
  TailCache cache(budget);
  int64_t next = 0;
  const std::string value(10000, 'v');
  std::vector<std::string> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(stored(client_batch(1, value), next, 0));
    const std::string_view piece = all.back();
    cache.append(Offset{next}, Offset{next + 1}, absl::MakeConstSpan(&piece, 1));
    ++next;
  }
  EXPECT_FALSE(cache.read(Offset{0}, 100, Offset{200}, true).has_value());
  EXPECT_EQ(cache.read(Offset{199}, 1, Offset{200}, true)->view(), all[199]);
  EXPECT_EQ(cache.read(Offset{198}, 100000, Offset{200}, true)->view(), all[198] + all[199]);
  EXPECT_EQ(cache.read(Offset{198}, 100000, Offset{199}, true)->view(), all[198]);
  EXPECT_TRUE(cache.read(Offset{198}, 1, Offset{200}, false)->empty());
  EXPECT_FALSE(cache.read(Offset{200}, 1, Offset{201}, true).has_value());
  int held = 0;
  for (int64_t offset = 0; offset < 200; ++offset) {
    const auto got = cache.read(Offset{offset}, 1, Offset{200}, true);
    if (!got.has_value()) continue;
    ++held;
    EXPECT_EQ(got->view(), all[static_cast<size_t>(offset)]);
  }
  EXPECT_GE(held, 52);
  EXPECT_LE(held, 104);
  cache.drop_if_idle();
  EXPECT_TRUE(cache.read(Offset{199}, 1, Offset{200}, true).has_value());
  cache.drop_if_idle();
  EXPECT_FALSE(cache.read(Offset{199}, 1, Offset{200}, true).has_value());
  EXPECT_TRUE(budget.take(TailCache::kChunkBytes * 2)) << "all of it was given back";
}

TEST(FileCache, ClosesOthersAtItsLimitAndNeverOneThatIsHeld) {
  MemoryDisk disk;
  FileCache cache(2);
  FileCache::Slot slots[4];
  std::vector<FilePtr> held;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) {
      const auto file =
          cache.get(slots[i], disk, OpenMode::kCreate, [&] { return "/f" + std::to_string(i); });
      ASSERT_TRUE(file.ok());
      held.push_back(*file);
      EXPECT_LE(cache.open_files(), 2u);
    }
  }
  for (const FilePtr& file : held) EXPECT_EQ(file->size(), 0u);
  for (FileCache::Slot& slot : slots) cache.forget(slot);
  EXPECT_EQ(cache.open_files(), 0u);
}

}  // namespace
}  // namespace barnabas::storage

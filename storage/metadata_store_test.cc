// Both metadata stores give the same answers; the one on RocksDB also after reopening and after
// its directory was copied at any point, as a crash leaves it.

#include "storage/metadata_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "common/random.h"
#include "storage/disk.h"
#include "storage/posix_disk.h"

namespace barnabas::storage {
namespace {

namespace fs = std::filesystem;
using Content = std::map<std::string, std::string>;

std::string fresh_directory(const std::string& name) {
  const char* base = std::getenv("TEST_TMPDIR");
  const std::string path = std::string(base != nullptr ? base : "/tmp") + "/" + name;
  fs::remove_all(path);
  return path;
}

Content content_of(const MetadataStore& store, std::string_view prefix = "") {
  Content content;
  EXPECT_TRUE(store
                  .scan(prefix,
                        [&](std::string_view key, std::string_view value) {
                          EXPECT_TRUE(content.empty() || content.rbegin()->first < key);
                          content[std::string(key)] = std::string(value);
                        })
                  .ok());
  return content;
}

std::vector<StoreWrite> random_writes(Random& random) {
  std::vector<StoreWrite> writes;
  for (uint64_t i = 0; i <= random.below(5); ++i) {
    StoreWrite write{.key = std::to_string(random.below(40)), .value = std::nullopt};
    if (random.chance(70)) write.value = std::string(random.below(300), 'v') + write.key;
    writes.push_back(std::move(write));
  }
  return writes;
}

TEST(MetadataStore, BothGiveTheSameAnswersAndRocksDbAlsoAfterReopening) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    const std::string path = fresh_directory("store_same");
    auto real = *open_rocksdb_store(path);
    const auto twin = make_map_store();
    const auto random = seeded_random(seed);
    int64_t index = 0;
    for (int i = 0; i < 60; ++i) {
      const uint64_t what = random->below(10);
      if (what == 0) {
        real.reset();
        real = *open_rocksdb_store(path);
        EXPECT_EQ(real->durable_applied(), real->applied());
      } else if (what == 1) {
        const auto content =
            random->chance(20) ? std::vector<StoreWrite>() : random_writes(*random);
        index = content.empty() ? 0 : index + static_cast<int64_t>(random->below(50)) + 1;
        for (MetadataStore* store : {real.get(), twin.get()}) {
          ASSERT_TRUE(store->replace(content, LogIndex{index}, Term{3}).ok());
          EXPECT_EQ(store->durable_applied(), LogIndex{index});
        }
      } else {
        const auto writes = random_writes(*random);
        index += 1 + static_cast<int64_t>(random->below(3));
        for (MetadataStore* store : {real.get(), twin.get()}) {
          ASSERT_TRUE(store->apply(writes, LogIndex{index}, Term{i}).ok());
          EXPECT_TRUE(absl::IsFailedPrecondition(store->apply(writes, LogIndex{index}, Term{i})));
        }
      }
      EXPECT_EQ(real->applied(), twin->applied());
      EXPECT_EQ(real->applied_term(), twin->applied_term());
      ASSERT_EQ(content_of(*real), content_of(*twin));
      ASSERT_EQ(content_of(*real, "1"), content_of(*twin, "1"));
    }
  }
}

TEST(MetadataStore, P17_ACopyTakenAtAnyPointHoldsTheDataOfItsAppliedIndex) {
  const std::string path = fresh_directory("store_crash");
  auto store = *open_rocksdb_store(path);
  const auto twin = make_map_store();
  const auto random = seeded_random(5);
  std::map<int64_t, Content> history = {{0, {}}};
  for (int64_t index = 1; index <= 20; ++index) {
    const auto writes = random_writes(*random);
    ASSERT_TRUE(store->apply(writes, LogIndex{index}, Term{1}).ok());
    ASSERT_TRUE(twin->apply(writes, LogIndex{index}, Term{1}).ok());
    history[index] = content_of(*twin);
    if (index % 7 == 0) {
      ASSERT_TRUE(store->flush().ok());
    }
    const std::string copy = fresh_directory("store_copy");
    fs::copy(path, copy, fs::copy_options::recursive);
    // A torn tail of the write-ahead log, too.
    for (const auto& entry : fs::recursive_directory_iterator(copy)) {
      if (entry.path().extension() != ".log" || entry.file_size() == 0) continue;
      fs::resize_file(entry.path(), entry.file_size() -
                                        random->below(std::min<uint64_t>(entry.file_size(), 200)));
    }
    const auto reopened = open_rocksdb_store(copy);
    ASSERT_TRUE(reopened.ok()) << reopened.status();
    ASSERT_TRUE(history.contains((*reopened)->applied().value()));
    EXPECT_EQ(content_of(**reopened), history[(*reopened)->applied().value()]);
  }
}

TEST(MetadataStore, AReplacementThatWasNotSwitchedToIsDropped) {
  const std::string path = fresh_directory("store_half");
  {
    auto store = *open_rocksdb_store(path);
    ASSERT_TRUE(store->apply({{"k", "old"}}, LogIndex{1}, Term{1}).ok());
  }
  fs::copy(path + "/store-1", path + "/store-2", fs::copy_options::recursive);
  const auto store = *open_rocksdb_store(path);
  EXPECT_EQ(content_of(*store), (Content{{"k", "old"}}));
  EXPECT_FALSE(fs::exists(path + "/store-2"));
}

TEST(MetadataStore, DamageIsNotAnEmptyStore) {
  const std::string path = fresh_directory("store_damage");
  {
    auto store = *open_rocksdb_store(path);
    ASSERT_TRUE(store->replace({{"k", "v"}}, LogIndex{1}, Term{1}).ok());
  }
  PosixDisk disk(nullptr);
  ASSERT_TRUE(replace_file(disk, path + "/current", "nonsense").ok());
  EXPECT_TRUE(absl::IsDataLoss(open_rocksdb_store(path).status()));
  ASSERT_TRUE(replace_file(disk, path + "/current", "store-2").ok());
  for (const auto& entry : fs::directory_iterator(path + "/store-2")) {
    if (entry.path().extension() == ".sst") fs::resize_file(entry.path(), entry.file_size() / 2);
  }
  EXPECT_FALSE(open_rocksdb_store(path).ok());
}

}  // namespace
}  // namespace barnabas::storage

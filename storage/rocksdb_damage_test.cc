// The real database under damage and sudden death: what it opens with is always the content of its
// applied index, or it says that it is damaged; never something in between (P17, P18, F39, F40).

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "common/random.h"
#include "storage/metadata_store.h"

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

// What a history of so many applies holds, from nothing but the index.
std::vector<StoreWrite> writes_at(int64_t index) {
  const auto random = seeded_random(static_cast<uint64_t>(index));
  std::vector<StoreWrite> writes;
  for (uint64_t i = 0; i <= random->below(4); ++i) {
    StoreWrite write{.key = std::to_string(random->below(60)), .value = std::nullopt};
    if (random->chance(75)) {
      write.value = std::to_string(index) + std::string(random->below(400), '.');
    }
    writes.push_back(std::move(write));
  }
  return writes;
}

void change(Content& content, const std::vector<StoreWrite>& writes) {
  for (const StoreWrite& write : writes) {
    if (write.value.has_value()) {
      content[write.key] = *write.value;
    } else {
      content.erase(write.key);
    }
  }
}

Content content_at(int64_t index) {
  Content content;
  for (int64_t i = 1; i <= index; ++i) change(content, writes_at(i));
  return content;
}

absl::StatusOr<Content> content_of(const MetadataStore& store) {
  Content content;
  absl::Status status = store.scan("", [&](std::string_view key, std::string_view value) {
    content[std::string(key)] = std::string(value);
  });
  if (!status.ok()) return status;
  return content;
}

// A snapshot of a history is the history: replace() and apply() lead to the same content.
std::vector<StoreWrite> rows_at(int64_t index) {
  std::vector<StoreWrite> rows;
  for (auto& [key, value] : content_at(index)) rows.push_back({key, value});
  return rows;
}

absl::Status go_on(MetadataStore& store, int64_t until, bool says_each = false) {
  for (int64_t index = store.applied().value() + 1; index <= until; ++index) {
    absl::Status status;
    if (says_each) std::cout << "." << std::flush;
    if (index % 11 == 0) {
      status = store.replace(rows_at(index), LogIndex{index}, Term{1});
    } else {
      status = store.apply(writes_at(index), LogIndex{index}, Term{1});
    }
    if (status.ok() && index % 5 == 0) status = store.flush();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

enum class Harm { kRemoved, kCut, kZeroed, kFlipped };

void harm(const fs::path& file, Harm what, Random& random) {
  const uint64_t size = fs::file_size(file);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const uint64_t at = size == 0 ? 0 : random.below(size);
  switch (what) {
    case Harm::kRemoved:
      fs::remove(file);
      return;
    case Harm::kCut:
      fs::resize_file(file, at);
      return;
    case Harm::kZeroed:
      stream.seekp(static_cast<std::streamoff>(at));
      stream << std::string(std::min<uint64_t>(size - at, 512), '\0');
      return;
    case Harm::kFlipped: {
      stream.seekg(static_cast<std::streamoff>(at));
      const char byte = static_cast<char>(stream.get());
      stream.seekp(static_cast<std::streamoff>(at));
      stream.put(static_cast<char>(byte ^ (1 << random.below(8))));
      return;
    }
  }
}

TEST(RocksDbDamage, P18_F39_F40_ADamagedFileIsNeverOpenedAsSomethingElse) {
  const std::string whole = fresh_directory("damage_whole");
  {
    auto store = *open_rocksdb_store(whole);
    ASSERT_TRUE(go_on(*store, 28).ok());
  }
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(whole)) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || name == "LOG" || name.starts_with("LOG.") || name == "LOCK" ||
        name == "IDENTITY" || name.starts_with("OPTIONS")) {
      continue;  // nothing that counts is in them
    }
    files.push_back(fs::relative(entry.path(), whole));
  }
  ASSERT_GE(files.size(), 4U);  // current, CURRENT, MANIFEST, a table
  const auto random = seeded_random(1);
  std::map<std::string, int> outcomes;
  for (const std::string& name : files) {
    for (const Harm what : {Harm::kRemoved, Harm::kCut, Harm::kZeroed, Harm::kFlipped}) {
      {
        SCOPED_TRACE(name + " " + std::to_string(static_cast<int>(what)));
        const std::string path = fresh_directory("damage");
        fs::copy(whole, path, fs::copy_options::recursive);
        harm(path + "/" + name, what, *random);
        bool damaged = false;
        {
          const auto store = open_rocksdb_store(path);
          if (store.ok()) {
            const auto content = content_of(**store);
            damaged = !content.ok();
            if (content.ok()) {
              EXPECT_EQ(*content, content_at((*store)->applied().value()));
              ++outcomes["opened"];
            }
          }
          damaged = damaged || !store.ok();
          if (!store.ok()) {
            EXPECT_TRUE(absl::IsDataLoss(store.status())) << store.status();
          }
        }
        if (!damaged) continue;
        ++outcomes["damaged"];
        ASSERT_TRUE(set_aside_store(path).ok());
        EXPECT_TRUE(fs::exists(path + ".damaged"));
        const auto anew = open_rocksdb_store(path);
        ASSERT_TRUE(anew.ok()) << anew.status();
        EXPECT_EQ((*anew)->applied(), LogIndex{0});
        ASSERT_TRUE(go_on(**anew, 3).ok());
        EXPECT_EQ(*content_of(**anew), content_at(3));
      }
    }
  }
  EXPECT_GT(outcomes["damaged"], 8);
}

// kill -9 at any moment, also within replace().
TEST(RocksDbDeath, P17_AProcessThatIsKilledAtAnyMomentLeavesTheContentOfItsAppliedIndex) {
  const std::string path = fresh_directory("death");
  const auto random = seeded_random(3);
  int64_t reached = 0;
  int deaths = 0;
  for (int life = 0; life < 8; ++life) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(ready[1], STDOUT_FILENO);
      ::execl("/proc/self/exe", "child", "--child", path.c_str(), nullptr);
      ::_exit(3);
    }
    ::close(ready[1]);
    // It says something before each step; most of them die within the next one.
    const uint64_t steps = 1 + random->below(9);
    for (uint64_t step = 0; step < steps; ++step) {
      char byte = 0;
      ASSERT_EQ(::read(ready[0], &byte, 1), 1) << "the child could not go on";
    }
    ::usleep(static_cast<useconds_t>(random->below(4000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ::close(ready[0]);
    deaths += WIFSIGNALED(status) ? 1 : 0;
    const auto store = open_rocksdb_store(path);
    ASSERT_TRUE(store.ok()) << store.status();
    const int64_t applied = (*store)->applied().value();
    EXPECT_GE(applied, reached) << "the page cache outlives the process";
    reached = applied;
    ASSERT_EQ(*content_of(**store), content_at(applied)) << "life " << life;
  }
  EXPECT_GT(deaths, 3);
  EXPECT_GT(reached, 10);
}

int live(const char* path) {
  auto store = open_rocksdb_store(path);
  if (!store.ok()) return 2;
  return go_on(**store, 1000000, /*says_each=*/true).ok() ? 0 : 4;
}

}  // namespace
}  // namespace barnabas::storage

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--child") return barnabas::storage::live(argv[2]);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

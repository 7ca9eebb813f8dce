#include "storage/flush_scheduler.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/net/event_loop.h"
#include "common/sim/simulation.h"
#include "storage/memory_disk.h"
#include "storage/posix_disk.h"

namespace barnabas::storage {
namespace {

using std::chrono::milliseconds;

// A log reduced to an end and a durable end.
class Client final : public FlushClient {
 public:
  explicit Client(FilePtr file) : file_(std::move(file)) {}

  void append(std::string_view bytes) {
    MutexLock lock(mutex_);
    ASSERT_TRUE(file_->write(static_cast<uint64_t>(end_), absl::MakeConstSpan(&bytes, 1)).ok());
    end_ += static_cast<int64_t>(bytes.size());
  }
  std::optional<FlushWork> begin_flush() override {
    MutexLock lock(mutex_);
    ++begun_;
    if (end_ == durable_) return std::nullopt;
    return FlushWork{{.files = {file_}, .directories = {}},
                     {1, generation_, Offset{end_}},
                     static_cast<uint64_t>(end_ - durable_)};
  }
  void flushed(const FlushTicket& ticket, const absl::Status& status) override {
    MutexLock lock(mutex_);
    ++completions_;
    status_ = status;
    if (status.ok() && ticket.generation == generation_) durable_ = ticket.end.value();
  }
  void truncate(int64_t end) {
    MutexLock lock(mutex_);
    ++generation_;
    end_ = end;
    durable_ = std::min(durable_, end);
  }
  int64_t durable() const {
    MutexLock lock(mutex_);
    return durable_;
  }
  int begun() const {
    MutexLock lock(mutex_);
    return begun_;
  }
  int completions() const {
    MutexLock lock(mutex_);
    return completions_;
  }
  absl::Status status() const {
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  mutable Mutex mutex_;
  const FilePtr file_;
  int64_t end_ = 0;
  int64_t durable_ = 0;
  uint64_t generation_ = 0;
  int begun_ = 0;
  int completions_ = 0;
  absl::Status status_;
};

class FlushScheduling : public testing::Test {
 protected:
  FlushScheduling() : loop_(simulation_.start_node("n")), scheduler_(disk_, loop_) {
    EXPECT_TRUE(disk_.make_directories("/d").ok());
    disk_.set_sync_latency(milliseconds(10));
  }
  std::shared_ptr<Client> client(const std::string& name) {
    return std::make_shared<Client>(*disk_.open("/d/" + name, OpenMode::kCreate));
  }

  Simulation simulation_{1};
  SimExecutor& loop_;
  MemoryDisk disk_;
  FlushScheduler scheduler_;
};

TEST_F(FlushScheduling, ARoundTakesAllDirtyClientsInOneSync) {
  std::vector<std::shared_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(client("f" + std::to_string(i)));
    clients.back()->append("bytes");
    scheduler_.dirty(clients.back());
    scheduler_.dirty(clients.back());
  }
  EXPECT_EQ(clients[0]->begun(), 0) << "never from inside dirty()";
  simulation_.run_for(milliseconds(11));
  for (const auto& each : clients) {
    EXPECT_EQ(each->durable(), 5);
    EXPECT_EQ(each->completions(), 1);
  }
  EXPECT_EQ(disk_.syncs_completed(), 1u);
}

TEST_F(FlushScheduling, EachRoundIsCountedWithItsTimeItsBytesAndItsClients) {
  std::vector<std::shared_ptr<Client>> clients = {client("a"), client("b"), client("c")};
  for (const auto& each : clients) {
    each->append("bytes");
    scheduler_.dirty(each);
  }
  simulation_.run_for(milliseconds(11));
  clients[0]->append("more");
  scheduler_.dirty(clients[0]);
  simulation_.run_for(milliseconds(11));
  const FlushStatistics& counted = scheduler_.statistics();
  EXPECT_EQ(counted.sync.snapshot().count, 2);
  EXPECT_EQ(counted.sync.snapshot().sum, 20'000);
  EXPECT_EQ(counted.clients.snapshot().sum, 4);
  EXPECT_EQ(counted.bytes.snapshot().sum, 19);
  EXPECT_EQ(counted.failures.value(), 0);
}

TEST_F(FlushScheduling, WhatComesDuringARoundIsTheNextRound) {
  const auto one = client("one");
  one->append("a");
  scheduler_.dirty(one);
  simulation_.run_for(milliseconds(5));
  one->append("b");
  scheduler_.dirty(one);
  simulation_.run_for(milliseconds(6));
  EXPECT_EQ(one->durable(), 1);
  simulation_.run_for(milliseconds(10));
  EXPECT_EQ(one->durable(), 2);
  EXPECT_EQ(disk_.syncs_completed(), 2u);
}

TEST_F(FlushScheduling, S17_ACompletionFromBeforeATruncationIsDropped) {
  const auto one = client("one");
  one->append("0123456789");
  scheduler_.dirty(one);
  simulation_.run_for(milliseconds(5));
  one->truncate(5);
  one->append("abcde");
  simulation_.run_for(milliseconds(10));
  EXPECT_EQ(one->completions(), 1);
  EXPECT_EQ(one->durable(), 0);
}

TEST_F(FlushScheduling, P13_AfterAFailedSyncEveryRoundFails) {
  const auto one = client("one");
  disk_.fail_syncs(1);
  one->append("a");
  scheduler_.dirty(one);
  simulation_.run_for(milliseconds(11));
  EXPECT_FALSE(one->status().ok());
  EXPECT_FALSE(scheduler_.failed().ok());
  const auto other = client("other");
  other->append("a");
  scheduler_.dirty(other);
  simulation_.run_for(milliseconds(11));
  EXPECT_EQ(other->completions(), 1);
  EXPECT_FALSE(other->status().ok());
  EXPECT_EQ(other->durable(), 0);
  EXPECT_EQ(disk_.syncs_completed(), 1u) << "no second attempt";
}

TEST_F(FlushScheduling, TheOldestWaitGrowsWhileASyncHangs) {
  const auto one = client("one");
  EXPECT_EQ(scheduler_.oldest_wait(loop_.now()), Duration::zero());
  disk_.hold_syncs(true);
  one->append("a");
  scheduler_.dirty(one);
  simulation_.run_for(milliseconds(50));
  one->append("b");
  scheduler_.dirty(one);
  simulation_.run_for(milliseconds(50));
  EXPECT_EQ(scheduler_.oldest_wait(loop_.now()), milliseconds(100));
  disk_.hold_syncs(false);
  simulation_.run_for(milliseconds(30));
  EXPECT_EQ(one->durable(), 2);
  EXPECT_EQ(scheduler_.oldest_wait(loop_.now()), Duration::zero());
}

TEST_F(FlushScheduling, AClientThatIsLetGoWhileDirtyLivesUntilItsRoundIsOver) {
  auto one = client("one");
  const std::weak_ptr<Client> watched = one;
  one->append("a");
  scheduler_.dirty(one);
  one.reset();
  EXPECT_FALSE(watched.expired());
  simulation_.run_for(milliseconds(11));
  EXPECT_TRUE(watched.expired());
}

TEST(FlushScheduler, OnARealDiskWithManyThreadsEverythingBecomesDurable) {
  const char* base = std::getenv("TEST_TMPDIR");
  const std::string root = std::string(base != nullptr ? base : "/tmp") + "/flush_threads";
  std::filesystem::create_directories(root);
  for (const bool on_loop : {true, false}) {
    LoopThread thread("flush");
    PosixDisk own;
    PosixDisk shared(&thread.loop());
    Disk& disk = on_loop ? static_cast<Disk&>(shared) : own;
    auto scheduler = std::make_unique<FlushScheduler>(disk, thread.loop());
    constexpr int kThreads = 4;
    constexpr int kAppends = 200;
    std::vector<std::shared_ptr<Client>> clients;
    for (int i = 0; i < kThreads; ++i) {
      clients.push_back(
          std::make_shared<Client>(*disk.open(root + "/f" + std::to_string(i), OpenMode::kCreate)));
    }
    std::vector<std::thread> writers;
    for (int i = 0; i < kThreads; ++i) {
      writers.emplace_back([&, i] {
        for (int n = 0; n < kAppends; ++n) {
          // Each thread appends to its own and marks its neighbour dirty as well.
          clients[static_cast<size_t>(i)]->append("x");
          scheduler->dirty(clients[static_cast<size_t>(i)]);
          scheduler->dirty(clients[static_cast<size_t>((i + 1) % kThreads)]);
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    for (const auto& client : clients) {
      const Instant deadline = system_clock().now() + std::chrono::seconds(30);
      while (client->durable() < kAppends && system_clock().now() < deadline) {
        std::this_thread::yield();
      }
      EXPECT_EQ(client->durable(), kAppends);
    }
    EXPECT_TRUE(scheduler->failed().ok());
    thread.stop();
    scheduler.reset();
  }
}

}  // namespace
}  // namespace barnabas::storage

// One partition between threads: two loops produce and fetch, a third flushes, a fourth moves the
// metadata. For the thread sanitizer, and for the promise that every request is answered once.

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "broker/partition/partition.h"
#include "common/net/event_loop.h"
#include "kafka/records/builder.h"
#include "storage/memory_disk.h"

namespace barnabas::partition {
namespace {

using std::chrono::seconds;

struct NoProposer : Proposer {
  void propose(InSyncProposal) override {}
};

struct CountingWaiter : Waiter {
  void wake() override { wakes.fetch_add(1); }
  std::atomic<int> wakes{0};
};

// Counts down from any thread.
class Countdown {
 public:
  explicit Countdown(int count) : left_(count) {}
  void one() {
    std::lock_guard lock(mutex_);
    if (--left_ == 0) done_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return done_.wait_for(lock, seconds(60), [this] { return left_ <= 0; });
  }
  int left() {
    std::lock_guard lock(mutex_);
    return left_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  int left_;
};

TEST(PartitionThreads, EveryRequestIsAnsweredOnceOnItsOwnLoop) {
  constexpr int kRequests = 400;
  LoopThread disk_thread("disk");
  LoopThread metadata_thread("metadata");
  LoopThread first("io-1");
  LoopThread second("io-2");
  storage::MemoryDisk disk;
  auto flusher = std::make_unique<storage::FlushScheduler>(disk, disk_thread.loop());
  NoProposer proposer;
  auto log = storage::Log::open(disk, "/data/t-0", {}, {});
  ASSERT_TRUE(log.ok());
  metadata::TopicSettings settings;
  settings.segment_bytes = 20'000;
  auto opened = Partition::open({BrokerId{1}, system_clock(), *flusher, proposer}, {}, "t",
                                *std::move(log), Offset{0}, settings);
  ASSERT_TRUE(opened.ok());
  std::shared_ptr<Partition> partition = *std::move(opened);

  metadata::PartitionImage image;
  image.replicas = image.in_sync = {BrokerId{1}};
  image.leader = BrokerId{1};
  image.leader_epoch = LeaderEpoch{1};
  const std::map<BrokerId, BrokerEpoch> epochs{{BrokerId{1}, BrokerEpoch{5}}};
  partition->update(image, BrokerEpoch{5}, epochs);

  std::atomic<int> succeeded{0}, wrong_thread{0};
  Countdown answers(2 * kRequests);
  auto waiter = std::make_shared<CountingWaiter>();
  for (LoopThread* io : {&first, &second}) {
    EventLoop& loop = io->loop();
    for (int i = 0; i < kRequests; ++i) {
      loop.post([&, i] {
        kafka::BatchBuilder builder;
        builder.append(system_clock().wall().time_since_epoch().count(), "k", "value");
        auto answered = [&](ProduceAnswer answer) {
          if (!loop.here()) wrong_thread.fetch_add(1);
          if (answer.error == kafka::ErrorCode::kNone) succeeded.fetch_add(1);
          answers.one();
        };
        auto now = partition->produce(Buffer::own(builder.finish()), -1, loop.now() + seconds(30),
                                      loop, answered);
        if (now.has_value()) answered(*std::move(now));
        FetchArgs args;
        args.offset = Offset{i};
        args.max_bytes = 1000;
        const FetchAnswer fetched = partition->fetch(args);
        if (fetched.error == kafka::ErrorCode::kNone && fetched.records.empty()) {
          partition->watch(args, waiter);
        }
        partition->list_offsets({});
      });
    }
  }
  // Meanwhile the same leader is elected anew, which fails what is parked (S21).
  for (int i = 2; i < 30; ++i) {
    metadata_thread.loop().post([&, i] {
      metadata::PartitionImage next = image;
      next.leader_epoch = LeaderEpoch{i};
      next.partition_epoch = PartitionEpoch{i};
      partition->update(next, BrokerEpoch{5}, epochs);
      partition->tick();
      partition->view();
    });
  }
  EXPECT_TRUE(answers.wait()) << answers.left() << " requests were never answered";
  EXPECT_EQ(wrong_thread.load(), 0);
  EXPECT_GT(succeeded.load(), 0);
  EXPECT_EQ(partition->view().log_end, Offset{2 * kRequests});

  first.stop();
  second.stop();
  metadata_thread.stop();
  disk_thread.stop();
  flusher.reset();
  partition.reset();
}

}  // namespace
}  // namespace barnabas::partition

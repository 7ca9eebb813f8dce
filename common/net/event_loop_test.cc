#include "common/net/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace barnabas {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool run(EventLoop& loop, absl::AnyInvocable<bool()> done) {
  return loop.run_until(std::move(done), loop.now() + seconds(10));
}

TEST(EventLoop, RunsTasksInTheOrderTheyWerePosted) {
  EventLoop loop;
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) loop.post([&ran, i] { ran.push_back(i); });
  loop.post([&] {
    loop.post([&] { ran.push_back(4); });
    ran.push_back(3);
  });
  ASSERT_TRUE(run(loop, [&] { return ran.size() == 5; }));
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(EventLoop, TasksOfOneThreadKeepTheirOrderWhileManyThreadsPost) {
  constexpr int kThreads = 4, kTasks = 2000;
  LoopThread loop("posting");
  std::vector<std::vector<int>> ran(kThreads);  // written on the loop only
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) loop.loop().post([&ran, t, i] { ran[t].push_back(i); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::promise<void> all_ran;
  loop.loop().post([&] { all_ran.set_value(); });
  all_ran.get_future().get();
  for (const auto& of_thread : ran) {
    ASSERT_EQ(of_thread.size(), static_cast<size_t>(kTasks));
    for (int i = 0; i < kTasks; ++i) ASSERT_EQ(of_thread[i], i);
  }
}

TEST(EventLoop, APostWakesASleepingLoopEveryTime) {
  LoopThread a("a"), b("b");
  std::promise<void> done;
  int left = 5000;
  std::function<void()> ping = [&] {
    b.loop().post([&] {
      a.loop().post([&] {
        if (--left == 0) return done.set_value();
        ping();
      });
    });
  };
  a.loop().post([&] { ping(); });
  ASSERT_EQ(done.get_future().wait_for(seconds(20)), std::future_status::ready);
}

TEST(EventLoop, TimersRunInTheOrderOfTheirTimesAndNeverEarly) {
  EventLoop loop;
  std::vector<int> ran;
  const Instant start = loop.now();
  loop.at(start + milliseconds(20), [&] { ran.push_back(20); });
  loop.at(start + milliseconds(5), [&] {
    EXPECT_GE(loop.now(), start + milliseconds(5));
    ran.push_back(5);
  });
  loop.at(start + milliseconds(10), [&] { ran.push_back(10); });
  ASSERT_TRUE(run(loop, [&] { return ran.size() == 3; }));
  EXPECT_EQ(ran, (std::vector<int>{5, 10, 20}));
  EXPECT_GE(loop.now(), start + milliseconds(20));
}

TEST(EventLoop, ACancelledTimerNeverRuns) {
  EventLoop loop;
  bool ran = false, end = false;
  const TimerId timer = loop.after(milliseconds(1), [&] { ran = true; });
  // Also when another timer of the same moment cancels it.
  TimerId second = 0;
  const Instant same = loop.now() + milliseconds(2);
  loop.at(same, [&] { loop.cancel(second); });
  second = loop.at(same, [&] { ran = true; });
  loop.cancel(timer);
  loop.cancel(timer);
  loop.cancel(0);
  loop.after(milliseconds(10), [&] { end = true; });
  ASSERT_TRUE(run(loop, [&] { return end; }));
  EXPECT_FALSE(ran);
}

TEST(EventLoop, ATimerSetForNowFromInsideATimerLeavesRoomForOtherWork) {
  EventLoop loop;
  int timers = 0;
  bool posted = false;
  std::function<void()> again = [&] {
    ++timers;
    loop.at(loop.now(), [&] { again(); });
  };
  again();
  loop.post([&] { posted = true; });
  ASSERT_TRUE(run(loop, [&] { return posted && timers > 10; }));
}

TEST(EventLoop, TimersSetAndCancelledOverAndOverDoNotPileUp) {
  EventLoop loop;
  auto payload = std::make_shared<int>(1);
  for (int i = 0; i < 100000; ++i) {
    const TimerId timer = loop.after(std::chrono::hours(1), [payload] {});
    loop.cancel(timer);
  }
  EXPECT_EQ(payload.use_count(), 1);
}

TEST(EventLoop, DropsWhatIsPostedAfterItStopped) {
  auto payload = std::make_shared<int>(1);
  EventLoop loop;
  bool ran = false;
  loop.stop();
  loop.post([payload, &ran] { ran = true; });
  loop.run();
  loop.post([payload, &ran] { ran = true; });
  EXPECT_FALSE(ran);
  EXPECT_EQ(payload.use_count(), 1);
}

TEST(EventLoop, KnowsItsOwnThread) {
  LoopThread thread("here");
  EXPECT_FALSE(thread.loop().here());
  std::promise<bool> here;
  thread.loop().post([&] { here.set_value(thread.loop().here()); });
  EXPECT_TRUE(here.get_future().get());
}

TEST(EventLoop, AnIdleLoopSleeps) {
  EventLoop loop;
  bool end = false;
  loop.after(milliseconds(200), [&] { end = true; });
  rusage before, after;
  ::getrusage(RUSAGE_THREAD, &before);
  ASSERT_TRUE(run(loop, [&] { return end; }));
  ::getrusage(RUSAGE_THREAD, &after);
  EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 5);  // the timer, and no tick
}

class Counting final : public EventLoop::Watcher {
 public:
  explicit Counting(std::function<void(uint32_t)> heard) : heard_(std::move(heard)) {}
  void ready(uint32_t events) override { heard_(events); }

 private:
  const std::function<void(uint32_t)> heard_;
};

TEST(EventLoop, AWatcherUnwatchedByAnotherOneInTheSameTurnHearsNothing) {
  EventLoop loop;
  int pairs[2][2];
  EventLoop::Watch* watches[2] = {};
  int heard = 0;
  const auto drop_the_other = [&](int other) {
    return [&, other](uint32_t events) {
      if ((events & EPOLLIN) == 0) return;
      ++heard;
      if (watches[other] != nullptr) loop.unwatch(std::exchange(watches[other], nullptr));
    };
  };
  Counting first(drop_the_other(1)), second(drop_the_other(0));
  Counting* watchers[2] = {&first, &second};
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]), 0);
    ASSERT_EQ(::write(pairs[i][1], "x", 1), 1);
    watches[i] = loop.watch(pairs[i][0], *watchers[i]);
  }
  bool end = false;
  loop.after(milliseconds(5), [&] { end = true; });
  ASSERT_TRUE(run(loop, [&] { return end; }));
  EXPECT_EQ(heard, 1);
  for (int i = 0; i < 2; ++i) {
    if (watches[i] != nullptr) loop.unwatch(watches[i]);
    ::close(pairs[i][0]);
    ::close(pairs[i][1]);
  }
}

}  // namespace
}  // namespace barnabas

// One thread's loop of tasks, timers and file descriptors, on epoll. The daemons' Executor.
//
// What it promises: tasks of one thread run in the order they were posted; a burst of posts costs
// at most one wake-up, and none at all while the loop is awake; an idle loop sleeps in the kernel
// with no tick; descriptors are watched edge-triggered, so that no system call is made to change
// interest. Why that is safe: the queue is the only state that other threads touch, under one
// mutex, and the loop looks into it once more, under the same mutex, before it goes to sleep.

#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/executor.h"
#include "common/mutex.h"

namespace barnabas {

class EventLoop final : public Executor {
 public:
  // Hears of readiness, on the loop's thread. `events` are epoll's bits.
  class Watcher {
   public:
    virtual void ready(uint32_t events) = 0;

   protected:
    ~Watcher() = default;
  };
  struct Watch;  // one registered descriptor

  EventLoop();
  // Tasks and timers that have not run are destroyed unrun. The loop must not be running.
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs on the calling thread until stop(). What is left in the queue is then destroyed unrun,
  // and everything posted later is dropped.
  void run();
  // Runs on the calling thread until `done` holds or the time has come; true if `done` holds.
  // For tests and for tools with one thread; may be called again and again.
  bool run_until(absl::AnyInvocable<bool()> done, Instant deadline);
  void stop();  // thread-safe

  void post(Task task) override;
  TimerId at(Instant when, Task task) override;
  void cancel(TimerId timer) override;
  const Clock& clock() const override { return system_clock(); }
  bool here() const override;

  // Watches `fd` for everything (in, out, hang-up), edge-triggered: after an event, read or write
  // until the kernel says "again" or delivers less than asked. On the loop's own thread, or while
  // it does not run. Does not own `fd`; unwatch before closing it. After unwatch() returns the
  // watcher hears nothing more, also when called from inside ready() of another one.
  Watch* watch(int fd, Watcher& watcher);
  void unwatch(Watch* watch);

  // 64 KiB that any reader on this loop may use until it returns to the loop.
  static constexpr size_t kScratchBytes = 64 * 1024;
  char* scratch();

  // The time at which the loop last woke up: good enough for idle clocks, and free.
  Instant woke_at() const { return woke_at_; }

 private:
  struct Timer {
    Instant when;
    TimerId id;
  };
  static bool later(const Timer& a, const Timer& b) {
    return a.when != b.when ? a.when > b.when : a.id > b.id;
  }

  // One turn: takes what was posted, sleeps for at most `limit` if there is nothing to do, then
  // runs descriptors, timers that are due, and tasks.
  void turn(Instant limit);
  void sleep_and_dispatch(bool wait, Instant limit);
  void run_due_timers();
  void drop_cancelled_timers();
  void discard_everything();
  void wake();

  int epoll_ = -1;
  int wake_ = -1;  // eventfd
  Instant woke_at_;
  std::unique_ptr<char[]> scratch_;

  Mutex mutex_;
  std::vector<Task> posted_ GUARDED_BY(mutex_);
  bool asleep_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;

  // Only touched on the loop's thread.
  std::vector<Task> local_;    // posted by the loop to itself
  std::vector<Task> running_;  // the batch being run
  std::vector<Timer> timers_;  // a heap, earliest first; cancelled ones linger until they surface
  absl::flat_hash_map<TimerId, Task> timer_tasks_;
  TimerId last_timer_ = 0;
  absl::flat_hash_map<Watch*, std::unique_ptr<Watch>> watches_;
  std::vector<std::unique_ptr<Watch>> unwatched_;  // freed when no event can name them any more
};

// An EventLoop on a thread of its own, which ends with this object.
class LoopThread {
 public:
  // `name` is shown by ps and gdb; the kernel keeps its first 15 characters.
  explicit LoopThread(const std::string& name);
  ~LoopThread() { stop(); }
  EventLoop& loop() { return loop_; }
  void stop();  // joins; idempotent

 private:
  EventLoop loop_;
  std::thread thread_;
};

}  // namespace barnabas

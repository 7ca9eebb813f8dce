#include "common/net/event_loop.h"

#include <errno.h>
#include <glog/logging.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace barnabas {

struct EventLoop::Watch {
  int fd;
  Watcher* watcher;  // null once unwatched
};

namespace {

thread_local const EventLoop* current_loop = nullptr;

// Restores what ran on this thread before: a test may run one loop inside a task of another.
class CurrentLoop {
 public:
  explicit CurrentLoop(const EventLoop* loop) : before_(current_loop) { current_loop = loop; }
  ~CurrentLoop() { current_loop = before_; }

 private:
  const EventLoop* const before_;
};

constexpr Instant kNever = Instant::max();

// Sleeps for at most `timeout` (negative: without limit). Kernels before 5.11 know milliseconds
// only; there the time is rounded up, so that a timer is never early and never spun for.
int wait_for_events(int epoll, epoll_event* events, int count, Duration timeout) {
  static bool precise = true;
  if (precise) {
    const int64_t us = std::max<int64_t>(timeout.count(), 0);
    const timespec spec{us / 1000000, (us % 1000000) * 1000};
    const int n =
        ::epoll_pwait2(epoll, events, count, timeout.count() < 0 ? nullptr : &spec, nullptr);
    if (n >= 0 || (errno != ENOSYS && errno != EPERM)) return n;
    precise = false;
  }
  int ms = -1;
  if (timeout.count() >= 0) {
    ms = static_cast<int>(std::min<int64_t>((timeout.count() + 999) / 1000, 3600 * 1000));
  }
  return ::epoll_wait(epoll, events, count, ms);
}

}  // namespace

EventLoop::EventLoop() : woke_at_(system_clock().now()) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  PCHECK(epoll_ >= 0) << "cannot create an epoll descriptor";
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  PCHECK(wake_ >= 0) << "cannot create an eventfd";
  // Edge-triggered: each write is one event, and nobody has to read the counter back.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  PCHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0);
}

EventLoop::~EventLoop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  discard_everything();
  ::close(wake_);
  ::close(epoll_);
}

bool EventLoop::here() const { return current_loop == this; }

char* EventLoop::scratch() {
  if (scratch_ == nullptr) scratch_.reset(new char[kScratchBytes]);
  return scratch_.get();
}

void EventLoop::wake() {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the loop has been woken.
  [[maybe_unused]] const ssize_t n = ::write(wake_, &one, sizeof one);
}

void EventLoop::post(Task task) {
  if (here()) {
    local_.push_back(std::move(task));
    return;
  }
  bool wake_it = false;
  {
    MutexLock lock(mutex_);
    if (stopped_) return;  // the task dies here, unrun
    posted_.push_back(std::move(task));
    wake_it = asleep_;
    asleep_ = false;
  }
  if (wake_it) wake();
}

void EventLoop::stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  asleep_ = false;
  wake();
}

void EventLoop::run() {
  CurrentLoop here(this);
  for (;;) {
    {
      MutexLock lock(mutex_);
      if (stopped_) break;
    }
    turn(kNever);
  }
  discard_everything();
}

bool EventLoop::run_until(absl::AnyInvocable<bool()> done, Instant deadline) {
  CurrentLoop here(this);
  while (!done()) {
    if (now() >= deadline) return false;
    {
      MutexLock lock(mutex_);
      if (stopped_) return false;
    }
    turn(deadline);
  }
  return true;
}

// Destroying a task may destroy what posts or cancels again, so the queues are emptied by swap,
// until they stay empty.
void EventLoop::discard_everything() {
  for (;;) {
    std::vector<Task> tasks;
    {
      MutexLock lock(mutex_);
      tasks.swap(posted_);
    }
    std::vector<Task> local, running;
    local.swap(local_);
    running.swap(running_);
    auto timers = std::move(timer_tasks_);
    timer_tasks_.clear();
    timers_.clear();
    if (tasks.empty() && local.empty() && running.empty() && timers.empty()) break;
  }
  unwatched_.clear();
}

void EventLoop::turn(Instant limit) {
  running_.clear();
  {
    MutexLock lock(mutex_);
    running_.swap(posted_);
    asleep_ = running_.empty() && local_.empty() && !stopped_;
  }
  if (running_.empty()) {
    running_.swap(local_);
  } else if (!local_.empty()) {
    std::move(local_.begin(), local_.end(), std::back_inserter(running_));
    local_.clear();
  }
  sleep_and_dispatch(/*wait=*/running_.empty(), limit);
  run_due_timers();
  // By index: a task that runs a nested loop may not see these, but may post.
  std::vector<Task> batch;
  batch.swap(running_);
  for (Task& task : batch) {
    std::move(task)();
    task = nullptr;
  }
  batch.clear();
  if (running_.empty()) running_.swap(batch);  // keeps the capacity
}

void EventLoop::sleep_and_dispatch(bool wait, Instant limit) {
  Duration timeout(0);
  if (wait) {
    drop_cancelled_timers();
    const Instant until = timers_.empty() ? limit : std::min(limit, timers_.front().when);
    timeout = until == kNever ? Duration(-1) : std::max(Duration(0), until - now());
  }
  constexpr int kEvents = 256;
  epoll_event events[kEvents];
  const int count = wait_for_events(epoll_, events, kEvents, timeout);
  PCHECK(count >= 0 || errno == EINTR) << "epoll_wait failed";
  if (wait) {
    MutexLock lock(mutex_);
    asleep_ = false;
  }
  woke_at_ = now();
  for (int i = 0; i < count; ++i) {
    auto* watch = static_cast<Watch*>(events[i].data.ptr);
    if (watch != nullptr && watch->watcher != nullptr) watch->watcher->ready(events[i].events);
  }
  unwatched_.clear();
}

EventLoop::Watch* EventLoop::watch(int fd, Watcher& watcher) {
  auto watch = std::make_unique<Watch>(Watch{fd, &watcher});
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = watch.get();
  PCHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0) << "cannot watch descriptor " << fd;
  Watch* const raw = watch.get();
  watches_.emplace(raw, std::move(watch));
  return raw;
}

void EventLoop::unwatch(Watch* watch) {
  PCHECK(::epoll_ctl(epoll_, EPOLL_CTL_DEL, watch->fd, nullptr) == 0);
  watch->watcher = nullptr;
  const auto found = watches_.find(watch);
  unwatched_.push_back(std::move(found->second));
  watches_.erase(found);
}

TimerId EventLoop::at(Instant when, Task task) {
  const TimerId id = ++last_timer_;
  timer_tasks_.emplace(id, std::move(task));
  timers_.push_back({when, id});
  std::push_heap(timers_.begin(), timers_.end(), later);
  return id;
}

void EventLoop::cancel(TimerId timer) {
  const auto found = timer_tasks_.find(timer);
  if (found == timer_tasks_.end()) return;
  const Task dies_last = std::move(found->second);
  timer_tasks_.erase(found);
  // Timers that are set and cancelled over and over must not pile up until their time comes.
  if (timers_.size() > 64 && timers_.size() > 2 * timer_tasks_.size()) {
    std::erase_if(timers_, [&](const Timer& t) { return !timer_tasks_.contains(t.id); });
    std::make_heap(timers_.begin(), timers_.end(), later);
  }
}

void EventLoop::drop_cancelled_timers() {
  while (!timers_.empty() && !timer_tasks_.contains(timers_.front().id)) {
    std::pop_heap(timers_.begin(), timers_.end(), later);
    timers_.pop_back();
  }
}

void EventLoop::run_due_timers() {
  if (timers_.empty()) return;
  const Instant due = now();
  const TimerId newest = last_timer_;  // one set from inside a timer waits for the next turn
  std::vector<Timer> not_yet;
  while (!timers_.empty() && timers_.front().when <= due) {
    const Timer timer = timers_.front();
    std::pop_heap(timers_.begin(), timers_.end(), later);
    timers_.pop_back();
    if (timer.id > newest) {
      not_yet.push_back(timer);
      continue;
    }
    const auto found = timer_tasks_.find(timer.id);
    if (found == timer_tasks_.end()) continue;
    Task task = std::move(found->second);
    timer_tasks_.erase(found);
    std::move(task)();
  }
  for (const Timer& timer : not_yet) {
    timers_.push_back(timer);
    std::push_heap(timers_.begin(), timers_.end(), later);
  }
}

LoopThread::LoopThread(const std::string& name) {
  thread_ = std::thread([this, name] {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    loop_.run();
  });
}

void LoopThread::stop() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace barnabas

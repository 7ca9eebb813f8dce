// Those who wait until the image has reached an index. On the session's loop only.

#pragma once

#include <map>
#include <utility>

#include "common/executor.h"
#include "common/ids.h"

namespace barnabas::broker {

class AppliedWaiters {
 public:
  explicit AppliedWaiters(Executor& loop) : loop_(loop) {}
  ~AppliedWaiters() {
    for (auto& [key, waiter] : waiters_) loop_.cancel(waiter.timer);
  }

  void add(LogIndex applied, LogIndex index, Duration deadline, Task then) {
    if (index <= applied) return then();
    const std::pair<LogIndex, uint64_t> key{index, ++last_};
    Waiter& waiter = waiters_[key];
    waiter.then = std::move(then);
    waiter.timer = loop_.after(deadline, [this, key] { run(waiters_.find(key)); });
  }

  void applied(LogIndex index) {
    while (!waiters_.empty() && waiters_.begin()->first.first <= index) run(waiters_.begin());
  }

 private:
  struct Waiter {
    Task then;
    TimerId timer = 0;
  };
  using Waiters = std::map<std::pair<LogIndex, uint64_t>, Waiter>;

  void run(Waiters::iterator at) {
    if (at == waiters_.end()) return;
    Waiter waiter = std::move(at->second);
    waiters_.erase(at);
    loop_.cancel(waiter.timer);
    waiter.then();
  }

  Executor& loop_;
  Waiters waiters_;
  uint64_t last_ = 0;
};

}  // namespace barnabas::broker

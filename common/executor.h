// The executor seam: a single-threaded loop of tasks and timers, and the only door between
// threads. The daemons bring event loops (common/net/event_loop.h); the simulator brings one
// executor per node on one virtual clock (common/sim/).

#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>

#include "common/clock.h"

namespace barnabas {

using Task = absl::AnyInvocable<void()>;
using TimerId = uint64_t;  // 0 is never given out: "no timer"

class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `task` on this loop, after everything posted to it earlier by the same thread. Never
  // runs it from inside post(). Thread-safe. After the loop has stopped, tasks are dropped unrun.
  virtual void post(Task task) = 0;

  // Runs `task` once at or after `when`. To be called on this loop's own thread only (or before
  // the loop runs); so is cancel(). A cancelled task never runs; cancelling one that has run, or
  // 0, does nothing.
  virtual TimerId at(Instant when, Task task) = 0;
  virtual void cancel(TimerId timer) = 0;

  virtual const Clock& clock() const = 0;
  // True on this loop's own thread.
  virtual bool here() const = 0;

  Instant now() const { return clock().now(); }
  TimerId after(Duration delay, Task task) { return at(now() + delay, std::move(task)); }
};

}  // namespace barnabas

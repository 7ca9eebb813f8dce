#include "common/sim/sim_executor.h"

#include <utility>

#include "common/sim/simulation.h"

namespace barnabas {
namespace {

// 2026-01-01: record timestamps look like such.
constexpr std::chrono::milliseconds kWallStart(1767225600000);
// A timer beyond this never comes; the limit keeps Instant::max() from overflowing.
constexpr Duration kForEver = std::chrono::hours(24 * 365 * 100);

}  // namespace

SimExecutor::LocalClock::LocalClock(const Simulation& simulation, ClockError error)
    : simulation_(simulation), error_(error) {}

Instant SimExecutor::LocalClock::local(Instant true_time) const {
  const int64_t us = true_time.time_since_epoch().count();
  return true_time + error_.offset +
         Duration(us / 1000000 * error_.drift_ppm + us % 1000000 * error_.drift_ppm / 1000000);
}

Instant SimExecutor::LocalClock::now() const { return local(simulation_.now()); }

WallTime SimExecutor::LocalClock::wall() const {
  const Duration since = now().time_since_epoch() + wall_step_;
  return WallTime(kWallStart + std::chrono::duration_cast<std::chrono::milliseconds>(since));
}

Instant SimExecutor::LocalClock::true_time(Instant wanted) const {
  const double rate = 1.0 + error_.drift_ppm / 1e6;
  Instant guess = simulation_.now();
  if (wanted <= local(guess)) return guess;
  if (wanted - guess > kForEver) return guess + kForEver;
  const int64_t ahead = (wanted - local(guess)).count();
  guess += Duration(static_cast<int64_t>(static_cast<double>(ahead) / rate));
  while (local(guess) < wanted) guess += Duration(1);
  return guess;
}

SimExecutor::SimExecutor(Simulation& simulation, std::string name, ClockError error)
    : simulation_(simulation), name_(std::move(name)), clock_(simulation_, error) {}

SimExecutor::~SimExecutor() { kill(); }

bool SimExecutor::here() const { return simulation_.running_ == this; }

void SimExecutor::run(Task task) {
  simulation_.ran_ = this;
  const SimExecutor* const before = std::exchange(simulation_.running_, this);
  std::move(task)();
  simulation_.running_ = before;
}

void SimExecutor::post(Task task) {
  if (!alive_) return;
  posted_.push_back(std::move(task));
  schedule_turn();
}

// One event per task: other nodes' events of the same instant may come between two of them.
void SimExecutor::schedule_turn() {
  if (turn_scheduled_ || paused_ || posted_.empty()) return;
  turn_scheduled_ = true;
  simulation_.at(simulation_.now(), [this] { turn(); });
}

void SimExecutor::turn() {
  turn_scheduled_ = false;
  if (!alive_ || paused_ || posted_.empty()) return;
  Task task = std::move(posted_.front());
  posted_.pop_front();
  run(std::move(task));
  schedule_turn();
}

TimerId SimExecutor::at(Instant when, Task task) {
  const TimerId id = ++last_timer_;
  if (!alive_) return id;
  const EventId event = simulation_.at(clock_.true_time(when), [this, id] { fire(id); });
  timers_.emplace(id, Timer{event, std::move(task)});
  return id;
}

void SimExecutor::fire(TimerId timer) {
  if (paused_) {
    late_.push_back(timer);
    return;
  }
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  Task task = std::move(found->second.task);
  timers_.erase(found);
  run(std::move(task));
}

void SimExecutor::cancel(TimerId timer) {
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  simulation_.cancel(found->second.event);
  const Task dies_last = std::move(found->second.task);
  timers_.erase(found);
}

void SimExecutor::set_paused(bool paused) {
  if (!alive_ || paused_ == paused) return;
  paused_ = paused;
  if (paused) return;
  for (const TimerId timer : std::exchange(late_, {})) {
    simulation_.at(simulation_.now(), [this, timer] {
      if (alive_) fire(timer);
    });
  }
  schedule_turn();
}

void SimExecutor::kill() {
  alive_ = false;
  // What dies with the tasks may post, set and cancel; none of it is heard any more.
  while (!posted_.empty() || !timers_.empty()) {
    const std::deque<Task> posted = std::exchange(posted_, {});
    std::map<TimerId, Timer> timers = std::exchange(timers_, {});
    for (const auto& [id, timer] : timers) simulation_.cancel(timer.event);
  }
}

}  // namespace barnabas

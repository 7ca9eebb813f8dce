// The Executor (and Clock) of one simulated process. It ends with kill() for good.

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "common/executor.h"

namespace barnabas {

class Simulation;

// How a node's clock differs from the simulation's time.
struct ClockError {
  Duration offset{0};     // of both clocks
  int32_t drift_ppm = 0;  // microseconds gained per second; more than -1,000,000
};

class SimExecutor final : public Executor {
 public:
  SimExecutor(Simulation& simulation, std::string name, ClockError error);
  ~SimExecutor() override;

  const std::string& name() const { return name_; }
  Simulation& simulation() const { return simulation_; }
  bool alive() const { return alive_; }
  bool paused() const { return paused_; }

  void post(Task task) override;
  TimerId at(Instant when, Task task) override;
  void cancel(TimerId timer) override;
  const Clock& clock() const override { return clock_; }
  bool here() const override;
  // Somebody sets the machine's clock: the wall clock jumps, the other one goes on as it did.
  void step_wall(Duration by) { clock_.step_wall(by); }

 private:
  friend class Simulation;
  using EventId = std::tuple<Instant, uint64_t, uint64_t>;
  class LocalClock final : public Clock {
   public:
    LocalClock(const Simulation& simulation, ClockError error);
    Instant now() const override;
    WallTime wall() const override;
    // The first moment of the simulation at which now() shows `local` or later.
    Instant true_time(Instant local) const;
    void step_wall(Duration by) { wall_step_ += by; }

   private:
    Instant local(Instant true_time) const;
    const Simulation& simulation_;
    const ClockError error_;
    Duration wall_step_{0};
  };
  struct Timer {
    EventId event;
    Task task;
  };

  void kill();
  void set_paused(bool paused);
  void schedule_turn();
  void turn();
  void fire(TimerId timer);
  void run(Task task);

  Simulation& simulation_;
  const std::string name_;
  LocalClock clock_;
  bool alive_ = true;
  bool paused_ = false;
  bool turn_scheduled_ = false;
  std::deque<Task> posted_;
  std::map<TimerId, Timer> timers_;
  std::deque<TimerId> late_;  // came due while paused
  TimerId last_timer_ = 0;
};

}  // namespace barnabas

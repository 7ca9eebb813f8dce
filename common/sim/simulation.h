// One thread, one virtual clock, one queue of events: whole clusters run in it from a seed.
//
// Events of the same instant run in an order drawn from the seed; the tasks of one node keep the
// order in which they were posted. Nothing depends on addresses, hash orders or real time, so that
// a seed always gives the same run: fingerprint() is the proof.
//
// Nodes have names. A node's process is a SimExecutor; killing it and starting it again gives a
// new one, and whatever the old one had in mind is dropped. Code that is tested sees only the
// Executor and the Clock of its node.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "common/executor.h"
#include "common/random.h"
#include "common/sim/sim_executor.h"

namespace barnabas {

class Simulation {
 public:
  explicit Simulation(uint64_t seed);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  uint64_t seed() const { return seed_; }
  Instant now() const { return now_; }
  // The stream that orders events; draw faults from a fork of it, or they shift each other.
  Random& random() { return *random_; }

  // An event of the world: not bound to a node, and not stopped by anything but cancel().
  using EventId = std::tuple<Instant, uint64_t, uint64_t>;  // time, drawn order, number
  EventId at(Instant when, Task task);
  EventId after(Duration delay, Task task) { return at(now_ + delay, std::move(task)); }
  void cancel(const EventId& event) { events_.erase(event); }

  // A process of the node `name`. There must be none alive.
  SimExecutor& start_node(const std::string& name, ClockError error = {});
  // The living or, failing that, the last process of `name`; null if there never was one.
  SimExecutor* node(const std::string& name);

  enum class Death {
    kProcess,  // SIGKILL: the kernel lives and tells the peers
    kPower,    // the machine is gone: silence, until the node is started again
  };
  // Objects of the killed process must be destroyed by the caller (they get no more events).
  void kill(const std::string& name, Death death = Death::kProcess);
  // SIGSTOP and SIGCONT: tasks and timers wait, and run late.
  void pause(const std::string& name);
  void resume(const std::string& name);

  // What else has to know of it (the network).
  class NodeObserver {
   public:
    virtual void node_started(const std::string& name) = 0;
    virtual void node_killed(const std::string& name, Death death) = 0;

   protected:
    ~NodeObserver() = default;
  };
  void observe(NodeObserver* observer) { observers_.push_back(observer); }
  void forget(NodeObserver* observer) { std::erase(observers_, observer); }

  // Runs the next event; false when there is none.
  bool step();
  // Runs everything up to and at `when`; the clock then shows `when`.
  void run_until(Instant when);
  void run_for(Duration time) { run_until(now_ + time); }
  // Runs until `done` holds, looking after each event; false when `deadline` comes first.
  bool run_until(absl::AnyInvocable<bool()> done, Instant deadline);

  uint64_t events_run() const { return events_run_; }
  // The process that the last event belonged to, for those who look after each one; null: none.
  const SimExecutor* ran() const { return ran_; }
  // A hash over the times and numbers of all events run so far.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  friend class SimExecutor;

  const uint64_t seed_;
  const std::unique_ptr<Random> random_;
  Instant now_;
  std::map<EventId, Task> events_;
  uint64_t last_number_ = 0;
  uint64_t events_run_ = 0;
  uint64_t events_at_this_instant_ = 0;
  uint64_t fingerprint_ = 0xcbf29ce484222325ULL;
  std::vector<NodeObserver*> observers_;
  // All processes that ever were: others may still hold references. The last one of a name counts.
  std::map<std::string, std::vector<std::unique_ptr<SimExecutor>>> nodes_;
  const SimExecutor* running_ = nullptr;
  const SimExecutor* ran_ = nullptr;
};

}  // namespace barnabas

#include "common/sim/simulation.h"

#include <glog/logging.h>

#include <utility>

namespace barnabas {
namespace {

// Far above what any cluster does in one microsecond: whoever gets here posts to itself for ever.
constexpr uint64_t kMaxEventsPerInstant = 10'000'000;
// Not zero, so that clocks can be set back.
constexpr Instant kStart{Duration(1'000'000'000)};

}  // namespace

Simulation::Simulation(uint64_t seed)
    : seed_(seed), random_(seeded_random(seed)->fork("schedule")), now_(kStart) {}

Simulation::~Simulation() {
  // Tasks may own links and the like, which speak to executors: those live until the end.
  for (auto& [name, processes] : nodes_) {
    for (auto& process : processes) process->kill();
  }
  while (!events_.empty()) const auto dying = std::exchange(events_, {});
}

Simulation::EventId Simulation::at(Instant when, Task task) {
  const EventId id{std::max(when, now_), random_->next(), ++last_number_};
  events_.emplace(id, std::move(task));
  return id;
}

SimExecutor& Simulation::start_node(const std::string& name, ClockError error) {
  auto& processes = nodes_[name];
  CHECK(processes.empty() || !processes.back()->alive()) << name << " is alive";
  processes.push_back(std::make_unique<SimExecutor>(*this, name, error));
  for (NodeObserver* observer : observers_) observer->node_started(name);
  return *processes.back();
}

SimExecutor* Simulation::node(const std::string& name) {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : found->second.back().get();
}

void Simulation::kill(const std::string& name, Death death) {
  SimExecutor* const process = node(name);
  if (process == nullptr || !process->alive()) return;
  process->kill();
  for (NodeObserver* observer : observers_) observer->node_killed(name, death);
}

void Simulation::pause(const std::string& name) {
  if (SimExecutor* const process = node(name)) process->set_paused(true);
}

void Simulation::resume(const std::string& name) {
  if (SimExecutor* const process = node(name)) process->set_paused(false);
}

bool Simulation::step() {
  if (events_.empty()) return false;
  auto first = events_.extract(events_.begin());
  const Instant when = std::get<0>(first.key());
  events_at_this_instant_ = when == now_ ? events_at_this_instant_ + 1 : 0;
  CHECK_LT(events_at_this_instant_, kMaxEventsPerInstant)
      << "seed " << seed_ << ": time stands still, something posts to itself for ever";
  now_ = when;
  ++events_run_;
  ran_ = nullptr;
  for (const uint64_t word :
       {static_cast<uint64_t>(when.time_since_epoch().count()), std::get<2>(first.key())}) {
    fingerprint_ = (fingerprint_ ^ word) * 0x100000001b3ULL;
  }
  std::move(first.mapped())();
  return true;
}

void Simulation::run_until(Instant when) {
  while (!events_.empty() && std::get<0>(events_.begin()->first) <= when) step();
  now_ = std::max(now_, when);
}

bool Simulation::run_until(absl::AnyInvocable<bool()> done, Instant deadline) {
  while (!done()) {
    if (events_.empty() || std::get<0>(events_.begin()->first) > deadline) {
      now_ = std::max(now_, deadline);
      return done();
    }
    step();
  }
  return true;
}

}  // namespace barnabas

#include "tests/simulation/cluster.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <glog/logging.h>

#include <utility>

namespace barnabas::simulation {
namespace {

constexpr size_t kHistory = 200;
constexpr char kListener[] = "PLAINTEXT";

int number(const std::string& name) { return std::stoi(name.substr(1)); }

}  // namespace

Cluster::Cluster(uint64_t seed, ClusterOptions options)
    : options_(std::move(options)),
      simulation_(seed),
      network_(simulation_, options_.network),
      random_(seeded_random(seed)->fork("cluster")),
      crashes_(random_->fork("crashes")) {
  const int controllers = options_.controllers + options_.spare_controllers;
  for (int i = 1; i <= controllers; ++i) names_.push_back(controller_name(i));
  for (int i = 1; i <= options_.brokers; ++i) names_.push_back(broker_name(i));
  for (const std::string& name : names_) {
    Machine& machine = machines_[name];
    machine.disk = new_disk();
    if (!is_broker(name)) machine.store = std::make_unique<CrashingStore>();
    network_.assign(endpoint(name), name);
  }
}

Cluster::~Cluster() {
  for (const std::string& name : names_) {
    if (machine(name).alive()) end_process(name, Simulation::Death::kProcess);
  }
}

std::unique_ptr<storage::MemoryDisk> Cluster::new_disk() const {
  auto disk = std::make_unique<storage::MemoryDisk>();
  disk->set_sync_latency(options_.sync_latency);
  return disk;
}

Endpoint Cluster::endpoint(const std::string& name) const {
  return is_broker(name) ? Endpoint{absl::StrCat("10.0.1.", number(name)), 9092}
                         : Endpoint{absl::StrCat("10.0.0.", number(name)), 9090};
}

std::vector<std::string> Cluster::controller_names() const {
  return {names_.begin(), names_.end() - options_.brokers};
}

std::vector<std::string> Cluster::broker_names() const {
  return {names_.end() - options_.brokers, names_.end()};
}

std::vector<Endpoint> Cluster::bootstrap() const {
  std::vector<Endpoint> out;
  for (const std::string& name : broker_names()) out.push_back(endpoint(name));
  return out;
}

broker::BrokerConfig Cluster::broker_config(const std::string& name) const {
  broker::BrokerConfig config = options_.broker;
  config.node = BrokerId(number(name));
  config.directory = "/broker";
  config.listeners = {{kListener, kListener, endpoint(name)}};
  config.inter_broker_listener = kListener;
  config.controllers.clear();
  // Those that vote only later, too: who changes the voters keeps the brokers' files in step, or a
  // broker that starts later finds nobody that it knows.
  for (const std::string& controller : controller_names()) {
    config.controllers.push_back(endpoint(controller));
  }
  return config;
}

ClockError Cluster::clock_error(const std::string& name, int start) {
  ClockError error;
  const auto random = random_->fork(absl::StrCat(name, "#", start, " clock"));
  const auto within = [&](int64_t most) {
    return most == 0
               ? 0
               : static_cast<int64_t>(random->below(static_cast<uint64_t>(2 * most + 1))) - most;
  };
  error.drift_ppm = static_cast<int32_t>(within(options_.clock_drift_ppm));
  error.offset = Duration(within(options_.clock_offset.count()));
  return error;
}

void Cluster::start(const std::string& name) {
  Machine& machine = this->machine(name);
  CHECK(!machine.alive()) << name << " runs";
  const int start = ++machine.starts;
  machine.paused = false;
  note(absl::StrCat("start ", name));
  SimExecutor& loop = simulation_.start_node(name, clock_error(name, start));
  auto random = random_->fork(absl::StrCat(name, "#", start));
  auto over = [this, name, start](absl::Status why) {
    // Not from inside the process, which is in the middle of something.
    simulation_.after(Duration(0), [this, name, start, why] { exited(name, start, why); });
  };
  absl::Status failed;
  if (is_broker(name)) {
    auto process = BrokerProcess::start(broker_config(name), network_, loop, *machine.disk,
                                        std::move(random), std::move(over));
    if (process.ok()) {
      machine.broker = *std::move(process);
    } else {
      failed = process.status();
    }
  } else {
    ControllerProcess::Settings settings;
    settings.id = ControllerId(number(name));
    settings.quorum.emplace(settings.id, endpoint(name));
    for (int i = 1; i <= options_.controllers; ++i) {
      settings.quorum.emplace(ControllerId(i), endpoint(controller_name(i)));
    }
    settings.brokers = options_.liveness;
    settings.broker_defaults = options_.broker_defaults;
    settings.snapshot_after_bytes = options_.snapshot_after_bytes;
    auto process = ControllerProcess::start(std::move(settings), network_, loop, *machine.disk,
                                            *machine.store, std::move(random), std::move(over));
    if (process.ok()) {
      machine.controller = *std::move(process);
    } else {
      failed = process.status();
    }
  }
  if (failed.ok()) return;
  note(absl::StrCat(name, " did not start: ", failed.ToString()));
  exits_.push_back({name, failed});
  end_process(name, Simulation::Death::kProcess);
}

void Cluster::start_all() {
  for (const std::string& name : names_) {
    if (!running(name)) start(name);
  }
}

void Cluster::end_process(const std::string& name, Simulation::Death death) {
  Machine& machine = this->machine(name);
  // The executor first, so that nothing that is destroyed here is heard of by anybody.
  simulation_.kill(name, death);
  machine.broker.reset();
  machine.controller.reset();
  machine.paused = false;
  if (death == Simulation::Death::kPower) {
    machine.disk->crash(*crashes_);
    if (machine.store != nullptr) machine.store->crash(*crashes_);
  } else {
    machine.disk->kill();
  }
}

void Cluster::exited(const std::string& name, int start, absl::Status why) {
  if (!running(name) || starts(name) != start) return;
  note(absl::StrCat(name, " exited: ", why.ToString()));
  if (!why.ok()) exits_.push_back({name, why});
  end_process(name, Simulation::Death::kProcess);
}

void Cluster::kill(const std::string& name) {
  if (!running(name)) return;
  note(absl::StrCat("kill ", name));
  end_process(name, Simulation::Death::kProcess);
}

void Cluster::cut_power(const std::string& name) {
  if (!running(name)) return;
  note(absl::StrCat("power cut ", name));
  end_process(name, Simulation::Death::kPower);
}

void Cluster::stop(const std::string& name) {
  if (!running(name)) return;
  note(absl::StrCat("stop ", name));
  if (!is_broker(name)) return end_process(name, Simulation::Death::kProcess);
  simulation_.node(name)->post([broker = broker(name)] { broker->stop(); });
}

void Cluster::pause(const std::string& name) {
  if (!running(name)) return;
  note(absl::StrCat("pause ", name));
  machine(name).paused = true;
  simulation_.pause(name);
}

void Cluster::resume(const std::string& name) {
  if (!running(name) || !paused(name)) return;
  note(absl::StrCat("resume ", name));
  machine(name).paused = false;
  simulation_.resume(name);
}

void Cluster::wipe(const std::string& name) {
  CHECK(!running(name)) << name << " runs";
  note(absl::StrCat("wipe ", name));
  machine(name).disk = new_disk();
  if (!is_broker(name)) machine(name).store = std::make_unique<CrashingStore>();
}

std::vector<std::string> Cluster::log_files(const std::string& name) {
  std::vector<std::string> out;
  storage::MemoryDisk& disk = this->disk(name);
  for (const std::string& partition : disk.list("/broker").value_or(std::vector<std::string>())) {
    const std::string directory = absl::StrCat("/broker/", partition);
    const auto files = disk.list(directory);
    if (!files.ok()) continue;
    for (const std::string& file : *files) {
      if (absl::EndsWith(file, ".log")) out.push_back(absl::StrCat(directory, "/", file));
    }
  }
  return out;
}

broker::Broker* Cluster::broker(const std::string& name) {
  Machine& machine = this->machine(name);
  return machine.broker == nullptr ? nullptr : &machine.broker->broker();
}

std::string Cluster::active_controller_name() {
  for (const std::string& name : controller_names()) {
    ControllerProcess* const process = controller(name);
    if (process != nullptr && process->controller().is_active()) return name;
  }
  return "";
}

ControllerProcess* Cluster::active_controller() {
  const std::string name = active_controller_name();
  return name.empty() ? nullptr : controller(name);
}

void Cluster::note(std::string what) {
  const double seconds =
      static_cast<double>(simulation_.now().time_since_epoch().count() - 1'000'000'000) / 1e6;
  history_.push_back(absl::StrFormat("%10.6f %s", seconds, what));
  VLOG(1) << history_.back();
  if (history_.size() > kHistory) history_.pop_front();
}

}  // namespace barnabas::simulation

// A whole cluster in one thread: N controllers and M brokers, each a process on a machine of its
// own with a disk of its own, on one Simulation and one network.
//
// Only composition and the ends of processes: which fault comes when is decided elsewhere
// (fault_driver.h), what is right or wrong too (checks/).
//
//   machine: name "c1".."cN", "b1".."bM"; disk and metadata store, which outlive processes
//   process: start() .. kill() | cut_power() | stop() | it exits by itself, with a reason

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/sim/sim_network.h"
#include "common/sim/simulation.h"
#include "storage/memory_disk.h"
#include "tests/simulation/crashing_store.h"
#include "tests/simulation/processes.h"

namespace barnabas::simulation {

struct ClusterOptions {
  int controllers = 3;
  // More of them, which know the others but are not known to them: they do not vote until they are
  // added.
  int spare_controllers = 0;
  int brokers = 3;
  NetworkOptions network;
  Duration sync_latency = std::chrono::microseconds(200);
  // Of all brokers; node, addresses and directory are filled in.
  broker::BrokerConfig broker;
  controller::Brokers::Options liveness;
  std::map<std::string, std::string> broker_defaults = {{"default.replication.factor", "3"},
                                                        {"min.insync.replicas", "2"}};
  uint64_t snapshot_after_bytes = uint64_t{20} << 20;
  // How wrong the machines' clocks may be (F20, F21); each start draws anew.
  int32_t clock_drift_ppm = 0;
  Duration clock_offset{0};
};

class Cluster {
 public:
  Cluster(uint64_t seed, ClusterOptions options);
  ~Cluster();

  Simulation& simulation() { return simulation_; }
  SimNetwork& network() { return network_; }
  // A stream that depends on the seed and `name` alone.
  std::unique_ptr<Random> fork(std::string_view name) { return random_->fork(name); }
  const ClusterOptions& options() const { return options_; }

  static std::string controller_name(int id) { return "c" + std::to_string(id); }
  static std::string broker_name(int id) { return "b" + std::to_string(id); }
  const std::vector<std::string>& names() const { return names_; }
  std::vector<std::string> controller_names() const;
  std::vector<std::string> broker_names() const;
  static bool is_broker(const std::string& name) { return name[0] == 'b'; }
  std::vector<Endpoint> bootstrap() const;

  void start(const std::string& name);
  void start_all();
  void kill(const std::string& name);       // SIGKILL
  void cut_power(const std::string& name);  // what was not synced may be lost
  void stop(const std::string& name);       // SIGTERM; a broker takes its time
  void pause(const std::string& name);
  void resume(const std::string& name);
  // A new, empty disk. The machine must be down.
  void wipe(const std::string& name);
  // The segments of all partitions of a broker.
  std::vector<std::string> log_files(const std::string& name);

  bool has(const std::string& name) const { return machines_.count(name) != 0; }
  bool running(const std::string& name) const { return machine(name).alive(); }
  bool paused(const std::string& name) { return machine(name).paused; }
  storage::MemoryDisk& disk(const std::string& name) { return *machine(name).disk; }
  // Null when it is down.
  broker::Broker* broker(const std::string& name);
  ControllerProcess* controller(const std::string& name) { return machine(name).controller.get(); }
  // The first active controller; null: none.
  ControllerProcess* active_controller();
  std::string active_controller_name();
  // How many processes of this name there have been: tells incarnations apart.
  int starts(const std::string& name) const { return machine(name).starts; }

  // Processes that ended by themselves other than after stop().
  struct Exit {
    std::string name;
    absl::Status why;
  };
  const std::vector<Exit>& exits() const { return exits_; }

  // What happened, newest last, for the report of a failure.
  void note(std::string what);
  const std::deque<std::string>& history() const { return history_; }

 private:
  struct Machine {
    std::unique_ptr<storage::MemoryDisk> disk;
    std::unique_ptr<CrashingStore> store;
    std::unique_ptr<ControllerProcess> controller;
    std::unique_ptr<BrokerProcess> broker;
    bool paused = false;
    int starts = 0;
    bool alive() const { return controller != nullptr || broker != nullptr; }
  };

  const Machine& machine(const std::string& name) const { return machines_.at(name); }
  Machine& machine(const std::string& name) { return machines_.at(name); }
  Endpoint endpoint(const std::string& name) const;
  std::unique_ptr<storage::MemoryDisk> new_disk() const;
  broker::BrokerConfig broker_config(const std::string& name) const;
  ClockError clock_error(const std::string& name, int start);
  void end_process(const std::string& name, Simulation::Death death);
  void exited(const std::string& name, int start, absl::Status why);

  const ClusterOptions options_;
  Simulation simulation_;
  SimNetwork network_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<Random> crashes_;
  std::vector<std::string> names_;
  std::map<std::string, Machine> machines_;
  std::vector<Exit> exits_;
  std::deque<std::string> history_;
};

}  // namespace barnabas::simulation

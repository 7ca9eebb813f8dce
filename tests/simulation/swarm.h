// What a seed draws: the cluster, the work and the faults of one run. Every run is another mixture,
// because faults that all come at once hide each other.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/cluster.h"
#include "tests/simulation/workload.h"

namespace barnabas::simulation {

enum class Fault {
  kKillBroker,
  kKillController,
  kKillActiveController,
  kKillAll,
  kPowerBroker,
  kPowerController,
  kPowerAll,
  kStopBroker,
  kWipeBroker,
  kPauseBroker,
  kPauseController,
  kIsolate,
  kCutOneWay,
  kPartition,
  kBreakLinks,
  kSlowDisk,
  kHangDisk,
  kFailSyncs,
};
inline constexpr int kFaultCount = 18;
const char* to_string(Fault fault);

struct SwarmOptions {
  uint64_t seed = 0;
  ClusterOptions cluster;
  WorkloadOptions workload;
  std::vector<Fault> faults;  // which kinds this run has
  Duration between_faults = std::chrono::milliseconds(700);
  Duration fault_length_max = std::chrono::seconds(3);
  Duration safety_phase = std::chrono::seconds(10);
  Duration liveness_limit = std::chrono::seconds(40);
  // How often the checks look; zero: after every event.
  Duration between_looks = std::chrono::milliseconds(5);
};

SwarmOptions draw(uint64_t seed);
std::string to_string(const SwarmOptions& options);

}  // namespace barnabas::simulation

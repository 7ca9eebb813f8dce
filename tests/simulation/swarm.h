// What a seed draws: the cluster, the work and the faults of one run. Every run is another mixture,
// because faults that all come at once hide each other.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
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
  kRestartLoop,     // dies again while it starts, several times (F17, F18)
  kCutPair,         // two do not reach each other, both reach the others (F6)
  kSwizzle,         // cut off from one after the other, mended in another order (F9)
  kThinOut,         // brokers lose their power one after the other, to the last (F45)
  kFullDisk,        // F33
  kTornPower,       // the power goes in the middle of what is being written (F16, F29)
  kStepClock,       // F20
  kWipeController,  // F23; it is replaced before the next one may be wiped
  // Beyond the atlas: these may lose what was acknowledged. At brokers only.
  kLieAboutSyncs,  // F31, and then the power goes
  kOldImage,       // a copy of the disk is put back (F24)
  kBitRot,         // F34
  kCutTail,        // F38
  kWipeAnything,   // F23, whatever that leaves
};
inline constexpr int kFaultCount = 31;
inline constexpr int kAtlasFaultCount = 26;
inline constexpr int kFirstFaultCount = 18;  // drawn first, as long as there were no others
const char* to_string(Fault fault);

struct SwarmOptions {
  uint64_t seed = 0;
  ClusterOptions cluster;
  WorkloadOptions workload;
  std::vector<Fault> faults;  // which kinds this run has
  Duration between_faults = std::chrono::milliseconds(700);
  Duration fault_length_max = std::chrono::seconds(3);
  Duration safety_phase = std::chrono::seconds(10);
  // After the hectic part, if any: work and faults at a human pace, in which things expire.
  Duration calm_phase{0};
  Duration calm_between_faults = std::chrono::seconds(20);
  Duration calm_pause_between_batches = std::chrono::seconds(1);
  // Of the planned faults (fault_plan.h) only these, by number; nullopt: all.
  std::optional<std::set<int>> keep_faults;
  Duration liveness_limit = std::chrono::seconds(40);
};

SwarmOptions draw(uint64_t seed);
// With faults that the design does not promise to survive: what was acknowledged may be lost, but
// nothing false may be served ("detected, never lied").
SwarmOptions draw_beyond_the_atlas(uint64_t seed);
std::string to_string(const SwarmOptions& options);

}  // namespace barnabas::simulation

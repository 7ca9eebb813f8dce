#include "tests/simulation/swarm.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace barnabas::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Duration between(Random& random, Duration least, Duration most) {
  return least + Duration(static_cast<int64_t>(
                     random.below(static_cast<uint64_t>((most - least).count()) + 1)));
}

int64_t in_ms(Duration duration) {
  return std::chrono::duration_cast<milliseconds>(duration).count();
}

}  // namespace

const char* to_string(Fault fault) {
  constexpr const char* kNames[kFaultCount] = {
      "kill-broker",      "kill-controller", "kill-active", "kill-all",    "power-broker",
      "power-controller", "power-all",       "stop-broker", "wipe-broker", "pause-broker",
      "pause-controller", "isolate",         "cut-one-way", "partition",   "break-links",
      "slow-disk",        "hang-disk",       "fail-syncs"};
  return kNames[static_cast<int>(fault)];
}

SwarmOptions draw(uint64_t seed) {
  const auto random = seeded_random(seed)->fork("swarm");
  SwarmOptions out;
  out.seed = seed;

  ClusterOptions& cluster = out.cluster;
  cluster.controllers = random->chance(80) ? 3 : (random->chance(50) ? 1 : 5);
  cluster.brokers = 3 + static_cast<int>(random->below(3)) * (random->chance(40) ? 1 : 0);
  cluster.sync_latency = between(*random, microseconds(0), milliseconds(3));
  if (random->chance(30))
    cluster.network.slow_percent = 1 + static_cast<uint32_t>(random->below(10));
  if (random->chance(20)) cluster.network.breaks_per_million_frames = 300;
  if (random->chance(50))
    cluster.network.max_latency = between(*random, microseconds(300), milliseconds(10));
  cluster.broker.replica_lag_max = between(*random, seconds(1), seconds(8));
  cluster.broker.flush_lag_max = between(*random, seconds(1), seconds(4));
  cluster.broker.replica_fetch_wait = between(*random, milliseconds(50), milliseconds(500));
  cluster.broker.controlled_shutdown_limit = between(*random, milliseconds(500), seconds(4));
  if (random->chance(30)) cluster.snapshot_after_bytes = 4096 + random->below(32768);

  WorkloadOptions& work = out.workload;
  work.topics = 1 + static_cast<int>(random->below(2));
  work.partitions = 1 + static_cast<int>(random->below(4));
  work.producers = 1 + static_cast<int>(random->below(3));
  work.min_in_sync = random->chance(80) ? 2 : 1;
  work.pause_between_batches = between(*random, milliseconds(2), milliseconds(50));
  work.churn = random->chance(70);

  // A few kinds, sometimes all: a rare one must not drown.
  const bool all = random->chance(10);
  const uint32_t percent = 15 + static_cast<uint32_t>(random->below(40));
  for (int fault = 0; fault < kFaultCount; ++fault) {
    if (all || random->chance(percent)) out.faults.push_back(static_cast<Fault>(fault));
  }
  out.between_faults = between(*random, milliseconds(150), milliseconds(2000));
  out.fault_length_max = between(*random, milliseconds(300), seconds(5));
  out.safety_phase = between(*random, seconds(6), seconds(15));
  return out;
}

std::string to_string(const SwarmOptions& options) {
  std::string faults;
  for (const Fault fault : options.faults) absl::StrAppend(&faults, " ", to_string(fault));
  const NetworkOptions& network = options.cluster.network;
  return absl::StrCat(
      "controllers ", options.cluster.controllers, ", brokers ", options.cluster.brokers, ", sync ",
      options.cluster.sync_latency.count(), " us, latency to ", network.max_latency.count(),
      " us, slow ", network.slow_percent, " %, breaks ", network.breaks_per_million_frames,
      " per million, replica lag ", in_ms(options.cluster.broker.replica_lag_max),
      " ms, flush lag ", in_ms(options.cluster.broker.flush_lag_max), " ms, snapshot after ",
      options.cluster.snapshot_after_bytes, " bytes; topics ", options.workload.topics, " x ",
      options.workload.partitions, ", producers ", options.workload.producers, ", min ISR ",
      options.workload.min_in_sync, ", batch every ", in_ms(options.workload.pause_between_batches),
      " ms, churn ", options.workload.churn, "; a fault every ", in_ms(options.between_faults),
      " ms, up to ", in_ms(options.fault_length_max), " ms, for ", in_ms(options.safety_phase),
      " ms:", faults);
}

}  // namespace barnabas::simulation

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

// A stream of its own: what was drawn before there were groups stays as it was.
void draw_groups(Random& random, SwarmOptions& out) {
  broker::BrokerConfig& broker = out.cluster.broker;
  broker.offsets_partitions = 1 + static_cast<int32_t>(random.below(3));
  broker.group_min_session_timeout = milliseconds(100);
  broker.group_initial_rebalance_delay = between(random, milliseconds(0), milliseconds(1500));
  GroupOptions& groups = out.workload.groups;
  groups.groups = random.chance(50) ? 1 + static_cast<int>(random.below(2)) : 0;
  groups.members = 2 + static_cast<int>(random.below(3));
  groups.cooperative = random.chance(50);
  groups.statics = random.chance(40);
  groups.restless = random.chance(85);
  groups.session_timeout = between(random, seconds(1), seconds(4));
  groups.life_max = between(random, seconds(2), seconds(8));
}

void draw_operators(Random& random, SwarmOptions& out) {
  OperatorOptions& operators = out.workload.operators;
  const bool any = random.chance(60);
  for (int operation = 0; operation < kOperationCount; ++operation) {
    if (random.chance(50) && any) {
      operators.operations.push_back(static_cast<Operation>(operation));
      if (operation == static_cast<int>(Operation::kChangeVoters)) {
        out.cluster.spare_controllers = 1 + static_cast<int>(random.below(2));
      }
    }
  }
  operators.every = between(random, milliseconds(100), milliseconds(1500));
  operators.partitions_most = out.workload.partitions + static_cast<int>(random.below(4));
}

bool has(const SwarmOptions& options, Operation operation) {
  const std::vector<Operation>& all = options.workload.operators.operations;
  return std::find(all.begin(), all.end(), operation) != all.end();
}

void draw_more_faults(Random& random, SwarmOptions& out) {
  const uint32_t percent = 10 + static_cast<uint32_t>(random.below(30));
  for (int fault = kFirstFaultCount; fault < kAtlasFaultCount; ++fault) {
    const auto kind = static_cast<Fault>(fault);
    // Somebody has to replace it.
    if (kind == Fault::kWipeController && !has(out, Operation::kChangeVoters)) continue;
    if (random.chance(percent)) out.faults.push_back(kind);
  }
  if (random.chance(40)) out.cluster.clock_drift_ppm = static_cast<int32_t>(random.below(20'000));
  if (random.chance(40)) out.cluster.clock_offset = between(random, seconds(0), seconds(600));
  out.cluster.broker.free_bytes_min = 16 << 10;
  if (random.chance(40)) {
    RiskyOptions& risky = out.workload.risky;
    risky.partitions = 1 + static_cast<int>(random.below(3));
    risky.min_in_sync = 1 + static_cast<int>(random.below(2));
    risky.unclean = random.chance(75);
  }
}

// Most runs have a long stretch after the hectic one, at a human pace: sessions, sequences,
// segments and snapshots grow old there, and faults come one at a time.
void draw_calm(Random& random, SwarmOptions& out) {
  if (random.chance(70)) out.calm_phase = between(random, seconds(300), seconds(1700));
  out.calm_between_faults = between(random, seconds(4), seconds(60));
  out.calm_pause_between_batches = between(random, milliseconds(300), seconds(3));
}

}  // namespace

const char* to_string(Fault fault) {
  constexpr const char* kNames[kFaultCount] = {
      "kill-broker",      "kill-controller", "kill-active", "kill-all",     "power-broker",
      "power-controller", "power-all",       "stop-broker", "wipe-broker",  "pause-broker",
      "pause-controller", "isolate",         "cut-one-way", "partition",    "break-links",
      "slow-disk",        "hang-disk",       "fail-syncs",  "restart-loop", "cut-pair",
      "swizzle",          "thin-out",        "full-disk",   "torn-power",   "step-clock",
      "wipe-controller",  "lie-about-syncs", "old-image",   "bit-rot",      "cut-tail",
      "wipe-anything"};
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
  for (int fault = 0; fault < kFirstFaultCount; ++fault) {
    if (all || random->chance(percent)) out.faults.push_back(static_cast<Fault>(fault));
  }
  out.between_faults = between(*random, milliseconds(150), milliseconds(2000));
  out.fault_length_max = between(*random, milliseconds(300), seconds(5));
  out.safety_phase = between(*random, seconds(6), seconds(15));
  draw_calm(*seeded_random(seed)->fork("calm"), out);
  draw_groups(*seeded_random(seed)->fork("groups"), out);
  draw_operators(*seeded_random(seed)->fork("operators"), out);
  draw_more_faults(*seeded_random(seed)->fork("more faults"), out);
  // Whoever moves the leadership asks until it has moved; to a voter that is gone it never does,
  // and the same operator would have to replace that one first.
  if (std::count(out.faults.begin(), out.faults.end(), Fault::kWipeController) > 0) {
    std::erase(out.workload.operators.operations, Operation::kTransfer);
  }
  return out;
}

SwarmOptions draw_beyond_the_atlas(uint64_t seed) {
  SwarmOptions out = draw(seed);
  const auto random = seeded_random(seed)->fork("beyond the atlas");
  out.calm_phase = Duration(0);
  WorkloadOptions& work = out.workload;
  work.beyond_the_atlas = true;
  work.topics = 0;
  work.producers = 0;
  work.churn = false;
  work.groups.groups = 0;
  work.operators.operations.clear();
  work.risky.partitions = 2 + static_cast<int>(random->below(3));
  work.risky.min_in_sync = 1 + static_cast<int>(random->below(2));
  work.risky.unclean = random->chance(50);
  for (int fault = kAtlasFaultCount; fault < kFaultCount; ++fault) {
    if (random->chance(40)) out.faults.push_back(static_cast<Fault>(fault));
  }
  out.faults.push_back(
      static_cast<Fault>(kAtlasFaultCount + random->below(kFaultCount - kAtlasFaultCount)));
  return out;
}

std::string to_string(const SwarmOptions& options) {
  std::string operations;
  for (const Operation operation : options.workload.operators.operations) {
    absl::StrAppend(&operations, " ", to_string(operation));
  }
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
      " ms, churn ", options.workload.churn, ", risky ", options.workload.risky.partitions,
      options.workload.risky.unclean ? " unclean" : " clean", ", clocks drift ",
      options.cluster.clock_drift_ppm, " ppm, groups ", options.workload.groups.groups, " of ",
      options.workload.groups.members, options.workload.groups.cooperative ? " cooperative" : "",
      options.workload.groups.statics ? " static" : "",
      options.workload.groups.restless ? " restless" : "", " members, sessions ",
      in_ms(options.workload.groups.session_timeout), " ms, operators every ",
      in_ms(options.workload.operators.every), " ms:", operations, "; a fault every ",
      in_ms(options.between_faults), " ms, up to ", in_ms(options.fault_length_max), " ms, for ",
      in_ms(options.safety_phase), " ms, then every ", in_ms(options.calm_between_faults),
      " ms for ", in_ms(options.calm_phase), " ms:", faults);
}

}  // namespace barnabas::simulation

// A cluster of voters on a brutal network, with crashes that lose what was not synced, from one
// seed: first a phase in which everything may go wrong and nothing wrong may be seen, then one in
// which all is healed and the cluster must work again.

#pragma once

#include <cstdint>
#include <string>

#include "common/clock.h"

namespace barnabas::raft::testing {

struct SimulationOptions {
  uint64_t seed = 1;
  std::string planted;  // the name of a mistake (common/probe.h), if any
  Duration safety_phase{std::chrono::seconds(6)};
  Duration liveness_limit{std::chrono::seconds(10)};
};

// How much happened: a run in which nothing happens proves nothing.
struct Happenings {
  uint64_t steps = 0;
  uint64_t elections = 0;
  uint64_t crashes = 0;
  uint64_t truncations = 0;
  uint64_t installs = 0;
  uint64_t commits = 0;
  uint64_t reads = 0;
  uint64_t stale_completions = 0;
  uint64_t changes = 0;  // of the voters, committed
  uint64_t wipes = 0;
  uint64_t transfers_asked = 0;
  uint64_t transfers_refused = 0;
  void operator+=(const Happenings& other);
};

struct SimulationResult {
  std::string violation;  // empty: none
  uint64_t fingerprint = 0;
  Happenings happened;
};

SimulationResult simulate(const SimulationOptions& options);

}  // namespace barnabas::raft::testing

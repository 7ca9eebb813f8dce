// A partition with its replicas, a controller that follows the decision rules, idempotent
// producers and every fault that a seed draws, in one simulation.
//
// Real: the partition shell, the log, the flush scheduler, fetcher and reporter with their frames.
// Simulated: clock, network, disks (with loss of what was not synced). A stand-in: the controller
// (elections from the in-sync set only, S9, S10, the checks of AlterPartition; its messages are
// late and its answers are lost at times). Log starts are written down and survive every crash.
//
// Checked while it runs; the first violation ends the run and is told:
//   - the high watermark of an incarnation never goes back, nor does any replica's log start;
//   - what lies below any high watermark is the same on all replicas, for ever;
//   - one leader per epoch;
//   - a new leader has every record that was acknowledged, at its offset;
//   - each acknowledged sequence is there exactly once, in order.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/clock.h"

namespace barnabas::partition::testing {

struct WorldOptions {
  uint64_t seed = 0;
  int producers = 2;
  Duration faulty{std::chrono::seconds(4)};
  Duration calm{std::chrono::seconds(6)};
};

struct WorldResult {
  std::string violation;  // empty: none
  uint64_t fingerprint = 0;
  uint64_t acknowledged = 0;
  uint64_t crashes = 0;
  uint64_t elections = 0;
  uint64_t trims = 0;  // deletions of records that were answered
};

WorldResult run_world(const WorldOptions& options);

}  // namespace barnabas::partition::testing

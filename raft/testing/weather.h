// What a simulated cluster has to live through.

#pragma once

#include "common/random.h"
#include "common/sim/sim_datagrams.h"

namespace barnabas::raft::testing {

// Drawn once for each seed, so that runs differ more than moments of one run.
struct Weather {
  size_t voters;
  size_t spares;            // that may become voters
  uint32_t wipe_percent;    // chance at each unrest that a voter loses its disk, if it may
  Duration operator_every;  // who votes is changed, or leadership handed over; 0: never
  DatagramOptions network;
  Duration slowest_sync;
  uint32_t crash_percent;          // chance at each unrest
  uint32_t crash_in_step_per_10k;  // chance before each effect
  uint32_t partition_percent;
  uint32_t false_close_percent;
  uint32_t flip_percent;  // the leader is cut off from some, and they notice
  Duration unrest_every;
  Duration propose_every;
  int64_t snapshot_every;
};

Weather draw_weather(Random& random);

}  // namespace barnabas::raft::testing

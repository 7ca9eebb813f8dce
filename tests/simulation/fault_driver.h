// Brings the faults that a run has drawn, repairs them after a while, and at the end all of them.
//
// The atlas, that is, what the design promises to survive and no more:
//   - any number of processes may be killed, paused or lose power at any time, also all at once:
//     what was synced stays;
//   - any part of the network may be cut for any time;
//   - a sync may hang, or fail once: the process must exit, and its disk still holds what was
//     synced before;
//   - a broker's disk may be wiped only while every partition has another in-sync replica on a
//     broker that runs, and not before those wiped earlier are back in sync; no controller's disk
//     ever (a voter is its disk).

#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/swarm.h"

namespace barnabas::simulation {

class FaultDriver {
 public:
  FaultDriver(Cluster& cluster, const SwarmOptions& options);

  void start();
  // Repairs everything, and from now on starts again whatever exits.
  void heal();
  uint64_t count(Fault fault) const { return counts_[static_cast<size_t>(fault)]; }
  uint64_t count() const;

 private:
  void strike();
  bool strike(Fault fault);
  void start_later(const std::string& name);
  void supervise();
  bool may_wipe(const std::string& name);
  std::string pick(const std::vector<std::string>& among);
  Duration length();
  void later(Duration delay, Task task);

  Cluster& cluster_;
  const SwarmOptions& options_;
  std::unique_ptr<Random> random_;
  bool healed_ = false;
  // The last broker whose disk was wiped, and its epoch then: until it has registered anew, images
  // may still count on the disk that is gone.
  BrokerId wiped_ = kNoBroker;
  BrokerEpoch wiped_epoch_ = kNoBrokerEpoch;
  std::array<uint64_t, kFaultCount> counts_{};
};

}  // namespace barnabas::simulation

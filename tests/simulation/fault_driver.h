// Brings the faults that a run has drawn, repairs them after a while, and at the end all of them.
//
// The atlas, that is, what the design promises to survive and no more:
//   - any number of processes may be killed, paused or lose power at any time, also all at once:
//     what was synced stays;
//   - any part of the network may be cut for any time;
//   - a machine's clocks may be wrong by minutes, drift by 2 %, and its wall clock may jump;
//   - a disk may be full for a while;
//   - a sync may hang, or fail once: the process must exit, and its disk still holds what was
//     synced before;
//   - a broker's disk may be wiped only while every partition has another in-sync replica on a
//     broker that runs, and not before those wiped earlier are back in sync; and until it has come
//     back with its new disk no other broker is stopped cleanly, since with min ISR 1 that could
//     leave the dead one as the whole in-sync set by a committed decision (decision 0004);
//   - a voter's disk may be wiped only while all voters run with everything that is committed, and
//     somebody replaces it before the next one (a voter is its disk).

#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/fault_plan.h"
#include "tests/simulation/swarm.h"

namespace barnabas::simulation {

class FaultDriver {
 public:
  FaultDriver(Cluster& cluster, const SwarmOptions& options);

  void start();
  // Repairs everything, and from now on starts again whatever exits.
  void heal();
  // How many of each kind have struck; a planned fault that finds nobody does not count.
  const std::array<uint64_t, kFaultCount>& counts() const { return counts_; }
  uint64_t count() const;
  // Those that struck, by number, each with a line that tells it.
  const std::map<int, std::string>& struck() const { return struck_; }

 private:
  // False: there was nobody to strike.
  bool strike(const PlannedFault& fault);
  void start_later(const std::string& name, Duration delay);
  void restart_again(const std::string& name, uint64_t seed, int times);
  void end_of_power(std::string name);
  void supervise();
  bool may_wipe(const std::string& name);
  bool may_wipe_controller(const std::string& name);
  // Was a voter's disk wiped, and does the quorum still count on it, as far as is known?
  bool wiped_voter_is_away();
  bool wiped_one_is_away();
  void note(const PlannedFault& fault, const std::string& what);
  void later(Duration delay, Task task);

  Cluster& cluster_;
  const SwarmOptions& options_;
  std::unique_ptr<Random> supervision_;
  bool healed_ = false;
  // The last broker whose disk was wiped, and its epoch then: until it has registered anew, images
  // may still count on the disk that is gone.
  BrokerId wiped_ = kNoBroker;
  BrokerEpoch wiped_epoch_ = kNoBrokerEpoch;
  std::string wiped_controller_;
  std::set<std::string> without_power_;  // from some write on; the process may run still
  std::array<uint64_t, kFaultCount> counts_{};
  std::map<int, std::string> struck_;
};

}  // namespace barnabas::simulation

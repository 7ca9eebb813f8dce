// One run: a cluster forms, works while faults come, is healed, and must then finish its work; all
// along and at the end the checks look at it.
//
//   forming -> safety phase (faults; nothing wrong may be seen) -> healed: liveness (bounded)
//     -> everything is read again and judged

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/simulation/checks/equal_images.h"
#include "tests/simulation/checks/leaderships.h"
#include "tests/simulation/checks/metadata_history.h"
#include "tests/simulation/checks/replica_bounds.h"
#include "tests/simulation/fault_driver.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/swarm.h"

namespace barnabas::simulation {

// How much happened: a run in which nothing happens proves nothing.
struct Happenings {
  uint64_t runs = 0;
  uint64_t events = 0;
  std::array<uint64_t, kFaultCount> faults{};  // by kind
  uint64_t acknowledged = 0;
  uint64_t consumed = 0;
  uint64_t leaderships = 0;
  uint64_t images = 0;
  uint64_t exits = 0;
  uint64_t topics_created = 0;
  uint64_t topics_deleted = 0;
  Duration simulated{0};
  uint64_t all_faults() const;
  void operator+=(const Happenings& other);
};
std::string to_string(const Happenings& happened);

class Run {
 public:
  explicit Run(SwarmOptions options);
  ~Run();

  // Empty if all went well.
  std::string execute();
  // Of the faults that were planned, those that struck: a line each, by number.
  const std::map<int, std::string>& struck() const { return faults_.struck(); }
  const Happenings& happened() const { return happened_; }
  uint64_t fingerprint() { return cluster_.simulation().fingerprint(); }

  Cluster& cluster() { return cluster_; }
  Workload& workload() { return workload_; }
  Findings& findings() { return findings_; }
  const MetadataHistory& history() const { return history_; }
  // The parts of execute(), for scenarios that bring their own faults. False: a finding.
  bool form();
  bool until(absl::AnyInvocable<bool()> done, Duration limit, const char* what);
  bool finish();
  bool finish_beyond_the_atlas();

  // Seed, options, finding, last events.
  std::string report() const;

 private:
  void look();
  void look_at(const std::string& name);
  bool whole() const;
  std::string not_whole() const;
  std::string describe_quorum();
  void compare_replicas();
  void count();

  const SwarmOptions options_;
  Findings findings_;
  Cluster cluster_;
  Workload workload_;
  FaultDriver faults_;
  Leaderships leaderships_;
  EqualImages images_;
  MetadataHistory history_;
  ReplicaBounds bounds_;
  Happenings happened_;
};

}  // namespace barnabas::simulation

#include "raft/testing/simulation.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>
#include <string>

#include "common/sim/probes.h"
#include "raft/describe.h"
#include "raft/testing/simulated_cluster.h"

namespace barnabas::raft::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void Happenings::operator+=(const Happenings& other) {
  steps += other.steps;
  elections += other.elections;
  crashes += other.crashes;
  truncations += other.truncations;
  installs += other.installs;
  commits += other.commits;
  reads += other.reads;
  stale_completions += other.stale_completions;
  changes += other.changes;
  wipes += other.wipes;
  transfers_asked += other.transfers_asked;
  transfers_refused += other.transfers_refused;
}

SimulationResult Cluster::run() {
  for (size_t i = 0; i < nodes_.size(); ++i) start(i);
  schedule_unrest();
  schedule_workload();
  schedule_operator();
  const Instant calm = simulation_.now() + options_.safety_phase;
  while (simulation_.now() < calm && checker_.violation().empty()) {
    if (!simulation_.step()) break;
  }
  if (checker_.violation().empty()) recover();
  return {checker_.violation(), simulation_.fingerprint() ^ mixed_, happened_};
}

// ---- The second phase ----

void Cluster::recover() {
  calm_ = true;
  network_.reachability().heal();
  network_.options() = DatagramOptions{};
  weather_.slowest_sync = milliseconds(5);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i].bench->running()) start(i);
  }
  const Instant limit = simulation_.now() + options_.liveness_limit;
  std::optional<LogIndex> goal;
  const bool converged = simulation_.run_until(
      [&] {
        if (!checker_.violation().empty()) return true;
        // Something acknowledged after the healing, applied by everybody.
        if (!goal.has_value()) goal = acknowledged_;
        return acknowledged_ > *goal && everybody_has(*goal);
      },
      limit);
  if (!converged) {
    checker_.fail(absl::StrCat("I25: after healing, no progress for ",
                               options_.liveness_limit.count() / 1000, " ms: ", standing()));
  }
}

// Everybody who votes by the newest configuration that is committed, and has not lost its disk.
bool Cluster::everybody_has(LogIndex goal) const {
  const Configuration voters = checker_.committed_configuration().configuration;
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
    return !voters.contains(node.bench->id()) ||
           (node.bench->running() && node.bench->applied() > goal);
  });
}

std::string Cluster::standing() const {
  std::string out;
  for (const Node& node : nodes_) {
    if (!node.bench->running()) {
      absl::StrAppend(&out, node.name, " down; ");
      continue;
    }
    const Core& core = node.bench->core();
    absl::StrAppend(&out, node.name, " ", to_string(core.role()), " ", describe(core.hard_state()),
                    " log ", core.log().base().index.value(), "..", core.log().durable().value(),
                    "/", core.log().last_index().value(), " commit ", core.commit().value(),
                    " applied ", core.applied().value(), " ", describe(core.configuration()),
                    " of ", core.configurations().latest().index.value(), "; ");
  }
  return out;
}

SimulationResult simulate(const SimulationOptions& options) {
  const Planted mistake(options.planted);
  return Cluster(options).run();
}

}  // namespace barnabas::raft::testing

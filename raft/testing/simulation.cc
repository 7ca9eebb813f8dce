#include "raft/testing/simulation.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>
#include <string>

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
}

SimulationResult Cluster::run() {
  for (size_t i = 0; i < nodes_.size(); ++i) start(i);
  schedule_unrest();
  schedule_workload();
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
        return acknowledged_ > *goal &&
               std::all_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
                 return node.bench->running() && node.bench->applied() > *goal;
               });
      },
      limit);
  if (!converged) {
    checker_.fail(absl::StrCat("I25: after healing, no progress for ",
                               options_.liveness_limit.count() / 1000, " ms: ", standing()));
  }
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
                    " applied ", core.applied().value(), "; ");
  }
  return out;
}

SimulationResult simulate(const SimulationOptions& options) { return Cluster(options).run(); }

}  // namespace barnabas::raft::testing

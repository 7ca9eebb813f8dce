// Operators: voters that come and go, lose their disks and are replaced; leadership handed over
// (F53).

#include <algorithm>

#include "raft/testing/simulated_cluster.h"

namespace barnabas::raft::testing {

using std::chrono::microseconds;

void Cluster::schedule_operator() {
  if (weather_.operator_every.count() == 0) return;
  const auto span = static_cast<uint64_t>(weather_.operator_every.count());
  simulation_.after(weather_.operator_every / 2 + microseconds(workload_->below(span)), [this] {
    if (calm_) return;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const TestNode& bench = *nodes_[i].bench;
      if (bench.running() && bench.core().role() == Role::kLeader) operate(i);
    }
    schedule_operator();
  });
}

void Cluster::operate(size_t leader) {
  const uint64_t choice = workload_->below(100);
  if (choice < 40) {
    add_somebody(leader);
  } else if (choice < 75) {
    remove_somebody(leader);
  } else {
    ++happened_.transfers_asked;
    const Configuration& now = nodes_[leader].bench->core().configuration();
    const auto to = std::next(now.voters.begin(),
                              static_cast<std::ptrdiff_t>(workload_->below(now.voters.size())));
    feed(leader, workload_->chance(50) ? TransferAsked{to->first} : TransferAsked{});
  }
}

void Cluster::add_somebody(size_t leader) {
  const size_t first = workload_->below(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[(first + i) % nodes_.size()];
    if (nodes_[leader].bench->core().configuration().contains(node.bench->id())) continue;
    feed(leader, VoterAdded{node.bench->id(), {node.name, 9093}});
    return;
  }
}

// One whose disk is gone goes first: until then every other voter may be needed.
void Cluster::remove_somebody(size_t leader) {
  const Configuration& now = nodes_[leader].bench->core().configuration();
  auto gone = std::next(now.voters.begin(),
                        static_cast<std::ptrdiff_t>(workload_->below(now.voters.size())));
  if (!lost_.empty()) gone = now.voters.find(lost_.begin()->first);
  if (gone != now.voters.end()) feed(leader, VoterRemoved{gone->first});
}

bool Cluster::changes_are_under_way() const {
  const LogIndex settled = checker_.committed_configuration().index;
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
    if (node.bench->running() && node.bench->core().learner().has_value()) return true;
    const std::vector<ConfigurationAt> held = node.bench->disk().configurations();
    return !held.empty() && held.back().index > settled;
  });
}

// What nobody can survive is not asked for: the others must be a majority, now and until the lost
// one is no voter any more.
bool Cluster::may_wipe(size_t i) const {
  const Configuration now = checker_.committed_configuration().configuration;
  return lost_.empty() && now.voters.size() >= 3 && now.contains(nodes_[i].bench->id()) &&
         !changes_are_under_way();
}

// A removal that nobody has any more when a disk is lost could still be under way, and leave voters
// of whom the lost one is needed: that, too, nobody can survive.
bool Cluster::came_too_late(const Frame& frame) const {
  const auto* body = std::get_if<Body>(&frame.body);
  const auto* append = body == nullptr ? nullptr : std::get_if<AppendRequest>(body);
  if (append == nullptr) return false;
  const Instant sent{Duration{static_cast<int64_t>(frame.head.request_id)}};
  const LogIndex settled = checker_.committed_configuration().index;
  return sent < last_loss_ &&
         std::any_of(
             append->entries.begin(), append->entries.end(),
             [&](const Entry& entry) { return entry.configures && entry.index > settled; });
}

void Cluster::wipe(size_t i) {
  Node& node = nodes_[i];
  ++happened_.wipes;
  last_loss_ = simulation_.now();
  const VoterId before = node.bench->id();
  lost_[before] = node.bench->disk().durable();
  if (node.bench->running()) crash(i);
  node.digest = 0;
  node.durable_applied = LogIndex{0};
  node.snapshot_digests.clear();
  build_bench(i, {before.id, Uuid::make(*workload_)});
}

}  // namespace barnabas::raft::testing

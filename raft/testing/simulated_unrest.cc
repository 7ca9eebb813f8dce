#include <absl/strings/str_cat.h>

#include <string>

#include "raft/testing/simulated_cluster.h"

namespace barnabas::raft::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void Cluster::schedule_unrest() {
  simulation_.after(weather_.unrest_every, [this] {
    if (calm_) return;
    unrest();
    schedule_unrest();
  });
}

void Cluster::unrest() {
  const size_t victim = faults_->below(nodes_.size());
  if (faults_->chance(weather_.crash_percent) && nodes_[victim].bench->running()) crash(victim);
  if (faults_->chance(2)) {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].bench->running()) crash(i);
    }
  }
  if (faults_->chance(weather_.false_close_percent)) {
    announce_close(victim, nodes_[faults_->below(nodes_.size())].bench->id());
  }
  if (faults_->chance(10) && nodes_[victim].bench->running()) {
    feed(victim, LinkOpened{nodes_[faults_->below(nodes_.size())].bench->id()});
  }
  if (faults_->chance(weather_.flip_percent)) flip();
  if (faults_->chance(weather_.wipe_percent) && may_wipe(victim)) wipe(victim);
  Reachability& ways = network_.reachability();
  if (faults_->chance(30)) ways.heal();
  if (!faults_->chance(weather_.partition_percent)) return;
  const size_t other = faults_->below(nodes_.size());
  switch (faults_->below(4)) {
    case 0:
      ways.isolate(nodes_[victim].name);
      break;
    case 1:
      ways.cut_one_way(nodes_[victim].name, nodes_[other].name);
      break;
    case 2:
      ways.cut(nodes_[victim].name, nodes_[other].name);  // a chain, with three
      break;
    default:
      for (const Node& node : nodes_) {  // the leader hears nobody, or nobody hears it
        if (!node.bench->running() || node.bench->core().role() != Role::kLeader) continue;
        for (const Node& peer : nodes_) {
          if (faults_->chance(50)) ways.cut_one_way(peer.name, node.name);
        }
      }
  }
}

void Cluster::flip() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i].bench->running() || nodes_[i].bench->core().role() != Role::kLeader) continue;
    for (size_t j = 0; j < nodes_.size(); ++j) {
      if (j == i || faults_->chance(30)) continue;
      network_.reachability().cut_one_way(nodes_[i].name, nodes_[j].name);
      if (faults_->chance(80)) announce_close(j, nodes_[i].bench->id());
    }
    if (faults_->chance(20)) {
      crash(i);
      return;
    }
  }
  simulation_.after(milliseconds(5 + faults_->below(200)), [this] {
    if (!calm_) network_.reachability().heal();
  });
}

void Cluster::schedule_workload() {
  simulation_.after(
      microseconds(1 + workload_->below(static_cast<uint64_t>(weather_.propose_every.count()))),
      [this] {
        work();
        schedule_workload();
      });
}

void Cluster::work() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (!node.bench->running() || node.bench->core().role() != Role::kLeader) continue;
    if (workload_->chance(80)) {
      feed(i, Propose{Buffer::own(
                  absl::StrCat("p", ++last_proposal_, std::string(workload_->below(60), '.')))});
    }
    if (workload_->chance(30) && node.bench->running()) {
      const uint64_t id = ++last_read_;
      node.reads[id] = acknowledged_;
      feed(i, ReadAsked{id});
    }
  }
}

}  // namespace barnabas::raft::testing

// What goes wrong, and how it is undone.

#include <glog/logging.h>

#include <utility>

#include "broker/partition/testing/world.h"

namespace barnabas::partition::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void World::schedule_fault() {
  simulation.after(milliseconds(20 + faults_->below(250)), [this] {
    if (calm_) return;
    fault();
    schedule_fault();
  });
}

void World::fault() {
  Node& victim = *nodes[faults_->below(nodes.size())];
  Node& other = *nodes[faults_->below(nodes.size())];
  const uint64_t kind = faults_->below(16);
  VLOG(1) << told() << "fault " << kind << " of " << victim.name << ", " << other.name;
  switch (kind) {
    case 0:
    case 1:
      return down(victim, /*power=*/true);
    case 2:
      return down(victim, /*power=*/false);
    case 3:  // a power cut of all
      if (faults_->chance(40)) {
        for (auto& node : nodes) down(*node, true);
      }
      return;
    case 4:
      if (!victim.up) return;
      simulation.pause(victim.name);
      return undo_later(
          500,
          [this, &victim, i = victim.incarnation] {
            if (victim.up && victim.incarnation == i) simulation.resume(victim.name);
          },
          &victim);
    case 5:
    case 6:
      if (&victim == &other) return;
      network.reachability().cut(victim.name, other.name);
      return undo_later(
          800, [this, &victim, &other] { network.reachability().mend(victim.name, other.name); },
          nullptr);
    case 7:  // cut off from the controller: fenced after a while, and does not know it
      isolated_.insert(victim.id);
      return undo_later(
          900,
          [this, &victim] {
            isolated_.erase(victim.id);
            const bool was_fenced = fenced_.erase(victim.id) > 0 && victim.up;
            if (was_fenced && state_.leader == kNoBroker) {
              elect();
              publish();
            } else if (victim.up) {
              push(victim);
            }
          },
          &victim);
    case 8:
      victim.disk.set_sync_latency(microseconds(100 + faults_->below(40'000)));
      return;
    case 9:
      victim.disk.hold_syncs(true);
      return undo_later(900, [&victim] { victim.disk.hold_syncs(false); }, nullptr);
    case 10:  // a failed disk ends the broker
      if (!victim.up) return;
      victim.disk.fail_syncs(1);
      simulation.after(milliseconds(50), [this, &victim] { down(victim, true); });
      return;
    case 11:
      return network.break_links(victim.name, other.name);
    case 15:
      return stale_follower();
    default:  // leadership is moved about among the in-sync set, at times there and back
      move_leadership(faults_->chance(60) ? 2 : 1);
  }
}

void World::move_to(BrokerId leader) {
  if (state_.leader == leader || fenced_.contains(leader) || !state_.is_in_sync(leader)) return;
  state_.leader = leader;
  state_.leader_epoch = state_.leader_epoch.next();
  ++elections_;
  publish();
}

// One follower hears nothing of the controller and its disk hangs, while the leadership goes to
// the other one, which lacks the newest records, and back, and at last to itself.
void World::stale_follower() {
  if (state_.leader == kNoBroker || state_.in_sync.size() != kReplicas || !fenced_.empty()) return;
  const BrokerId first = state_.leader;
  std::vector<BrokerId> others;
  for (BrokerId replica : state_.replicas) {
    if (replica != first) others.push_back(replica);
  }
  if (faults_->chance(50)) std::swap(others[0], others[1]);
  Node& second = node(others[0]);
  Node& stale = node(others[1]);
  const std::string leader_name = node(first).name;
  isolated_.insert(stale.id);
  stale.disk.hold_syncs(true);
  network.reachability().cut(leader_name, second.name);
  const auto at = [this](int64_t ms, std::function<void()> what) {
    simulation.after(milliseconds(ms), [this, what = std::move(what)] {
      if (!calm_) what();
    });
  };
  at(30, [this, leader_name, &second] {
    network.reachability().mend(leader_name, second.name);
    move_to(second.id);
  });
  const auto back = static_cast<int64_t>(100 + faults_->below(150));
  at(back, [this, first] { move_to(first); });
  at(back + 10, [&stale] { stale.disk.hold_syncs(false); });
  at(back + 20 + static_cast<int64_t>(faults_->below(20)), [this, &stale] {
    isolated_.erase(stale.id);
    move_to(stale.id);
  });
}

void World::move_leadership(int times) {
  std::vector<BrokerId> fit;
  for (BrokerId member : state_.in_sync) {
    if (!fenced_.contains(member) && member != state_.leader) fit.push_back(member);
  }
  if (fit.empty() || state_.leader == kNoBroker) return;
  const BrokerId before = state_.leader;
  move_to(fit[faults_->below(fit.size())]);
  if (times < 2) return;
  simulation.after(milliseconds(1 + faults_->below(60)), [this, before] { move_to(before); });
}

// A silence longer than the session timeout fences.
void World::undo_later(uint64_t below_ms, std::function<void()> undo, Node* silent) {
  const Duration lasts = milliseconds(20 + faults_->below(below_ms));
  constexpr Duration kSession = milliseconds(300);
  if (silent != nullptr && lasts > kSession) {
    simulation.after(kSession, [this, silent, i = silent->incarnation] {
      if (silent->incarnation == i) fence(silent->id);
    });
  }
  const uint64_t round = ++undo_round_;
  undos_[round] = undo;
  simulation.after(lasts, [this, round] {
    if (auto found = undos_.find(round); found != undos_.end()) {
      auto undo = std::move(found->second);
      undos_.erase(found);
      undo();
    }
  });
}

void World::down(Node& node, bool power) {
  if (!node.up) return;
  ++crashes_;
  VLOG(1) << told() << node.name << " dies, power " << power;
  node.crash(power);
  const uint64_t incarnation = node.incarnation;
  const Duration noticed = power ? milliseconds(300) : milliseconds(2);
  simulation.after(noticed, [this, &node, incarnation] {
    if (node.incarnation == incarnation) fence(node.id);
  });
  simulation.after(milliseconds(20 + faults_->below(600)), [&node, incarnation] {
    if (!node.up && node.incarnation == incarnation) node.start();
  });
}

void World::heal() {
  auto undos = std::move(undos_);
  undos_.clear();
  for (auto& [round, undo] : undos) undo();
  network.reachability().heal();
  isolated_.clear();
  for (auto& node : nodes) {
    node->disk.hold_syncs(false);
    node->disk.set_sync_latency(microseconds(200));
    node->disk.fail_syncs(0);
    // A broker whose disk has failed exits; and one that was fenced while it was only paused
    // or cut off registers anew, as its session tells it.
    if (node->up) down(*node, false);
  }
}

void World::upkeep() {
  simulation.after(milliseconds(50), [this] {
    for (auto& node : nodes) {
      if (node->up && !node->loop->paused())
        node->loop->post([n = node.get(), i = node->incarnation] {
          if (n->up && n->incarnation == i) n->tick();
        });
      // The stream is watched: whoever missed something is sent it again (S8).
      if (node->up && node->applied < version_) push(*node);
    }
    upkeep();
  });
}

}  // namespace barnabas::partition::testing

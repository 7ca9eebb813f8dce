// A stand-in for the controller, after the decision rules: elections from the in-sync set only, S9,
// S10, the checks of AlterPartition. Its messages are late and its answers are lost at times.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <utility>

#include "broker/partition/testing/world.h"

namespace barnabas::partition::testing {

using kafka::ErrorCode;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// A new incarnation: the old one loses all it led in the same step (S9).
void World::registered(Node& node) {
  const uint64_t incarnation = node.incarnation;
  simulation.after(delay(), [this, &node, incarnation] {
    if (!node.up || node.incarnation != incarnation) return;
    epochs_[node.id] = BrokerEpoch{++last_epoch_};
    fenced_.insert(node.id);
    if (state_.leader == node.id) elect();
    publish();
    simulation.after(delay(), [this, &node, incarnation] {
      if (!node.up || node.incarnation != incarnation) return;
      fenced_.erase(node.id);
      if (state_.leader == kNoBroker) elect();
      publish();
    });
  });
}

void World::fence(BrokerId broker) {
  if (!fenced_.insert(broker).second) return;
  // The last member stays: it alone has everything.
  if (state_.in_sync.size() > 1) std::erase(state_.in_sync, broker);
  if (state_.leader == broker) elect();
  publish();
}

void World::elect() {
  state_.leader = kNoBroker;
  for (BrokerId replica : state_.replicas) {
    if (fenced_.contains(replica) || !state_.is_in_sync(replica)) continue;
    state_.leader = replica;
    break;
  }
  state_.leader_epoch = state_.leader_epoch.next();
  ++elections_;
}

void World::publish() {
  state_.partition_epoch = state_.partition_epoch.next();
  ++version_;
  VLOG(1) << told() << "committed: leader " << state_.leader << " epoch " << state_.leader_epoch
          << " partition epoch " << state_.partition_epoch << " in sync " << text(state_.in_sync);
  for (auto& node : nodes) push(*node);
}

void World::push(Node& node) {
  if (!node.up || isolated_.contains(node.id)) return;
  const uint64_t incarnation = node.incarnation;
  SimExecutor* loop = node.loop;
  simulation.after(
      delay(), [&node, incarnation, loop, version = version_, state = state_, epochs = epochs_] {
        if (!node.up || node.incarnation != incarnation) return;
        loop->post([&node, version, state, epochs] { node.metadata(version, state, epochs); });
      });
}

void World::alter(Node& from, InSyncProposal proposal) {
  const uint64_t incarnation = from.incarnation;
  if (isolated_.contains(from.id)) return;
  simulation.after(delay(), [this, &from, incarnation, proposal = std::move(proposal)] {
    const ErrorCode error = decide(from.id, proposal);
    VLOG(1) << told() << from.name << " proposed " << proposal.in_sync.size() << " members at "
            << proposal.partition_epoch << ": " << kafka::error_name(error);
    if (!from.up || from.incarnation != incarnation) return;
    std::optional<ErrorCode> answer = error;
    if (delays_->chance(10)) answer.reset();  // lost
    simulation.after(delay(), [&from, incarnation, proposal, answer] {
      if (!from.up || from.incarnation != incarnation) return;
      from.loop->post(
          [&from, proposal, answer] { from.shell->proposal_answered(proposal, answer); });
    });
  });
}

ErrorCode World::decide(BrokerId from, const InSyncProposal& proposal) {
  if (proposal.leader_epoch != state_.leader_epoch) return ErrorCode::kFencedLeaderEpoch;
  if (state_.leader != from) return ErrorCode::kInvalidRequest;
  if (proposal.partition_epoch != state_.partition_epoch) return ErrorCode::kInvalidUpdateVersion;
  std::vector<BrokerId> in_sync;
  for (const auto& member : proposal.in_sync) {
    auto known = epochs_.find(member.broker);
    if (known == epochs_.end() || known->second != member.epoch ||
        fenced_.contains(member.broker)) {
      return ErrorCode::kIneligibleReplica;
    }
    in_sync.push_back(member.broker);
  }
  state_.in_sync = std::move(in_sync);
  publish();
  return ErrorCode::kNone;
}

}  // namespace barnabas::partition::testing

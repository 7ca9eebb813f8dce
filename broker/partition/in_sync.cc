#include "broker/partition/in_sync.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

namespace barnabas::partition {
namespace {

bool contains(const std::vector<BrokerId>& set, BrokerId broker) {
  return std::find(set.begin(), set.end(), broker) != set.end();
}

// Refusals that are decided on the very partition epoch of the proposal. Every other error says
// that something newer exists, which may be the proposal itself, sent twice.
bool proves_nothing_committed(kafka::ErrorCode error) {
  switch (error) {
    case kafka::ErrorCode::kIneligibleReplica:
    case kafka::ErrorCode::kInvalidRequest:
    case kafka::ErrorCode::kOperationNotAttempted:
      return true;
    default:
      return false;
  }
}

}  // namespace

void InSync::commit(std::vector<BrokerId> members, PartitionEpoch epoch) {
  if (proposal_.has_value() && epoch > proposal_->partition_epoch) {
    proposal_.reset();
    proposed_.clear();
  }
  committed_ = std::move(members);
  epoch_ = epoch;
}

void InSync::propose(InSyncProposal proposal, Instant now) {
  CHECK(settled()) << "a second change of the in-sync set while one is in flight";
  proposed_.clear();
  for (const InSyncProposal::Member& member : proposal.in_sync) proposed_.push_back(member.broker);
  proposal_ = std::move(proposal);
  sent_at_ = now;
}

bool InSync::answered(const InSyncProposal& proposal, std::optional<kafka::ErrorCode> error) {
  if (!proposal_.has_value() || proposal_->partition_epoch != proposal.partition_epoch ||
      proposal_->leader_epoch != proposal.leader_epoch || proposal_->in_sync != proposal.in_sync) {
    return false;
  }
  if (!error.has_value() || !proves_nothing_committed(*error)) return false;
  proposal_.reset();
  proposed_.clear();
  return true;
}

std::optional<InSyncProposal> InSync::due_again(Instant now, Duration patience) {
  if (!proposal_.has_value() || now - sent_at_ < patience) return std::nullopt;
  sent_at_ = now;
  return proposal_;
}

bool InSync::is_committed(BrokerId broker) const { return contains(committed_, broker); }

bool InSync::is_proposed(BrokerId broker) const {
  return proposal_.has_value() && contains(proposed_, broker);
}

InSyncView InSync::view() const {
  InSyncView out{committed_, std::nullopt};
  if (proposal_.has_value()) out.proposed = absl::MakeConstSpan(proposed_);
  return out;
}

}  // namespace barnabas::partition

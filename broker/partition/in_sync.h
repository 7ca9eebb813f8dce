// The in-sync set of one partition as its leader handles it: what the controller has committed, and
// at most one change that is on its way there.
//
//   [settled] --propose()--> [in flight] --newer partition epoch committed--> [settled]
//       ^                        |  ^  \ unknown outcome, or "done": stay, ask again after a while
//       |                        |   `--/
//       +------------------------+
//        refused in a way that proves nothing was committed
//
// S14: the maximal set (committed and proposed together) counts from the step that proposes, and
// as long as it cannot be excluded that the proposal is committed. The answer to a proposal never
// changes the committed set: only a committed record does.
//
// Pure: no clock, no lock, no I/O.

#pragma once

#include <optional>
#include <vector>

#include "broker/partition/high_watermark.h"
#include "broker/partition/replication_types.h"
#include "common/clock.h"
#include "common/ids.h"

namespace barnabas::partition {

class InSync {
 public:
  // A committed state. Settles the proposal if `epoch` is newer than the one it was made at.
  void commit(std::vector<BrokerId> members, PartitionEpoch epoch);
  // A new leadership: nothing of this leader's is in flight.
  void forget_proposal() { proposal_.reset(); }

  // Only when settled. `proposal.partition_epoch` is the committed one.
  void propose(InSyncProposal proposal, Instant now);
  // nullopt: the outcome is unknown. True if the proposal was freed.
  bool answered(const InSyncProposal& proposal, std::optional<kafka::ErrorCode> error);
  // The proposal in flight if it has been for longer than `patience`: to be sent once more, as it
  // was. The same partition epoch makes that safe: it can be committed only once.
  std::optional<InSyncProposal> due_again(Instant now, Duration patience);

  bool settled() const { return !proposal_.has_value(); }
  const std::vector<BrokerId>& committed() const { return committed_; }
  PartitionEpoch epoch() const { return epoch_; }
  const std::optional<InSyncProposal>& proposal() const { return proposal_; }
  bool is_committed(BrokerId broker) const;
  bool is_proposed(BrokerId broker) const;
  bool in_maximal(BrokerId broker) const { return is_committed(broker) || is_proposed(broker); }
  // Both sets, as the high watermark wants them. Valid until the next change.
  InSyncView view() const;

 private:
  std::vector<BrokerId> committed_;
  PartitionEpoch epoch_{-1};
  std::optional<InSyncProposal> proposal_;
  std::vector<BrokerId> proposed_;
  Instant sent_at_;
};

}  // namespace barnabas::partition

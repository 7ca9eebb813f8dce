// What a replica of a partition decides, as a pure state machine: no lock, clock, log or message of
// its own. The shell (partition_shell.h) tells it what has happened and how the log stands, and
// carries out the effects.
//
//                       leader is another                    leader is this broker
//   [idle] --------------------------------> [following] <----------------------------> [leading]
//     ^                                           |            and the log does not       |
//     +---- no leader, or S9 forbids to lead -----+            hold this epoch yet (S9)    |
//     any state --- broken invariant, failed log ---> [fenced]: neither leads nor follows <+
//
// The promises, each with its rule in the tests:
//   - a leader never leads in an epoch that its log already holds from before (S9);
//   - the high watermark is the minimum over the maximal in-sync set of what counts, moves only
//     while the set has min ISR members (S19), and never back within a lineage (S13);
//   - a replica joins the set by what is on its disk, in the very step that proposes it (S14);
//   - a durable report counts only in this epoch, of this incarnation, and checked (S15).
//
// The caller holds the partition's lock for every call.

#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/types/span.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/partition/follower_progress.h"
#include "broker/partition/high_watermark.h"
#include "broker/partition/in_sync.h"
#include "broker/partition/replication_types.h"
#include "common/clock.h"
#include "common/ids.h"
#include "metadata/image.h"

namespace barnabas::partition {

enum class Role { kIdle, kFollowing, kLeading, kFenced };

// How the log stands in the moment of the step. The durable end is the log's own word (S17).
struct LogView {
  Offset start;
  Offset end;
  Offset durable_end;
  LeaderEpoch last_epoch;
};

struct Effects {
  std::optional<InSyncProposal> propose;
  // The leader begins this epoch at the log's end, before anything is appended.
  std::optional<LeaderEpoch> begin_epoch;
  // Leadership has ended: parked requests of its epoch fail (S21).
  bool leadership_ended = false;
  bool high_watermark_moved = false;
  // Role, leader or epoch changed: waiters look again, fetchers are pointed elsewhere.
  bool role_changed = false;
};

class PartitionCore {
 public:
  struct Limits {
    Duration replica_lag_max{std::chrono::seconds(30)};
    Duration flush_lag_max{std::chrono::seconds(10)};
    Duration proposal_patience{std::chrono::seconds(1)};  // before it is sent again
  };

  // `high_watermark`: from the checkpoint, a lower bound of what is committed; `lineage`: the one
  // that it was learned in, if that is known.
  PartitionCore(BrokerId self, metadata::TopicPartition id, Offset high_watermark,
                std::optional<Lineage> lineage, Limits limits);

  // ---- Metadata ----
  // The committed state. An older one than what is known is ignored (S8).
  void commit(const metadata::PartitionImage& state, BrokerEpoch own_epoch,
              const std::map<BrokerId, BrokerEpoch>& epochs, const LogView& log, Instant now,
              Effects& effects);
  void set_min_in_sync(int32_t replicas, const LogView& log, Instant now, Effects& effects);
  void tick(const LogView& log, Instant now, Effects& effects);
  void answered(const InSyncProposal& proposal, std::optional<kafka::ErrorCode> error,
                const LogView& log, Instant now, Effects& effects);

  // ---- The log ----
  // Before an append: remembers that the log ended here until now.
  void before_append(Offset end, Instant now);
  void appended(const LogView& log, Instant now, Effects& effects);
  void flushed(const LogView& log, Instant now, Effects& effects);

  // ---- Leader ----
  // A replica's request: may it speak, and about this epoch? kNone, or what it is answered.
  kafka::ErrorCode check_replica(const ReplicaIdentity& from, LeaderEpoch epoch) const;
  // `agrees`: the log up to `offset` has been found equal to ours, by epoch and end offset.
  void follower_fetched(BrokerId from, Offset offset, bool agrees, const LogView& log, Instant now,
                        Effects& effects);
  // `agrees`: our record before the durable end has the epoch that the report names. Call only
  // after check_replica().
  void follower_reported(BrokerId from, const DurableReport& report, bool agrees,
                         const LogView& log, Instant now, Effects& effects);
  // Where a replica's log starts, as it says in a request that check_replica() has passed.
  void follower_starts_at(BrokerId from, Offset log_start);
  // The lowest log start of the in-sync replicas, `own` included; kNoOffset: somebody has not said.
  Offset lowest_start(Offset own) const;
  // Of `candidates`, the in-sync follower that is known to hold `offset` and has copied most;
  // kNoBroker: none (KIP-392).
  BrokerId best_follower(absl::Span<const BrokerId> candidates, Offset offset) const;
  // Are there enough in-sync replicas for an acks=all append?
  bool enough_in_sync() const;
  size_t in_sync_count() const { return in_sync_.committed().size(); }
  size_t min_in_sync() const;

  // ---- Follower ----
  // The log has been found equal to the leader's up to its end, in the present epoch.
  void agreed(const LogView& log, Offset leader_high_watermark, Effects& effects);
  // The leader of `epoch` says how far the high watermark is, apart from any fetch.
  void told_high_watermark(LeaderEpoch epoch, Offset told, Effects& effects);
  // The log must drop what lies at and above `to`. S13: below the high watermark that is legal
  // exactly when the lineage has moved; else the replica fences itself and this returns false.
  bool may_truncate(Offset to);
  void truncated(Offset to);
  bool has_agreed() const { return agreed_end_.has_value(); }

  // ---- State ----
  void fence(std::string trouble, Effects& effects);
  Role role() const { return role_; }
  bool leading() const { return role_ == Role::kLeading; }
  BrokerId leader() const { return leader_; }
  LeaderEpoch leader_epoch() const { return leader_epoch_; }
  PartitionEpoch partition_epoch() const { return in_sync_.epoch(); }
  Offset epoch_start() const { return epoch_start_; }
  Offset high_watermark() const { return high_watermark_.value(); }
  // The lineage that the high watermark belongs to.
  std::optional<Lineage> lineage() const { return high_watermark_lineage_; }
  // Does only what is on disk count here (acks.durability)?
  bool durable() const;
  const std::string& trouble() const { return trouble_; }
  BrokerEpoch own_epoch() const { return own_epoch_; }
  const InSync& in_sync() const { return in_sync_; }
  std::optional<Offset> durable_end_of(BrokerId follower) const;

 private:
  void lead(const LogView& log, Effects& effects);
  void stop_leading(Effects& effects);
  void renew_followers(Instant now);
  FollowerProgress* progress_of(BrokerId broker);
  Offset counted_end(const LogView& log) const;
  // Everything that may follow from any change, in this order.
  void consequences(const LogView& log, Instant now, Effects& effects);
  void advance_high_watermark(const LogView& log, Effects& effects);
  void wish_for_changes(const LogView& log, Instant now, Effects& effects);
  bool may_join(const FollowerProgress& follower, Instant now) const;
  bool must_leave(const FollowerProgress& follower, const LogView& log, Instant now) const;
  bool switch_has_passed(const LogView& log) const;
  void propose(const std::vector<BrokerId>& members, bool recovered, bool durable, Instant now,
               Effects& effects);

  const BrokerId self_;
  const metadata::TopicPartition id_;
  const Limits limits_;

  Role role_ = Role::kIdle;
  std::string trouble_;
  metadata::PartitionImage state_;
  BrokerId leader_ = kNoBroker;
  LeaderEpoch leader_epoch_ = kNoLeaderEpoch;
  BrokerEpoch own_epoch_ = kNoBrokerEpoch;
  std::map<BrokerId, BrokerEpoch> epochs_;
  int32_t min_in_sync_setting_ = 1;
  InSync in_sync_;

  HighWatermark high_watermark_;
  std::optional<Lineage> high_watermark_lineage_;

  // Leader.
  Offset epoch_start_ = kNoOffset;
  std::optional<Offset> switch_end_;  // S11: the log end when durability was switched on
  std::vector<FollowerProgress> followers_;
  LogEndSamples samples_;
  Instant hold_proposals_until_;

  // Follower: how far the log equals the leader's; nullopt: not known yet in this epoch.
  std::optional<Offset> agreed_end_;
};

}  // namespace barnabas::partition

#include "broker/partition/partition_core.h"

#include <algorithm>
#include <utility>

#include "common/probe.h"

namespace barnabas::partition {

using metadata::Durability;

PartitionCore::PartitionCore(BrokerId self, metadata::TopicPartition id, Offset high_watermark,
                             std::optional<Lineage> lineage, Limits limits)
    : self_(self),
      id_(id),
      limits_(limits),
      high_watermark_(high_watermark),
      high_watermark_lineage_(lineage),
      samples_(limits.replica_lag_max * 2, limits.replica_lag_max / 32) {}

// ---- Metadata ----

void PartitionCore::commit(const metadata::PartitionImage& state, BrokerEpoch own_epoch,
                           const std::map<BrokerId, BrokerEpoch>& epochs, const LogView& log,
                           Instant now, Effects& effects) {
  if (state.partition_epoch < in_sync_.epoch() || state.leader_epoch < leader_epoch_) return;
  own_epoch_ = own_epoch;
  epochs_ = epochs;
  // What was refused may be granted now: somebody was unfenced, or came back.
  hold_proposals_until_ = now;

  const bool newer = state.leader_epoch > leader_epoch_ || state.leader != leader_;
  in_sync_.commit(state.in_sync, state.partition_epoch);
  state_ = state;
  if (role_ == Role::kFenced) {
    leader_ = state.leader;
    leader_epoch_ = state.leader_epoch;
    return;
  }
  if (newer) {
    stop_leading(effects);
    leader_ = state.leader;
    leader_epoch_ = state.leader_epoch;
    agreed_end_.reset();
    effects.role_changed = true;
    if (leader_ == self_) {
      lead(log, effects);
    } else {
      role_ = leader_ == kNoBroker ? Role::kIdle : Role::kFollowing;
    }
  }
  if (role_ == Role::kLeading) renew_followers(now);
  if (state.durability == state.durability_wanted) {
    switch_end_.reset();
  } else if (!switch_end_.has_value()) {
    switch_end_ = log.end;
  }
  consequences(log, now, effects);
}

void PartitionCore::lead(const LogView& log, Effects& effects) {
  // S9: the same epoch over a log that was written in it before would be a silent fork. The
  // registration of this incarnation has bumped, or will bump, the epoch.
  if (log.last_epoch >= leader_epoch_ &&
      !planted("partition: leads on in an epoch that its log holds")) {
    reached("partition: a leader waits for an epoch that its log does not hold");
    role_ = Role::kIdle;
    return;
  }
  role_ = Role::kLeading;
  epoch_start_ = log.end;
  high_watermark_lineage_ = state_.lineage;
  high_watermark_.cut(log.end);
  followers_.clear();
  samples_ = LogEndSamples(limits_.replica_lag_max * 2, limits_.replica_lag_max / 32);
  effects.begin_epoch = leader_epoch_;
}

void PartitionCore::stop_leading(Effects& effects) {
  if (role_ != Role::kLeading) return;
  effects.leadership_ended = true;
  role_ = Role::kIdle;
  followers_.clear();
  in_sync_.forget_proposal();
  switch_end_.reset();
}

// A follower that came back as another incarnation has to prove everything anew.
void PartitionCore::renew_followers(Instant now) {
  std::vector<FollowerProgress> renewed;
  for (BrokerId replica : state_.replicas) {
    if (replica == self_) continue;
    auto epoch = epochs_.find(replica);
    const BrokerEpoch known = epoch == epochs_.end() ? kNoBrokerEpoch : epoch->second;
    FollowerProgress* before = progress_of(replica);
    if (before != nullptr && before->epoch() == known) {
      renewed.push_back(*before);
    } else {
      renewed.emplace_back(replica, known, limits_.flush_lag_max, now);
    }
  }
  followers_ = std::move(renewed);
}

FollowerProgress* PartitionCore::progress_of(BrokerId broker) {
  for (FollowerProgress& follower : followers_) {
    if (follower.broker() == broker) return &follower;
  }
  return nullptr;
}

std::optional<Offset> PartitionCore::durable_end_of(BrokerId broker) const {
  for (const FollowerProgress& follower : followers_) {
    if (follower.broker() == broker) return follower.durable_end();
  }
  return std::nullopt;
}

void PartitionCore::set_min_in_sync(int32_t replicas, const LogView& log, Instant now,
                                    Effects& effects) {
  min_in_sync_setting_ = replicas;
  consequences(log, now, effects);
}

void PartitionCore::tick(const LogView& log, Instant now, Effects& effects) {
  if (role_ != Role::kLeading) return;
  for (FollowerProgress& follower : followers_) {
    follower.observe(log.end, samples_, durable(), now);
  }
  if (std::optional<InSyncProposal> again = in_sync_.due_again(now, limits_.proposal_patience)) {
    reached("partition: a proposal is sent again");
    effects.propose = std::move(again);
  }
  consequences(log, now, effects);
}

void PartitionCore::answered(const InSyncProposal& proposal, std::optional<kafka::ErrorCode> error,
                             const LogView& log, Instant now, Effects& effects) {
  if (role_ != Role::kLeading) return;
  if (!in_sync_.answered(proposal, error)) return;
  // Refused: nothing has changed, so asking again at once would be refused again.
  if (error.has_value()) reached("partition: a proposal was refused");
  hold_proposals_until_ = now + limits_.proposal_patience;
  consequences(log, now, effects);
}

// ---- The log ----

void PartitionCore::before_append(Offset end, Instant now) { samples_.note(now, end); }

void PartitionCore::appended(const LogView& log, Instant now, Effects& effects) {
  consequences(log, now, effects);
}

void PartitionCore::flushed(const LogView& log, Instant now, Effects& effects) {
  consequences(log, now, effects);
}

// ---- Leader ----

kafka::ErrorCode PartitionCore::check_replica(const ReplicaIdentity& from,
                                              LeaderEpoch epoch) const {
  if (role_ == Role::kFenced) return kafka::ErrorCode::kKafkaStorageError;
  if (role_ != Role::kLeading) return kafka::ErrorCode::kNotLeaderOrFollower;
  if (epoch < leader_epoch_ && !planted("partition: counts reports of an old epoch")) {
    reached("partition: a replica spoke of an epoch that is over");
    return kafka::ErrorCode::kFencedLeaderEpoch;
  }
  if (epoch > leader_epoch_) return kafka::ErrorCode::kUnknownLeaderEpoch;
  if (from.broker == self_ || !state_.has_replica(from.broker)) {
    return kafka::ErrorCode::kNotLeaderOrFollower;
  }
  auto known = epochs_.find(from.broker);
  if (known == epochs_.end() || known->second != from.epoch) {
    reached("partition: a replica was of another incarnation");
    return kafka::ErrorCode::kStaleBrokerEpoch;
  }
  return kafka::ErrorCode::kNone;
}

void PartitionCore::follower_fetched(BrokerId from, Offset offset, bool agrees, const LogView& log,
                                     Instant now, Effects& effects) {
  FollowerProgress* follower = progress_of(from);
  if (follower == nullptr || !agrees || offset > log.end) return;
  follower->fetched(offset, now);
  follower->observe(log.end, samples_, durable(), now);
  consequences(log, now, effects);
}

void PartitionCore::follower_reported(BrokerId from, const DurableReport& report, bool agrees,
                                      const LogView& log, Instant now, Effects& effects) {
  FollowerProgress* follower = progress_of(from);
  if (follower == nullptr) return;
  if (!planted("partition: counts reports of an old epoch") &&
      (!agrees || report.durable_end > log.end))
    return;
  if (planted("partition: counts reports of an old epoch"))
    follower->fetched(std::min(report.durable_end, log.end), now);
  follower->reported(report.durable_end, now);
  follower->observe(log.end, samples_, durable(), now);
  consequences(log, now, effects);
}

void PartitionCore::follower_starts_at(BrokerId from, Offset log_start) {
  if (FollowerProgress* follower = progress_of(from)) follower->starts_at(log_start);
}

Offset PartitionCore::lowest_start(Offset own) const {
  Offset lowest = own;
  for (const FollowerProgress& follower : followers_) {
    if (in_sync_.in_maximal(follower.broker())) lowest = std::min(lowest, follower.log_start());
  }
  return lowest;
}

BrokerId PartitionCore::best_follower(absl::Span<const BrokerId> candidates, Offset offset) const {
  const FollowerProgress* best = nullptr;
  for (const FollowerProgress& follower : followers_) {
    const bool asked =
        std::find(candidates.begin(), candidates.end(), follower.broker()) != candidates.end();
    if (!asked || !in_sync_.is_committed(follower.broker())) continue;
    // One that has not said where its log starts has not fetched in this epoch either.
    if (follower.log_start() == kNoOffset || follower.log_start() > offset) continue;
    if (!follower.fetched_end().has_value() || *follower.fetched_end() < offset) continue;
    if (best == nullptr || *follower.fetched_end() > *best->fetched_end()) best = &follower;
  }
  return best == nullptr ? kNoBroker : best->broker();
}

size_t PartitionCore::min_in_sync() const {
  return std::min(static_cast<size_t>(std::max(min_in_sync_setting_, 1)), state_.replicas.size());
}

bool PartitionCore::enough_in_sync() const { return in_sync_.committed().size() >= min_in_sync(); }

// While a switch to durable is under way the stricter of the two holds: it costs only time.
bool PartitionCore::durable() const {
  return !planted("partition: counts what is not on disk") &&
         (state_.durability == Durability::kDurable ||
          state_.durability_wanted == Durability::kDurable);
}

Offset PartitionCore::counted_end(const LogView& log) const {
  return durable() ? log.durable_end : log.end;
}

void PartitionCore::consequences(const LogView& log, Instant now, Effects& effects) {
  if (role_ != Role::kLeading) return;
  wish_for_changes(log, now, effects);
  advance_high_watermark(log, effects);
}

void PartitionCore::advance_high_watermark(const LogView& log, Effects& effects) {
  if (!enough_in_sync() && !planted("partition: the high watermark moves below min in sync")) {
    return;  // S19
  }
  absl::InlinedVector<ReplicaProgress, 8> progress;
  progress.push_back({self_, counted_end(log)});
  for (const FollowerProgress& follower : followers_) {
    if (std::optional<Offset> end = follower.end(durable())) {
      progress.push_back({follower.broker(), std::min(*end, log.end)});
    }
  }
  InSyncView view = in_sync_.view();
  if (planted("partition: trusts a proposed in-sync set") && view.proposed.has_value()) {
    view.committed = *view.proposed;
    view.proposed.reset();
  }
  if (high_watermark_.advance(view, progress)) effects.high_watermark_moved = true;
}

bool PartitionCore::may_join(const FollowerProgress& follower, Instant now) const {
  if (in_sync_.in_maximal(follower.broker())) return false;
  if (follower.epoch() == kNoBrokerEpoch) return false;
  const bool by_disk = durable() && !planted("partition: admits by the end of the log");
  const std::optional<Offset> end = follower.end(by_disk);
  return end.has_value() && *end >= high_watermark_.value() && *end >= epoch_start_ &&
         (!durable() || follower.is_well(now));
}

bool PartitionCore::must_leave(const FollowerProgress& follower, const LogView& log,
                               Instant now) const {
  if (!in_sync_.is_committed(follower.broker())) return false;
  if (durable() && follower.flush_is_stuck(now) &&
      !planted("partition: a stuck disk stays in sync")) {
    return true;
  }
  const std::optional<Offset> end = follower.end(durable());
  if (end.has_value() && *end >= log.end) return false;
  return now - follower.caught_up_at() > limits_.replica_lag_max;
}

// S11: the whole in-sync set has on disk what was written while memory was enough.
bool PartitionCore::switch_has_passed(const LogView& log) const {
  if (state_.durability != Durability::kReplicated ||
      state_.durability_wanted != Durability::kDurable || !switch_end_.has_value()) {
    return false;
  }
  if (planted("partition: durable mode counts at once")) return true;
  if (log.durable_end < *switch_end_) return false;
  return std::all_of(followers_.begin(), followers_.end(), [&](const FollowerProgress& follower) {
    if (!in_sync_.in_maximal(follower.broker())) return true;
    const std::optional<Offset> end = follower.durable_end();
    return end.has_value() && *end >= *switch_end_;
  });
}

void PartitionCore::wish_for_changes(const LogView& log, Instant now, Effects& effects) {
  if (!in_sync_.settled() || now < hold_proposals_until_) return;
  // Those that stay or come, in the replicas' order of preference.
  std::vector<BrokerId> members;
  bool changed = false;
  for (BrokerId replica : state_.replicas) {
    if (replica == self_) {
      members.push_back(self_);
      continue;
    }
    FollowerProgress* follower = progress_of(replica);
    bool member = in_sync_.is_committed(replica);
    if (follower == nullptr) {
      if (member) members.push_back(replica);
      continue;
    }
    if (member && must_leave(*follower, log, now)) {
      reached("partition: a replica is to leave the in-sync set");
      if (durable() && follower->flush_is_stuck(now)) {
        reached("partition: a stuck disk is to leave the in-sync set");
        follower->bar();
      }
      member = false;
      changed = true;
    } else if (!member && may_join(*follower, now)) {
      reached("partition: a replica is to join the in-sync set");
      member = true;
      changed = true;
    }
    if (member) members.push_back(replica);
  }
  const bool recovered = state_.recovering;
  const bool durable_now = switch_has_passed(log);
  if (changed || recovered || durable_now) propose(members, recovered, durable_now, now, effects);
}

void PartitionCore::propose(const std::vector<BrokerId>& members, bool recovered, bool durable,
                            Instant now, Effects& effects) {
  InSyncProposal proposal{id_, leader_epoch_, in_sync_.epoch(), {}, recovered, durable};
  for (BrokerId member : members) {
    auto epoch = epochs_.find(member);
    const BrokerEpoch known =
        member == self_ ? own_epoch_ : (epoch == epochs_.end() ? kNoBrokerEpoch : epoch->second);
    proposal.in_sync.push_back({member, known});
  }
  in_sync_.propose(proposal, now);
  effects.propose = std::move(proposal);
}

// ---- Follower ----

void PartitionCore::agreed(const LogView& log, Offset leader_high_watermark, Effects& effects) {
  if (role_ != Role::kFollowing) return;
  agreed_end_ = log.end;
  high_watermark_lineage_ = state_.lineage;
  if (high_watermark_.learn(leader_high_watermark, log.end)) effects.high_watermark_moved = true;
}

void PartitionCore::told_high_watermark(LeaderEpoch epoch, Offset told, Effects& effects) {
  if (role_ != Role::kFollowing || epoch != leader_epoch_ || !agreed_end_.has_value()) return;
  if (high_watermark_.learn(told, *agreed_end_)) effects.high_watermark_moved = true;
}

bool PartitionCore::may_truncate(Offset to) {
  if (to >= high_watermark_.value()) return true;
  if (planted("partition: truncates below the high watermark")) return true;
  // After a restart the lineage of the checkpoint may not be known; then only a partition that
  // never had an unclean election proves that nothing committed may go.
  const bool moved = high_watermark_lineage_.has_value() ? *high_watermark_lineage_ < state_.lineage
                                                         : state_.lineage > Lineage{0};
  return moved;
}

void PartitionCore::truncated(Offset to) {
  agreed_end_.reset();
  high_watermark_.cut(to);
}

// ---- State ----

void PartitionCore::fence(std::string trouble, Effects& effects) {
  if (role_ == Role::kFenced) return;
  stop_leading(effects);
  role_ = Role::kFenced;
  trouble_ = std::move(trouble);
  effects.role_changed = true;
}

}  // namespace barnabas::partition

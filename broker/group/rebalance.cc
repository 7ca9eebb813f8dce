// From the wish for a new generation to the moment when it begins.

#include <glog/logging.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "broker/group/membership.h"
#include "common/probe.h"

namespace barnabas::group {

using kafka::ErrorCode;

void Membership::rebalance_or_complete(Group& group, RebalanceKind kind, std::string text, Now now,
                                       Effects& effects) {
  if (group.state == GroupState::kPreparingRebalance) {
    maybe_complete_join(group, now, effects);
  } else {
    prepare(group, kind, std::move(text), now, effects);
  }
}

void Membership::prepare(Group& group, RebalanceKind kind, std::string text, Now now,
                         Effects& effects) {
  if (group.state == GroupState::kCompletingRebalance) {
    refuse_assignment(group, ErrorCode::kRebalanceInProgress, now, effects);
  }
  cancel_phase(group.sync_phase);
  group.initial_rebalance = group.state == GroupState::kEmpty;
  group.state = GroupState::kPreparingRebalance;
  const int64_t before = group.last_rebalance == nullptr ? 0 : group.last_rebalance->number;
  group.last_rebalance = std::make_unique<RebalanceReason>(
      RebalanceReason{kind, std::move(text), now.wall, group.generation, before + 1});
  ++table_.counted.rebalances[static_cast<size_t>(kind)];
  effects.rebalances.push_back({group.id(), *group.last_rebalance, group.size()});

  const Duration delay = table_.options.initial_rebalance_delay;
  if (group.initial_rebalance && delay > Duration::zero()) {
    group.member_added = false;
    group.initial_delay = delay;
    group.initial_remaining = std::max(group.rebalance_timeout() - delay, Duration::zero());
    set_phase(group.join_phase, Due::Kind::kJoinPhase, group, now.steady + delay);
    return;
  }
  group.initial_rebalance = false;
  // Fixed now: a member that comes later cannot put it off for those who wait.
  set_phase(group.join_phase, Due::Kind::kJoinPhase, group, now.steady + group.rebalance_timeout());
  maybe_complete_join(group, now, effects);
}

void Membership::maybe_complete_join(Group& group, Now now, Effects& effects) {
  if (!group.initial_rebalance && group.all_have_joined()) complete_join(group, now, effects);
}

void Membership::join_phase_due(Group& group, Now now, Effects& effects) {
  if (group.state != GroupState::kPreparingRebalance) return;
  if (!group.initial_rebalance || !group.member_added ||
      group.initial_remaining == Duration::zero()) {
    return complete_join(group, now, effects);
  }
  group.member_added = false;
  const Duration waited = group.initial_delay;
  group.initial_delay = std::min(table_.options.initial_rebalance_delay, group.initial_remaining);
  group.initial_remaining = std::max(group.initial_remaining - waited, Duration::zero());
  set_phase(group.join_phase, Due::Kind::kJoinPhase, group, now.steady + group.initial_delay);
}

void Membership::complete_join(Group& group, Now now, Effects& effects) {
  cancel_phase(group.join_phase);
  std::vector<std::string> missing;
  for (const auto& [id, member] : group.members()) {
    if (!member->waits_for_join() && !member->instance_id.has_value()) missing.push_back(id);
  }
  if (!missing.empty()) reached("group: a member missed a rebalance");
  for (const std::string& id : missing) remove_member(group, id, effects);

  if (group.size() > 0 && !group.elect_joined_leader()) {
    // Only static members are left, and none has come: their sessions decide.
    set_phase(group.join_phase, Due::Kind::kJoinPhase, group,
              now.steady + group.rebalance_timeout());
    return;
  }
  group.initial_rebalance = false;
  if (!planted("group: keeps the generation") || group.generation == 0) {
    group.generation =
        group.generation == std::numeric_limits<int32_t>::max() ? 1 : group.generation + 1;
  }
  group.state_timestamp_ms = now.wall.time_since_epoch().count();
  if (group.size() == 0) return became_empty(group, now, effects);

  group.protocol = group.select_protocol();
  group.state = GroupState::kCompletingRebalance;
  for (const auto& [id, member] : group.members()) {
    group.set_must_sync(*member, true);
    if (const std::optional<Token> token = group.take_join(*member); token.has_value()) {
      table_.reply(&group, *token, joined(group, *member), effects);
    }
    table_.keep_alive(*member, now);
    member->is_new = false;
  }
  set_phase(group.sync_phase, Due::Kind::kSyncPhase, group, now.steady + group.rebalance_timeout());
}

void Membership::became_empty(Group& group, Now now, Effects& effects) {
  group.protocol.reset();
  group.state = GroupState::kEmpty;
  group.record_appended = true;
  const AppendId id = table_.uncommitted.append(
      {group_record(group.id(), group.to_store(nullptr))}, now.wall,
      [&group](Now, Effects&) { group.record_committed = true; }, effects);
  group.last_append = id;
  group.decided_on = id;
}

// Who has joined a generation and never asks for its assignment is gone, whatever its heartbeats
// say: the others would wait for work that nobody does.
void Membership::sync_phase_due(Group& group, Now now, Effects& effects) {
  if (group.state != GroupState::kCompletingRebalance && group.state != GroupState::kStable) return;
  std::vector<std::string> missing;
  for (const auto& [id, member] : group.members()) {
    if (member->must_sync()) missing.push_back(id);
  }
  if (missing.empty()) return;
  for (const std::string& id : missing) remove_member(group, id, effects);
  prepare(group, RebalanceKind::kSyncTimedOut,
          "member " + missing.front() +
              (missing.size() == 1 ? "" : " and " + std::to_string(missing.size() - 1) + " more") +
              " did not ask for the assignment in time",
          now, effects);
}

void Membership::set_phase(std::optional<Timers::Handle>& timer, Due::Kind kind, Group& group,
                           Instant at) {
  if (!timer.has_value()) timer = table_.timers.add({kind, &group, nullptr, nullptr});
  table_.timers.set(*timer, at);
}

void Membership::cancel_phase(const std::optional<Timers::Handle>& timer) {
  if (timer.has_value()) table_.timers.cancel(*timer);
}

}  // namespace barnabas::group

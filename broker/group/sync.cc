// SyncGroup: the leader's assignment is stored, then everybody gets his part of it.

#include <utility>

#include "broker/group/membership.h"
#include "broker/group/refusals.h"
#include "common/probe.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;

bool contradicts(const std::optional<std::string>& said, const std::optional<std::string>& is) {
  return said.has_value() && is.has_value() && said != is;
}

SyncAnswer assigned(const Group& group, const Member& member) {
  return {ErrorCode::kNone, group.protocol_type, group.protocol, member.assignment};
}

}  // namespace

void Membership::sync(Token token, SyncCommand command, Now now, Effects& effects) {
  Group* known = table_.lookup(command.group);
  Group* group = table_.find(command.group);
  const auto refuse = [&](ErrorCode error) {
    table_.reply(known, token, refusal(command, error), effects);
  };
  if (command.group.empty()) return refuse(ErrorCode::kInvalidGroupId);
  if (group == nullptr) return refuse(ErrorCode::kUnknownMemberId);
  const ErrorCode error = group->check(command.member_id, command.instance_id);
  if (error != ErrorCode::kNone) return refuse(error);
  if (command.generation != group->generation && !planted("group: skips the generation check")) {
    return refuse(ErrorCode::kIllegalGeneration);
  }
  if (contradicts(command.protocol_type, group->protocol_type) ||
      contradicts(command.protocol, group->protocol)) {
    return refuse(ErrorCode::kInconsistentGroupProtocol);
  }
  Member& member = *group->find(command.member_id);
  switch (group->state) {
    case GroupState::kEmpty:
    case GroupState::kDead:
      return refuse(ErrorCode::kUnknownMemberId);
    case GroupState::kPreparingRebalance:
      return refuse(ErrorCode::kRebalanceInProgress);
    case GroupState::kStable:
      synced(*group, member);
      return table_.reply(group, token, assigned(*group, member), effects);
    case GroupState::kCompletingRebalance:
      break;
  }
  synced(*group, member);
  if (const std::optional<Token> before = std::exchange(member.sync, token); before.has_value()) {
    table_.reply(group, *before, refusal(command, ErrorCode::kRebalanceInProgress), effects);
  }
  if (group->is_leader(member) && !group->storing.has_value()) {
    store_assignment(*group, command, now, effects);
  }
}

void Membership::store_assignment(Group& group, const SyncCommand& command, Now now,
                                  Effects& effects) {
  std::map<std::string, std::string> assignments;
  for (const MemberAssignment& given : command.assignments) {
    if (group.find(given.member_id) != nullptr) {
      assignments[given.member_id] = given.assignment;
    }
  }
  LogRecord record = group_record(group.id(), group.to_store(&assignments));
  if (size_in_batch(record) > table_.options.max_append_bytes) {
    // The same again would follow: members stop on this error and say so.
    refuse_assignment(group, ErrorCode::kUnknownServerError, now, effects);
    return prepare(group, RebalanceKind::kAssignmentTooLarge,
                   "the leader's assignment is too large for a record of the offsets topic "
                   "(max.message.bytes)",
                   now, effects);
  }
  const AppendId id = table_.uncommitted.next();
  group.record_appended = true;
  group.last_append = id;
  group.storing = id;
  table_.uncommitted.append(
      {std::move(record)}, now.wall,
      [this, &group, id, assignments = std::move(assignments)](Now at, Effects& out) mutable {
        group.record_committed = true;
        // Unless a rebalance has ended this generation meanwhile.
        if (group.storing == id) became_stable(group, std::move(assignments), at, out);
      },
      effects);
}

void Membership::became_stable(Group& group, std::map<std::string, std::string> assignments,
                               Now now, Effects& effects) {
  group.storing.reset();
  group.state = GroupState::kStable;
  ++table_.counted.completed_rebalances;
  for (const auto& [id, member] : group.members()) {
    member->assignment = std::move(assignments[id]);
    if (const std::optional<Token> token = std::exchange(member->sync, std::nullopt);
        token.has_value()) {
      table_.reply(&group, *token, assigned(group, *member), effects);
    }
    // A session that ended while the assignment was on its way to the log has not been acted upon.
    table_.keep_alive(*member, now);
  }
}

void Membership::refuse_assignment(Group& group, ErrorCode error, Now now, Effects& effects) {
  group.storing.reset();
  for (const auto& [id, member] : group.members()) {
    member->assignment.clear();
    group.set_must_sync(*member, false);
    if (const std::optional<Token> token = std::exchange(member->sync, std::nullopt);
        token.has_value()) {
      table_.reply(&group, *token, refusal(SyncCommand(), error), effects);
      table_.keep_alive(*member, now);
    }
  }
}

void Membership::synced(Group& group, Member& member) {
  group.set_must_sync(member, false);
  if (group.all_have_synced()) cancel_phase(group.sync_phase);
}

}  // namespace barnabas::group

// Staying and going: heartbeats, leaves, expired sessions.

#include "broker/group/membership.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "broker/group/refusals.h"
#include "broker/group/text.h"
#include "common/probe.h"

namespace barnabas::group {

namespace {

using kafka::ErrorCode;

// "" if it is none of the members.
std::string id_of(Group& group, const LeavingMember& leaving) {
  const Member* member = leaving.member_id.empty() ? group.find_static(*leaving.instance_id)
                                                   : group.find(leaving.member_id);
  return member == nullptr ? std::string() : member->id;
}

}  // namespace

void Membership::heartbeat(Token token, const HeartbeatCommand& command, Now now,
                           Effects& effects) {
  Group* known = table_.lookup(command.group);
  Group* group = table_.find(command.group);
  const auto answer = [&](ErrorCode error) {
    table_.reply(known, token, HeartbeatAnswer{error}, effects);
  };
  if (command.group.empty()) return answer(ErrorCode::kInvalidGroupId);
  if (group == nullptr) return answer(ErrorCode::kUnknownMemberId);
  const ErrorCode error = group->check(command.member_id, command.instance_id);
  if (error != ErrorCode::kNone) return answer(error);
  if (command.generation != group->generation && !planted("group: skips the generation check")) {
    return answer(ErrorCode::kIllegalGeneration);
  }
  // One who waits for his id to be told keeps the time of his join.
  Member& member = *group->find(command.member_id);
  if (!member.is_new) table_.keep_alive(member, now);
  answer(group->state == GroupState::kPreparingRebalance ? ErrorCode::kRebalanceInProgress
                                                         : ErrorCode::kNone);
}

void Membership::leave(Token token, const LeaveCommand& command, Now now, Effects& effects) {
  Group* known = table_.lookup(command.group);
  Group* group = table_.find(command.group);
  LeaveAnswer answer;
  if (command.group.empty()) {
    answer.error = ErrorCode::kInvalidGroupId;
    return table_.reply(known, token, std::move(answer), effects);
  }
  std::string gone;
  RebalanceKind kind = RebalanceKind::kMemberLeft;
  for (const LeavingMember& leaving : command.members) {
    LeftMember& left =
        answer.members.emplace_back(LeftMember{leaving.member_id, leaving.instance_id});
    left.error = group == nullptr ? ErrorCode::kUnknownMemberId : leave_one(*group, leaving);
    const std::string member_id =
        group == nullptr || left.error != ErrorCode::kNone ? std::string() : id_of(*group, leaving);
    if (member_id.empty()) continue;
    if (gone.empty()) {
      const bool removed = leaving.member_id.empty();
      kind = removed ? RebalanceKind::kMemberRemoved : RebalanceKind::kMemberLeft;
      gone =
          absl::StrCat("member ", member_id, removed ? " was removed by its instance id" : " left");
      if (!leaving.reason.empty()) {
        absl::StrAppend(&gone, "; client reason: ", std::string(cut(leaving.reason, kReasonShown)));
      }
    }
    remove_member(*group, member_id, effects);
  }
  table_.reply(known, token, std::move(answer), effects);
  if (group == nullptr) return;
  if (!gone.empty()) return after_removal(*group, kind, std::move(gone), now, effects);
  // Ids that had only been given out may have been what a rebalance waited for.
  pending_gone(*group, now, effects);
}

// May it leave? One whose id was only given out has left with this.
ErrorCode Membership::leave_one(Group& group, const LeavingMember& leaving) {
  if (leaving.member_id.empty()) {
    const bool known =
        leaving.instance_id.has_value() && group.find_static(*leaving.instance_id) != nullptr;
    return known ? ErrorCode::kNone : ErrorCode::kUnknownMemberId;
  }
  if (group.is_pending(leaving.member_id)) {
    table_.timers.remove(group.pending().at(leaving.member_id));
    group.remove_pending(leaving.member_id);
    return ErrorCode::kNone;
  }
  return group.check(leaving.member_id, leaving.instance_id);
}

void Membership::remove_member(Group& group, const std::string& member_id, Effects& effects) {
  Member& member = *group.find(member_id);
  // If it is still there it comes again as a new one.
  if (const std::optional<Token> token = group.take_join(member);
      token.has_value() && !planted("group: loses a parked join")) {
    refuse_join(&group, *token, ErrorCode::kUnknownMemberId, "", effects);
  }
  if (const std::optional<Token> token = std::exchange(member.sync, std::nullopt);
      token.has_value()) {
    table_.reply(&group, *token, refusal(SyncCommand(), ErrorCode::kUnknownMemberId), effects);
  }
  table_.timers.remove(member.session);
  group.remove(member_id);
}

void Membership::after_removal(Group& group, RebalanceKind kind, std::string text, Now now,
                               Effects& effects) {
  switch (group.state) {
    case GroupState::kStable:
    case GroupState::kCompletingRebalance:
      return prepare(group, kind, std::move(text), now, effects);
    case GroupState::kPreparingRebalance:
      return maybe_complete_join(group, now, effects);
    case GroupState::kEmpty:
    case GroupState::kDead:
      return table_.erase_if_unused(group);
  }
}

void Membership::session_due(Group& group, Member& member, Now now, Effects& effects) {
  // Who waits for the coordinator is alive, and gets a new session with the answer. One that does
  // not know its id yet cannot be told from one that has gone.
  const bool waits = member.waits_for_join() || member.sync.has_value();
  if (waits && !member.is_new) return;
  std::string text = absl::StrCat("member ", member.id,
                                  member.is_new ? " has not been seen since it asked to join"
                                                : " sent no heartbeat within its session timeout");
  remove_member(group, std::string(member.id), effects);
  after_removal(group, RebalanceKind::kSessionExpired, std::move(text), now, effects);
}

void Membership::pending_due(Group& group, const std::string& member_id, Now now,
                             Effects& effects) {
  table_.timers.remove(group.pending().at(member_id));
  group.remove_pending(std::string(member_id));
  pending_gone(group, now, effects);
}

void Membership::pending_gone(Group& group, Now now, Effects& effects) {
  if (group.state == GroupState::kPreparingRebalance) {
    maybe_complete_join(group, now, effects);
  } else {
    table_.erase_if_unused(group);
  }
}

void Membership::drop_pending(Group& group) {
  while (!group.pending().empty()) {
    const auto [member_id, timer] = *group.pending().begin();
    table_.timers.remove(timer);
    group.remove_pending(member_id);
  }
}

void Membership::begin(Group& group, Now now, Effects& effects) {
  for (const auto& [id, member] : group.members()) {
    member->session = table_.timers.add({Due::Kind::kSession, &group, member.get(), nullptr});
    table_.keep_alive(*member, now);
  }
  if (group.size() > table_.options.max_group_size) {
    prepare(group, RebalanceKind::kOverCapacity,
            absl::StrCat("the group has ", group.size(), " members and group.max.size allows ",
                         table_.options.max_group_size),
            now, effects);
  }
}

void Membership::due(const Due& due, Now now, Effects& effects) {
  switch (due.kind) {
    case Due::Kind::kSession:
      return session_due(*due.group, *due.member, now, effects);
    case Due::Kind::kPendingJoin:
      return pending_due(*due.group, *due.pending, now, effects);
    case Due::Kind::kJoinPhase:
      return join_phase_due(*due.group, now, effects);
    case Due::Kind::kSyncPhase:
      return sync_phase_due(*due.group, now, effects);
    case Due::Kind::kRetention:
      break;
  }
}

}  // namespace barnabas::group

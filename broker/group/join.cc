// JoinGroup: who may come in, and what its coming means for the group.

#include <absl/container/btree_set.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "broker/group/membership.h"
#include "broker/group/text.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;

// Enough to recognise a client by; a record's texts are bounded.
constexpr size_t kClientIdInMemberId = 1'024;

bool too_long(const std::string& text) { return text.size() > kMaxStoredText; }

ErrorCode check_form(const JoinCommand& command, const Options& options) {
  if (command.group.empty() || too_long(command.group)) return ErrorCode::kInvalidGroupId;
  if (command.session_timeout_ms < options.min_session_timeout_ms ||
      command.session_timeout_ms > options.max_session_timeout_ms) {
    return ErrorCode::kInvalidSessionTimeout;
  }
  if (command.instance_id.has_value() && too_long(*command.instance_id)) {
    return ErrorCode::kInvalidRequest;
  }
  if (too_long(command.protocol_type)) return ErrorCode::kInconsistentGroupProtocol;
  for (const Protocol& protocol : command.protocols) {
    if (too_long(protocol.name)) return ErrorCode::kInconsistentGroupProtocol;
    // It could never be stored, whatever the other members bring.
    if (protocol.metadata.size() > options.max_append_bytes) return ErrorCode::kMessageTooLarge;
  }
  return ErrorCode::kNone;
}

void tidy(JoinCommand& command) {
  if (command.rebalance_timeout_ms < 0) command.rebalance_timeout_ms = command.session_timeout_ms;
  command.client_id = cut(command.client_id, kMaxStoredText);
  command.client_host = cut(command.client_host, kMaxStoredText);
  command.reason = cut(command.reason, kReasonShown);
  // Of a protocol that is named twice the first counts.
  absl::btree_set<std::string> seen;
  std::erase_if(command.protocols,
                [&](const Protocol& protocol) { return !seen.insert(protocol.name).second; });
}

std::string with_reason(std::string text, const std::string& reason) {
  if (!reason.empty()) absl::StrAppend(&text, "; client reason: ", reason);
  return text;
}

std::string named(const std::string& member_id, const std::optional<std::string>& instance_id) {
  return instance_id.has_value() ? absl::StrCat(member_id, " (instance ", *instance_id, ")")
                                 : member_id;
}

}  // namespace

void Membership::join(Token token, JoinCommand command, Now now, Effects& effects) {
  Group* known = table_.lookup(command.group);
  const ErrorCode error = check_form(command, table_.options);
  if (error != ErrorCode::kNone) {
    return refuse_join(known, token, error, command.member_id, effects);
  }
  tidy(command);
  Group* group = table_.find(command.group);
  if (group == nullptr) {
    if (!command.member_id.empty()) {
      return refuse_join(known, token, ErrorCode::kUnknownMemberId, command.member_id, effects);
    }
    if (command.protocol_type.empty() || command.protocols.empty()) {
      return refuse_join(known, token, ErrorCode::kInconsistentGroupProtocol, "", effects);
    }
    group = &table_.find_or_create(command.group);
  }
  if (!has_room(*group, command.member_id)) {
    if (group->find(command.member_id) != nullptr) {
      remove_member(*group, command.member_id, effects);
    }
    refuse_join(group, token, ErrorCode::kGroupMaxSizeReached, "", effects);
    if (group->state == GroupState::kPreparingRebalance) maybe_complete_join(*group, now, effects);
    return;
  }
  if (!group->supports(command.protocol_type, command.protocols)) {
    refuse_join(group, token, ErrorCode::kInconsistentGroupProtocol, command.member_id, effects);
    return;
  }
  if (command.member_id.empty()) {
    join_new(*group, token, std::move(command), now, effects);
  } else {
    join_known(*group, token, std::move(command), now, effects);
  }
}

// While a group gathers, those count who have come to this rebalance: so a limit that was lowered
// sends away the last to come, and a place in the earlier generation gives no right to one here.
bool Membership::has_room(Group& group, const std::string& member_id) const {
  const Member* member = group.find(member_id);
  switch (group.state) {
    case GroupState::kPreparingRebalance:
      return (member != nullptr && member->waits_for_join()) ||
             group.waiting_for_join() < table_.options.max_group_size;
    case GroupState::kCompletingRebalance:
    case GroupState::kStable:
      return member != nullptr || group.size() < table_.options.max_group_size;
    case GroupState::kEmpty:
    case GroupState::kDead:
      break;
  }
  return true;
}

void Membership::join_new(Group& group, Token token, JoinCommand command, Now now,
                          Effects& effects) {
  std::string member_id = new_member_id(command);
  if (command.instance_id.has_value()) {
    Member* member = group.find_static(*command.instance_id);
    if (member != nullptr) {
      command.member_id = std::move(member_id);
      return replace_static(group, *member, token, std::move(command), now, effects);
    }
  } else if (command.require_member_id) {
    return require_id(group, token, command, std::move(member_id), now, effects);
  }
  add_member(group, token, std::move(command), std::move(member_id), now, effects);
}

void Membership::require_id(Group& group, Token token, const JoinCommand& command,
                            std::string member_id, Now now, Effects& effects) {
  const std::string& pending = group.add_pending(std::move(member_id));
  const Timers::Handle timer =
      table_.timers.add({Due::Kind::kPendingJoin, &group, nullptr, &pending});
  group.set_pending_timer(pending, timer);
  table_.timers.set(timer, now.steady + std::chrono::milliseconds(command.session_timeout_ms));
  refuse_join(&group, token, ErrorCode::kMemberIdRequired, pending, effects);
}

void Membership::join_known(Group& group, Token token, JoinCommand command, Now now,
                            Effects& effects) {
  std::string member_id = command.member_id;
  if (!command.instance_id.has_value() && group.is_pending(member_id)) {
    table_.timers.remove(group.pending().at(member_id));
    group.remove_pending(member_id);
    return add_member(group, token, std::move(command), std::move(member_id), now, effects);
  }
  const ErrorCode error = group.check(member_id, command.instance_id);
  if (error != ErrorCode::kNone) {
    return refuse_join(&group, token, error, std::move(member_id), effects);
  }
  join_member(group, *group.find(member_id), token, std::move(command), now, effects);
}

void Membership::join_member(Group& group, Member& member, Token token, JoinCommand command,
                             Now now, Effects& effects) {
  const bool unchanged = same_protocols(member, command.protocols);
  switch (group.state) {
    case GroupState::kPreparingRebalance:
      // No rebalance begins with it: this is its part in the one under way.
      return update_member(group, member, token, std::move(command), RebalanceKind::kMemberJoined,
                           now, effects);
    case GroupState::kCompletingRebalance:
      // It may only not have got the answer.
      if (unchanged) return table_.reply(&group, token, joined(group, member), effects);
      break;
    case GroupState::kStable:
      // The leader may know of something that changes the assignment and nobody's metadata.
      if (group.is_leader(member)) {
        return update_member(group, member, token, std::move(command),
                             RebalanceKind::kLeaderRejoined, now, effects);
      }
      if (unchanged) {
        JoinAnswer answer = joined(group, member);
        answer.members.clear();
        return table_.reply(&group, token, std::move(answer), effects);
      }
      break;
    case GroupState::kEmpty:
    case GroupState::kDead:
      return refuse_join(&group, token, ErrorCode::kUnknownMemberId, member.id, effects);
  }
  update_member(group, member, token, std::move(command), RebalanceKind::kSubscriptionChanged, now,
                effects);
}

void Membership::add_member(Group& group, Token token, JoinCommand command, std::string member_id,
                            Now now, Effects& effects) {
  auto owned = std::make_unique<Member>();
  owned->id = std::move(member_id);
  owned->instance_id = std::move(command.instance_id);
  owned->client_id = std::move(command.client_id);
  owned->client_host = std::move(command.client_host);
  owned->session_timeout_ms = command.session_timeout_ms;
  owned->rebalance_timeout_ms = command.rebalance_timeout_ms;
  owned->is_new = true;
  if (group.size() == 0) group.protocol_type = std::move(command.protocol_type);
  if (group.initial_rebalance) group.member_added = true;

  Member& member = group.add(std::move(owned), std::move(command.protocols));
  member.session = table_.timers.add({Due::Kind::kSession, &group, &member, nullptr});
  group.park_join(member, token);
  // Its session does not run yet, but a join whose sender is gone must end some time.
  table_.timers.set(member.session, now.steady + table_.options.new_member_join_timeout);
  std::string text = with_reason(
      absl::StrCat("member ", named(member.id, member.instance_id), " joined"), command.reason);
  rebalance_or_complete(group, RebalanceKind::kMemberJoined, std::move(text), now, effects);
}

void Membership::update_member(Group& group, Member& member, Token token, JoinCommand command,
                               RebalanceKind kind, Now now, Effects& effects) {
  group.set_protocols(member, std::move(command.protocols));
  member.session_timeout_ms = command.session_timeout_ms;
  member.rebalance_timeout_ms = command.rebalance_timeout_ms;
  if (const std::optional<Token> before = group.park_join(member, token); before.has_value()) {
    refuse_join(&group, *before, ErrorCode::kRebalanceInProgress, member.id, effects);
  }
  const char* what = kind == RebalanceKind::kLeaderRejoined ? " (the leader) rejoined"
                                                            : " came with another subscription";
  std::string text = with_reason(
      absl::StrCat("member ", named(member.id, member.instance_id), what), command.reason);
  rebalance_or_complete(group, kind, std::move(text), now, effects);
}

// <client or instance id>-<random UUID>, as Kafka makes them.
std::string Membership::new_member_id(const JoinCommand& command) {
  const std::string_view name =
      cut(command.instance_id.has_value() ? *command.instance_id : command.client_id,
          kClientIdInMemberId);
  const uint64_t high = (random_.next() & ~uint64_t{0xF000}) | uint64_t{0x4000};
  const uint64_t low = (random_.next() >> 2U) | (uint64_t{1} << 63U);
  const auto hex = [](uint64_t value, absl::PadSpec digits) {
    return absl::StrCat(absl::Hex(value, digits));
  };
  return absl::StrCat(std::string(name), "-", hex(high >> 32U, absl::kZeroPad8), "-",
                      hex((high >> 16U) & 0xFFFFU, absl::kZeroPad4), "-",
                      hex(high & 0xFFFFU, absl::kZeroPad4), "-", hex(low >> 48U, absl::kZeroPad4),
                      "-", hex(low & 0xFFFFFFFFFFFFU, absl::kZeroPad12));
}

JoinAnswer Membership::joined(const Group& group, const Member& member) const {
  JoinAnswer answer;
  answer.generation = group.generation;
  answer.protocol_type = group.protocol_type;
  answer.protocol = group.protocol;
  answer.leader = group.leader();
  answer.member_id = member.id;
  if (!group.is_leader(member)) return answer;
  answer.members.reserve(group.size());
  for (const auto& [id, other] : group.members()) {
    answer.members.push_back({id, other->instance_id, group.metadata_of(*other)});
  }
  return answer;
}

void Membership::refuse_join(const Group* group, Token token, ErrorCode error,
                             std::string member_id, Effects& effects) {
  JoinAnswer answer;
  answer.error = error;
  answer.member_id = std::move(member_id);
  table_.reply(group, token, std::move(answer), effects);
}

}  // namespace barnabas::group

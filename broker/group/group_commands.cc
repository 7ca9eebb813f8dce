#include "broker/group/group_commands.h"

#include <absl/strings/match.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "broker/group/refusals.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;

bool named(const std::vector<std::string>& names, const char* name) {
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& wanted) {
           return absl::EqualsIgnoreCase(wanted, name);
         });
}

}  // namespace

void GroupCommands::list(Token token, const ListGroupsCommand& command, Effects& effects) {
  ListGroupsAnswer answer;
  if (named(command.types, "classic")) {
    for (const auto& [name, group] : table_.groups()) {
      if (!GroupTable::visible(*group) || !named(command.states, name_of(group->state))) continue;
      answer.groups.push_back({name, group->protocol_type.value_or(""), group->state});
    }
  }
  effects.answers.push_back({token, std::move(answer)});
}

void GroupCommands::describe(Token token, const DescribeGroupCommand& command, Effects& effects) {
  const Group* group = table_.lookup(command.group);
  DescribeGroupAnswer answer;
  if (group == nullptr || !GroupTable::visible(*group)) {
    answer.error = ErrorCode::kGroupIdNotFound;
    return table_.reply(group, token, std::move(answer), effects);
  }
  const bool stable = group->state == GroupState::kStable;
  answer.state = group->state;
  answer.protocol_type = group->protocol_type.value_or("");
  if (stable) answer.protocol = group->protocol.value_or("");
  answer.generation = group->generation;
  answer.leader = group->leader();
  if (group->last_rebalance != nullptr) answer.last_rebalance = *group->last_rebalance;
  answer.members.reserve(group->size());
  for (const auto& [id, member] : group->members()) {
    answer.members.push_back({id, member->instance_id, member->client_id, member->client_host,
                              stable ? group->metadata_of(*member) : std::string(),
                              member->assignment});
  }
  table_.reply(group, token, std::move(answer), effects);
}

void GroupCommands::remove(Token token, const DeleteGroupsCommand& command, Now now,
                           Effects& effects) {
  DeleteGroupsAnswer answer;
  AppendId after = 0;
  for (const std::string& name : command.groups) {
    // What an earlier deletion has appended may be all that there is to wait for.
    const Group* known = table_.lookup(name);
    if (known != nullptr) after = std::max(after, known->last_append);
    answer.groups.push_back({name, remove_one(name, now, effects)});
    known = table_.lookup(name);
    if (known != nullptr) after = std::max(after, known->last_append);
  }
  table_.uncommitted.answer_after(after, {token, std::move(answer)}, effects);
}

ErrorCode GroupCommands::remove_one(const std::string& name, Now now, Effects& effects) {
  Group* group = table_.find(name);
  if (group == nullptr) return ErrorCode::kGroupIdNotFound;
  if (group->state != GroupState::kEmpty) return ErrorCode::kNonEmptyGroup;
  membership_.drop_pending(*group);
  std::vector<OffsetChange> offsets;
  group->offsets.each_working(
      [&](const std::string& topic, int32_t partition, const StoredOffset&) {
        offsets.push_back({topic, partition, std::nullopt});
      });
  const bool stored = group->record_appended;
  const bool committed = group->record_committed;
  group->deleted = true;
  group->forget_membership();
  group->record_committed = committed;
  ++table_.counted.deleted_groups;
  table_.append_tombstones(*group, std::move(offsets), stored, now, effects);
  group->decided_on = group->last_append;
  table_.erase_if_unused(*group);
  return ErrorCode::kNone;
}

}  // namespace barnabas::group

#include "broker/group/shard.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include <utility>

#include "broker/group/coordination.h"
#include "broker/group/refusals.h"
#include "common/probe.h"

namespace barnabas::group {

using kafka::ErrorCode;

std::optional<ErrorCode> Coordination::closed() const {
  switch (phase) {
    case Phase::kLoading:
      return ErrorCode::kCoordinatorLoadInProgress;
    case Phase::kResigned:
      return ErrorCode::kNotCoordinator;
    case Phase::kActive:
      break;
  }
  return std::nullopt;
}

void Coordination::drop(ErrorCode error, Effects& effects) {
  for (const Answer& decided : table.uncommitted.drop()) {
    effects.answers.push_back({decided.token, failure(decided.result, error)});
  }
  for (const auto& [name, group] : table.groups()) {
    for (const auto& [id, member] : group->members()) {
      if (member->join().has_value()) {
        JoinAnswer answer;
        answer.error = error;
        answer.member_id = member->is_new ? "" : id;
        effects.answers.push_back({*member->join(), std::move(answer)});
      }
      if (member->sync.has_value()) {
        effects.answers.push_back({*member->sync, refusal(SyncCommand(), error)});
      }
    }
  }
  table.clear();
  retention.reset();
}

Shard::Shard(Options options, Random& random)
    : coordination_(std::make_unique<Coordination>(options, random)) {}
Shard::~Shard() = default;

// ---- Loading ----

absl::Status Shard::replay(std::string_view key, std::optional<std::string_view> value) {
  absl::StatusOr<DecodedRecord> record = decode_record(key, value);
  if (!record.ok()) return record.status();
  GroupTable& table = coordination_->table;
  if (auto* offset = std::get_if<OffsetRecord>(&*record)) {
    table.find_or_create(offset->group).offsets.commit(std::move(offset->change), 0);
  } else if (auto* stored = std::get_if<GroupRecord>(&*record)) {
    Group& group = table.find_or_create(stored->group);
    if (stored->value.has_value()) {
      group.load(*std::move(stored->value));
    } else {
      group.forget_membership();
    }
  }
  return absl::OkStatus();
}

void Shard::loaded(Now now, Effects& effects) {
  GroupTable& table = coordination_->table;
  coordination_->phase = Coordination::Phase::kActive;
  std::vector<Group*> groups;
  for (const auto& [name, group] : table.groups()) groups.push_back(group.get());
  for (Group* group : groups) {
    coordination_->membership.begin(*group, now, effects);
    table.erase_if_unused(*group);
  }
  coordination_->retention = table.timers.add({Due::Kind::kRetention, nullptr, nullptr, nullptr});
  table.timers.set(*coordination_->retention, now.steady + table.options.retention_check_interval);
}

// ---- Commands ----

namespace {

// True if the shard is not active, which is the answer then.
template <class Command>
bool refused(const Coordination& coordination, Token token, const Command& command,
             Effects& effects) {
  const std::optional<ErrorCode> error = coordination.closed();
  if (error.has_value()) effects.answers.push_back({token, refusal(command, *error)});
  return error.has_value();
}

}  // namespace

void Shard::join(Token token, JoinCommand command, Now now, Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->membership.join(token, std::move(command), now, effects);
}

void Shard::sync(Token token, SyncCommand command, Now now, Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->membership.sync(token, std::move(command), now, effects);
}

void Shard::heartbeat(Token token, const HeartbeatCommand& command, Now now, Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->membership.heartbeat(token, command, now, effects);
}

void Shard::leave(Token token, const LeaveCommand& command, Now now, Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->membership.leave(token, command, now, effects);
}

void Shard::commit_offsets(Token token, CommitOffsetsCommand command, Now now, Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->offsets.commit(token, std::move(command), now, effects);
}

void Shard::fetch_offsets(Token token, const FetchOffsetsCommand& command, Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->offsets.fetch(token, command, effects);
}

void Shard::delete_offsets(Token token, const DeleteOffsetsCommand& command, Now now,
                           Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->offsets.remove(token, command, now, effects);
}

void Shard::delete_groups(Token token, const DeleteGroupsCommand& command, Now now,
                          Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->groups.remove(token, command, now, effects);
}

void Shard::list_groups(Token token, const ListGroupsCommand& command, Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->groups.list(token, command, effects);
}

void Shard::describe_group(Token token, const DescribeGroupCommand& command, Effects& effects) {
  if (refused(*coordination_, token, command, effects)) return;
  coordination_->groups.describe(token, command, effects);
}

void Shard::partitions_deleted(const TopicPartitions& deleted, Now now, Effects& effects) {
  if (active()) coordination_->offsets.partitions_deleted(deleted, now, effects);
}

// ---- The log ----

void Shard::committed(AppendId id, Now now, Effects& effects) {
  coordination_->table.uncommitted.commit_through(id, now, effects);
}

void Shard::append_failed(AppendId id, ErrorCode error, Effects& effects) {
  reached("group: an append failed");
  if (!coordination_->table.uncommitted.knows(id)) return;
  coordination_->drop(error == ErrorCode::kNotLeaderOrFollower
                          ? ErrorCode::kNotCoordinator
                          : ErrorCode::kCoordinatorNotAvailable,
                      effects);
  coordination_->phase = Coordination::Phase::kLoading;
  effects.reload = true;
}

void Shard::resign(Effects& effects) {
  coordination_->drop(ErrorCode::kNotCoordinator, effects);
  coordination_->phase = Coordination::Phase::kResigned;
}

// ---- Time ----

std::optional<Instant> Shard::next_deadline() const {
  return coordination_->table.timers.earliest();
}

void Shard::tick(Now now, Effects& effects) {
  GroupTable& table = coordination_->table;
  while (const std::optional<Due> due = table.timers.take_due(now.steady)) {
    if (due->kind != Due::Kind::kRetention) {
      coordination_->membership.due(*due, now, effects);
      continue;
    }
    coordination_->offsets.expire(now, effects);
    table.timers.set(*coordination_->retention,
                     now.steady + table.options.retention_check_interval);
  }
}

// ---- Sight ----

bool Shard::active() const { return coordination_->phase == Coordination::Phase::kActive; }

Statistics Shard::statistics() const {
  Statistics statistics = coordination_->table.counted;
  for (const auto& [name, group] : coordination_->table.groups()) {
    if (!GroupTable::visible(*group)) continue;
    ++statistics.groups_by_state[static_cast<size_t>(group->state)];
    statistics.members += group->size();
    statistics.offsets += group->offsets.committed_count();
  }
  return statistics;
}

void Shard::each_group(
    absl::FunctionRef<void(std::string_view group, GroupState state, size_t members)> visit) const {
  for (const auto& [name, group] : coordination_->table.groups()) {
    if (GroupTable::visible(*group)) visit(name, group->state, group->size());
  }
}

void Shard::each_offset(absl::FunctionRef<void(std::string_view group, std::string_view topic,
                                               int32_t partition, int64_t offset)>
                            visit) const {
  for (const auto& [name, group] : coordination_->table.groups()) {
    for (const auto& [topic, partitions] : group->offsets.committed()) {
      for (const auto& [partition, offset] : partitions) {
        visit(name, topic, partition, offset.offset);
      }
    }
  }
}

std::string Shard::stored_state() const {
  std::string out;
  for (const auto& [name, group] : coordination_->table.groups()) {
    for (const auto& [topic, partitions] : group->offsets.committed()) {
      for (const auto& [partition, offset] : partitions) {
        absl::StrAppend(&out, "offset ", name, " ", topic, "-", partition, " ", offset.offset, " ",
                        offset.leader_epoch, " '", absl::CHexEscape(offset.metadata), "' ",
                        offset.commit_timestamp_ms, " ", offset.expire_timestamp_ms, "\n");
      }
    }
    const bool settled = group->state == GroupState::kStable || group->state == GroupState::kEmpty;
    if (!settled || !group->record_committed) continue;
    const StoredGroup stored = group->to_store(nullptr);
    absl::StrAppend(&out, "group ", name, " ", stored.protocol_type, " ", stored.generation, " ",
                    stored.protocol.value_or("-"), " ", stored.leader.value_or("-"), " ",
                    stored.state_timestamp_ms);
    for (const StoredMember& member : stored.members) {
      absl::StrAppend(&out, " [", member.member_id, " ", member.instance_id.value_or("-"), " ",
                      member.client_id, " ", member.client_host, " ", member.rebalance_timeout_ms,
                      " ", member.session_timeout_ms, " '", absl::CHexEscape(member.subscription),
                      "' '", absl::CHexEscape(member.assignment), "']");
    }
    out.push_back('\n');
  }
  return out;
}

}  // namespace barnabas::group

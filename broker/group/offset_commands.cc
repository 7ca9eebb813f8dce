#include "broker/group/offset_commands.h"

#include <algorithm>
#include <utility>

#include "broker/group/refusals.h"
#include "common/probe.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;

// Kafka's own limit; whether there is such a topic, the handler has checked.
constexpr size_t kMaxTopicName = 249;

FetchedOffset fetched(const Group* group, const std::string& topic, int32_t partition) {
  FetchedOffset out;
  out.partition = partition;
  const StoredOffset* stored =
      group == nullptr ? nullptr : group->offsets.find_committed(topic, partition);
  if (stored == nullptr) return out;
  out.offset = stored->offset;
  out.leader_epoch = stored->leader_epoch;
  out.metadata = stored->metadata;
  return out;
}

}  // namespace

ErrorCode OffsetCommands::check_commit(const CommitOffsetsCommand& command, Group* group) const {
  if (command.group.size() > kMaxStoredText) return ErrorCode::kInvalidGroupId;
  if (group == nullptr) {
    if (command.generation < 0) return ErrorCode::kNone;
    return command.knows_group_id_not_found ? ErrorCode::kGroupIdNotFound
                                            : ErrorCode::kIllegalGeneration;
  }
  const bool empty = group->state == GroupState::kEmpty;
  if (command.generation < 0 && empty) return ErrorCode::kNone;
  if (command.generation < 0 && command.member_id.empty() && !command.instance_id.has_value()) {
    // Not a member: only where no member's work can be overwritten.
    return ErrorCode::kUnknownMemberId;
  }
  const ErrorCode error = group->check(command.member_id, command.instance_id);
  if (error != ErrorCode::kNone) return error;
  if (command.generation != group->generation && !planted("group: skips the generation check")) {
    reached("group: a commit of another generation was refused");
    return ErrorCode::kIllegalGeneration;
  }
  // It has heard of the new generation, so what it commits may be another's by now.
  if (group->state == GroupState::kCompletingRebalance) return ErrorCode::kRebalanceInProgress;
  return ErrorCode::kNone;
}

void OffsetCommands::commit(Token token, CommitOffsetsCommand command, Now now, Effects& effects) {
  Group* known = table_.lookup(command.group);
  Group* group = table_.find(command.group);
  const ErrorCode error = check_commit(command, group);
  CommitOffsetsAnswer answer = refusal(command, error);
  if (error != ErrorCode::kNone) return table_.reply(known, token, std::move(answer), effects);
  if (group != nullptr && !command.member_id.empty()) {
    Member* member = group->find(command.member_id);
    if (member != nullptr && !member->is_new) table_.keep_alive(*member, now);
  }

  const int64_t wall = now.wall.time_since_epoch().count();
  const int64_t expiry = command.retention_ms < 0 ? -1 : wall + command.retention_ms;
  const size_t metadata_limit = std::min(table_.options.offset_metadata_max_bytes, kMaxStoredText);
  std::vector<OffsetChange> changes;
  std::vector<LogRecord> records;
  size_t bytes = 0;
  for (size_t i = 0; i < command.topics.size(); ++i) {
    TopicOffsetsToCommit& topic = command.topics[i];
    for (size_t j = 0; j < topic.partitions.size(); ++j) {
      OffsetToCommit& offset = topic.partitions[j];
      ErrorCode& partition_error = answer.topics[i].partitions[j].error;
      if (topic.topic.size() > kMaxTopicName) {
        partition_error = ErrorCode::kInvalidTopicException;
      } else if (offset.metadata.size() > metadata_limit) {
        partition_error = ErrorCode::kOffsetMetadataTooLarge;
      }
      if (partition_error != ErrorCode::kNone) continue;
      changes.push_back({topic.topic, offset.partition,
                         StoredOffset{offset.offset, offset.leader_epoch,
                                      std::move(offset.metadata), wall, expiry}});
      records.push_back(offset_record(command.group, changes.back()));
      bytes += size_in_batch(records.back());
    }
  }
  if (records.empty()) return table_.reply(known, token, std::move(answer), effects);
  if (bytes > table_.options.max_append_bytes) {
    return table_.reply(known, token, refusal(command, ErrorCode::kInvalidCommitOffsetSize),
                        effects);
  }
  table_.counted.offset_commits += records.size();
  Group& to = table_.find_or_create(command.group);
  const AppendId id =
      table_.append_offsets(to, std::move(changes), std::move(records), false, now, effects);
  if (planted("group: answers before the commit")) {
    effects.answers.push_back({token, std::move(answer)});
    return;
  }
  table_.uncommitted.answer_after(id, {token, std::move(answer)}, effects);
}

void OffsetCommands::fetch(Token token, const FetchOffsetsCommand& command, Effects& effects) {
  const Group* group = table_.lookup(command.group);
  FetchOffsetsAnswer answer;
  if (command.topics.has_value()) {
    for (const TopicPartitions& asked : *command.topics) {
      FetchedTopic& topic = answer.topics.emplace_back();
      topic.topic = asked.topic;
      for (const int32_t partition : asked.partitions) {
        topic.partitions.push_back(fetched(group, asked.topic, partition));
      }
    }
  } else if (group != nullptr) {
    for (const auto& [name, partitions] : group->offsets.committed()) {
      FetchedTopic& topic = answer.topics.emplace_back();
      topic.topic = name;
      for (const auto& [partition, offset] : partitions) {
        topic.partitions.push_back(fetched(group, name, partition));
      }
    }
  }
  if (planted("group: reads what is not committed") && group != nullptr) {
    group->offsets.each_working(
        [&](const std::string& name, int32_t partition, const StoredOffset& offset) {
          for (FetchedTopic& topic : answer.topics) {
            if (topic.topic != name) continue;
            for (FetchedOffset& out : topic.partitions) {
              if (out.partition == partition) out.offset = offset.offset;
            }
          }
        });
  }
  effects.answers.push_back({token, std::move(answer)});
}

void OffsetCommands::remove(Token token, const DeleteOffsetsCommand& command, Now now,
                            Effects& effects) {
  Group* known = table_.lookup(command.group);
  Group* group = table_.find(command.group);
  DeleteOffsetsAnswer answer;
  if (group == nullptr) {
    answer.error = ErrorCode::kGroupIdNotFound;
  } else if (group->state != GroupState::kEmpty && !group->is_consumer_group()) {
    // Nobody can tell which topics its members use.
    answer.error = ErrorCode::kNonEmptyGroup;
  }
  if (answer.error != ErrorCode::kNone) {
    return table_.reply(known, token, std::move(answer), effects);
  }
  const std::optional<Topics> topics = group->topics();
  std::vector<OffsetChange> deleted;
  for (const TopicPartitions& asked : command.topics) {
    const bool used =
        group->state != GroupState::kEmpty && Group::may_subscribe(*group, topics, asked.topic);
    TopicErrors& errors = answer.topics.emplace_back();
    errors.topic = asked.topic;
    for (const int32_t partition : asked.partitions) {
      errors.partitions.push_back(
          {partition, used ? ErrorCode::kGroupSubscribedToTopic : ErrorCode::kNone});
      if (!used && group->offsets.working_has(asked.topic, partition)) {
        deleted.push_back({asked.topic, partition, std::nullopt});
      }
    }
  }
  table_.append_tombstones(*group, std::move(deleted), false, now, effects);
  // Also for what others have deleted and is not committed yet.
  table_.uncommitted.answer_after(group->last_append, {token, std::move(answer)}, effects);
}

void OffsetCommands::partitions_deleted(const TopicPartitions& deleted, Now now, Effects& effects) {
  for (const auto& [name, group] : table_.groups()) {
    std::vector<OffsetChange> changes;
    group->offsets.each_working(
        [&](const std::string& topic, int32_t partition, const StoredOffset&) {
          if (topic != deleted.topic) return;
          const bool named = deleted.partitions.empty() ||
                             std::find(deleted.partitions.begin(), deleted.partitions.end(),
                                       partition) != deleted.partitions.end();
          if (named) changes.push_back({topic, partition, std::nullopt});
        });
    table_.append_tombstones(*group, std::move(changes), false, now, effects);
  }
}

void OffsetCommands::expire(Now now, Effects& effects) {
  std::vector<Group*> groups;
  groups.reserve(table_.groups().size());
  for (const auto& [name, group] : table_.groups()) groups.push_back(group.get());
  for (Group* group : groups) {
    if (!group->deleted) expire_group(*group, now, effects);
  }
}

// A group with a protocol keeps its offsets while it has members, and for the retention time after
// they left; a stable consumer group drops those of topics that nobody subscribes to any more.
// Where no group protocol is used, each offset has the time from its own commit on (KIP-211).
void OffsetCommands::expire_group(Group& group, Now now, Effects& effects) {
  const bool empty = group.state == GroupState::kEmpty;
  const bool simple = !group.protocol_type.has_value();
  const std::optional<Topics> topics = empty ? std::nullopt : group.topics();
  if (!simple && !empty && (group.state != GroupState::kStable || !topics.has_value())) return;

  const int64_t wall = now.wall.time_since_epoch().count();
  std::vector<OffsetChange> expired;
  bool all = true;
  group.offsets.each_working(
      [&](const std::string& topic, int32_t partition, const StoredOffset& offset) {
        int64_t since = offset.commit_timestamp_ms;
        // What an administrator commits to a group that is long empty has its time, too.
        if (!simple && empty) since = std::max(since, group.state_timestamp_ms);
        const bool used = !simple && !empty && topics->contains(topic);
        const bool due = offset.expire_timestamp_ms >= 0
                             ? wall >= offset.expire_timestamp_ms
                             : wall - since >= table_.options.offsets_retention.count();
        if (due && !used) {
          expired.push_back({topic, partition, std::nullopt});
        } else {
          all = false;
        }
      });
  table_.counted.expired_offsets += expired.size();
  const bool whole_group = all && empty && group.pending().empty();
  if (whole_group && group.record_appended) {
    group.deleted = true;
    group.forget_membership();
    group.record_committed = true;
    table_.append_tombstones(group, std::move(expired), true, now, effects);
    return;
  }
  table_.append_tombstones(group, std::move(expired), false, now, effects);
  if (whole_group) table_.erase_if_unused(group);
}

}  // namespace barnabas::group

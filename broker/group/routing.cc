#include "broker/group/routing.h"

#include <type_traits>
#include <utility>

namespace barnabas::group {
namespace {

using kafka::ErrorCode;

template <class Answer>
Result with_error(ErrorCode error) {
  Answer out;
  out.error = error;
  return out;
}

Result refused_one(const JoinCommand& command, ErrorCode error) {
  JoinAnswer out;
  out.error = error;
  out.member_id = command.member_id;
  return out;
}
Result refused_one(const SyncCommand&, ErrorCode error) { return with_error<SyncAnswer>(error); }
Result refused_one(const HeartbeatCommand&, ErrorCode error) {
  return with_error<HeartbeatAnswer>(error);
}
Result refused_one(const LeaveCommand&, ErrorCode error) { return with_error<LeaveAnswer>(error); }
Result refused_one(const CommitOffsetsCommand& command, ErrorCode error) {
  CommitOffsetsAnswer out;
  for (const TopicOffsetsToCommit& topic : command.topics) {
    TopicErrors& errors = out.topics.emplace_back();
    errors.topic = topic.topic;
    for (const OffsetToCommit& offset : topic.partitions) {
      errors.partitions.push_back({offset.partition, error});
    }
  }
  return out;
}
Result refused_one(const FetchOffsetsCommand&, ErrorCode error) {
  return with_error<FetchOffsetsAnswer>(error);
}
Result refused_one(const DeleteOffsetsCommand&, ErrorCode error) {
  return with_error<DeleteOffsetsAnswer>(error);
}
Result refused_one(const DeleteGroupsCommand& command, ErrorCode error) {
  DeleteGroupsAnswer out;
  for (const std::string& group : command.groups) out.groups.push_back({group, error});
  return out;
}
Result refused_one(const ListGroupsCommand&, ErrorCode error) {
  return with_error<ListGroupsAnswer>(error);
}
Result refused_one(const DescribeGroupCommand&, ErrorCode error) {
  return with_error<DescribeGroupAnswer>(error);
}

}  // namespace

std::string_view group_of(const Command& command) {
  return std::visit(
      [](const auto& one) -> std::string_view {
        using Kind = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Kind, DeleteGroupsCommand>) {
          return one.groups.empty() ? std::string_view() : std::string_view(one.groups[0]);
        } else if constexpr (std::is_same_v<Kind, ListGroupsCommand>) {
          return {};
        } else {
          return one.group;
        }
      },
      command);
}

Result refused(const Command& command, ErrorCode error) {
  return std::visit([error](const auto& one) { return refused_one(one, error); }, command);
}

void hand_over(Shard& shard, Token token, Command command, Now now, Effects& effects) {
  std::visit(
      [&](auto& one) {
        using Kind = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Kind, JoinCommand>) {
          shard.join(token, std::move(one), now, effects);
        } else if constexpr (std::is_same_v<Kind, SyncCommand>) {
          shard.sync(token, std::move(one), now, effects);
        } else if constexpr (std::is_same_v<Kind, HeartbeatCommand>) {
          shard.heartbeat(token, one, now, effects);
        } else if constexpr (std::is_same_v<Kind, LeaveCommand>) {
          shard.leave(token, one, now, effects);
        } else if constexpr (std::is_same_v<Kind, CommitOffsetsCommand>) {
          shard.commit_offsets(token, std::move(one), now, effects);
        } else if constexpr (std::is_same_v<Kind, FetchOffsetsCommand>) {
          shard.fetch_offsets(token, one, effects);
        } else if constexpr (std::is_same_v<Kind, DeleteOffsetsCommand>) {
          shard.delete_offsets(token, one, now, effects);
        } else if constexpr (std::is_same_v<Kind, DeleteGroupsCommand>) {
          shard.delete_groups(token, one, now, effects);
        } else if constexpr (std::is_same_v<Kind, ListGroupsCommand>) {
          shard.list_groups(token, one, effects);
        } else {
          shard.describe_group(token, one, effects);
        }
      },
      command);
}

}  // namespace barnabas::group

// A command, whichever it is: whose group it concerns, how a shard is asked it, and how it is
// refused where there is no shard that could be asked.

#pragma once

#include <string_view>
#include <variant>

#include "broker/group/commands.h"
#include "broker/group/shard.h"

namespace barnabas::group {

using Command = std::variant<JoinCommand, SyncCommand, HeartbeatCommand, LeaveCommand,
                             CommitOffsetsCommand, FetchOffsetsCommand, DeleteOffsetsCommand,
                             DeleteGroupsCommand, ListGroupsCommand, DescribeGroupCommand>;

// Of DeleteGroups the first: it is asked for one group at a time. Of ListGroups nothing.
std::string_view group_of(const Command& command);

// The answer of that command's kind that says `error`, wherever that kind has it: at the top, or at
// each partition or group that was asked for.
Result refused(const Command& command, kafka::ErrorCode error);

void hand_over(Shard& shard, Token token, Command command, Now now, Effects& effects);

}  // namespace barnabas::group

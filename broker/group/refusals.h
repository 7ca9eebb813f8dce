// Answers that only say an error, in the shape that each command's answer has.

#pragma once

#include "broker/group/commands.h"

namespace barnabas::group {

JoinAnswer refusal(const JoinCommand& command, kafka::ErrorCode error);
SyncAnswer refusal(const SyncCommand& command, kafka::ErrorCode error);
HeartbeatAnswer refusal(const HeartbeatCommand& command, kafka::ErrorCode error);
LeaveAnswer refusal(const LeaveCommand& command, kafka::ErrorCode error);
CommitOffsetsAnswer refusal(const CommitOffsetsCommand& command, kafka::ErrorCode error);
FetchOffsetsAnswer refusal(const FetchOffsetsCommand& command, kafka::ErrorCode error);
DeleteOffsetsAnswer refusal(const DeleteOffsetsCommand& command, kafka::ErrorCode error);
DeleteGroupsAnswer refusal(const DeleteGroupsCommand& command, kafka::ErrorCode error);
ListGroupsAnswer refusal(const ListGroupsCommand& command, kafka::ErrorCode error);
DescribeGroupAnswer refusal(const DescribeGroupCommand& command, kafka::ErrorCode error);

// What a command is answered whose outcome is not known: of `decided` only the shape remains.
Result failure(const Result& decided, kafka::ErrorCode error);

}  // namespace barnabas::group

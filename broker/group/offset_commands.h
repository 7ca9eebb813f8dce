// Committed offsets: OffsetCommit, OffsetFetch, OffsetDelete, and their end by retention or with
// their topic.
//
// An offset is acknowledged when its record is committed, and read from what is committed (S26): so
// what a client has read or was told is never taken back, whoever coordinates next.

#pragma once

#include <optional>
#include <vector>

#include "broker/group/commands.h"
#include "broker/group/effects.h"
#include "broker/group/group.h"
#include "broker/group/group_table.h"

namespace barnabas::group {

class OffsetCommands {
 public:
  explicit OffsetCommands(GroupTable& table) : table_(table) {}

  void commit(Token token, CommitOffsetsCommand command, Now now, Effects& effects);
  void fetch(Token token, const FetchOffsetsCommand& command, Effects& effects);
  void remove(Token token, const DeleteOffsetsCommand& command, Now now, Effects& effects);
  void partitions_deleted(const TopicPartitions& deleted, Now now, Effects& effects);
  // Forgets what is older than the retention and, with their last offset, groups without members.
  void expire(Now now, Effects& effects);

 private:
  kafka::ErrorCode check_commit(const CommitOffsetsCommand& command, Group* group) const;
  void expire_group(Group& group, Now now, Effects& effects);

  GroupTable& table_;
};

}  // namespace barnabas::group

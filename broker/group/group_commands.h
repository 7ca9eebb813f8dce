// What administrators ask about groups: ListGroups, DescribeGroups, DeleteGroups.

#pragma once

#include "broker/group/commands.h"
#include "broker/group/effects.h"
#include "broker/group/group_table.h"
#include "broker/group/membership.h"

namespace barnabas::group {

class GroupCommands {
 public:
  GroupCommands(GroupTable& table, Membership& membership)
      : table_(table), membership_(membership) {}

  void list(Token token, const ListGroupsCommand& command, Effects& effects);
  void describe(Token token, const DescribeGroupCommand& command, Effects& effects);
  void remove(Token token, const DeleteGroupsCommand& command, Now now, Effects& effects);

 private:
  kafka::ErrorCode remove_one(const std::string& name, Now now, Effects& effects);

  GroupTable& table_;
  Membership& membership_;
};

}  // namespace barnabas::group

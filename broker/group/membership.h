// How members come, stay and go: JoinGroup, SyncGroup, Heartbeat, LeaveGroup and the timeouts, as
// Kafka's classic protocol has it. The picture of a group's states is in shard.h.
//
// Why it is safe:
//   - A generation begins in one place (complete_join), with one leader and with exactly those who
//     have joined; who is not among them is removed there, or keeps a place only by its instance
//     id.
//   - A group is stable only when the leader's assignment is committed; until then followers wait.
//   - A member's request is parked in its member, once; every path that moves or removes the member
//     takes the request out and answers it.

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/group/commands.h"
#include "broker/group/effects.h"
#include "broker/group/group.h"
#include "broker/group/group_table.h"
#include "common/random.h"

namespace barnabas::group {

class Membership {
 public:
  Membership(GroupTable& table, Random& random) : table_(table), random_(random) {}

  void join(Token token, JoinCommand command, Now now, Effects& effects);
  void sync(Token token, SyncCommand command, Now now, Effects& effects);
  void heartbeat(Token token, const HeartbeatCommand& command, Now now, Effects& effects);
  void leave(Token token, const LeaveCommand& command, Now now, Effects& effects);

  // A group that has been loaded comes into service.
  void begin(Group& group, Now now, Effects& effects);
  void due(const Due& due, Now now, Effects& effects);
  // Ids that were given out for the group are forgotten.
  void drop_pending(Group& group);

 private:
  // ---- Joining (join.cc) ----
  bool has_room(Group& group, const std::string& member_id) const;
  void join_new(Group& group, Token token, JoinCommand command, Now now, Effects& effects);
  void join_known(Group& group, Token token, JoinCommand command, Now now, Effects& effects);
  void join_member(Group& group, Member& member, Token token, JoinCommand command, Now now,
                   Effects& effects);
  void require_id(Group& group, Token token, const JoinCommand& command, std::string member_id,
                  Now now, Effects& effects);
  void add_member(Group& group, Token token, JoinCommand command, std::string member_id, Now now,
                  Effects& effects);
  void update_member(Group& group, Member& member, Token token, JoinCommand command,
                     RebalanceKind kind, Now now, Effects& effects);
  std::string new_member_id(const JoinCommand& command);

  // ---- Static members that come back (static_members.cc) ----
  // What it was, and what it meant to the group, until it came back.
  struct Before {
    std::string member_id;
    std::string leader;
    std::optional<Topics> topics;
  };
  void replace_static(Group& group, Member& member, Token token, JoinCommand command, Now now,
                      Effects& effects);
  void come_back(Group& group, Member& member, Token token, const Before& before,
                 bool can_skip_assignment, Now now, Effects& effects);
  bool take_over(Group& group, Member& member, Token token, bool can_skip_assignment,
                 const std::string& leader_before, Now now, Effects& effects);

  // ---- Rebalancing (rebalance.cc) ----
  void rebalance_or_complete(Group& group, RebalanceKind kind, std::string text, Now now,
                             Effects& effects);
  void prepare(Group& group, RebalanceKind kind, std::string text, Now now, Effects& effects);
  void maybe_complete_join(Group& group, Now now, Effects& effects);
  void complete_join(Group& group, Now now, Effects& effects);
  void became_empty(Group& group, Now now, Effects& effects);
  void join_phase_due(Group& group, Now now, Effects& effects);
  void sync_phase_due(Group& group, Now now, Effects& effects);
  void set_phase(std::optional<Timers::Handle>& timer, Due::Kind kind, Group& group, Instant at);
  void cancel_phase(const std::optional<Timers::Handle>& timer);

  // ---- Assigning (sync.cc) ----
  void store_assignment(Group& group, const SyncCommand& command, Now now, Effects& effects);
  void became_stable(Group& group, std::map<std::string, std::string> assignments, Now now,
                     Effects& effects);
  void refuse_assignment(Group& group, kafka::ErrorCode error, Now now, Effects& effects);
  void synced(Group& group, Member& member);

  // ---- Leaving ----
  kafka::ErrorCode leave_one(Group& group, const LeavingMember& leaving);
  // The member's parked requests are answered UNKNOWN_MEMBER_ID.
  void remove_member(Group& group, const std::string& member_id, Effects& effects);
  void after_removal(Group& group, RebalanceKind kind, std::string text, Now now, Effects& effects);
  void session_due(Group& group, Member& member, Now now, Effects& effects);
  void pending_gone(Group& group, Now now, Effects& effects);
  void pending_due(Group& group, const std::string& member_id, Now now, Effects& effects);

  JoinAnswer joined(const Group& group, const Member& member) const;
  void refuse_join(const Group* group, Token token, kafka::ErrorCode error, std::string member_id,
                   Effects& effects);

  GroupTable& table_;
  Random& random_;
};

}  // namespace barnabas::group

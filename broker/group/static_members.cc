// A static member (one with an instance id) that comes back under a new member id.
//
// If the group is stable and nothing changes for the others, it takes its old place: same
// assignment, no rebalance. Its old id is fenced from then on, and the new one is stored first, so
// that a coordinator elsewhere knows it too.

#include <absl/strings/str_cat.h>

#include <utility>

#include "broker/group/membership.h"
#include "broker/group/refusals.h"
#include "common/probe.h"

namespace barnabas::group {

using kafka::ErrorCode;

void Membership::replace_static(Group& group, Member& member, Token token, JoinCommand command,
                                Now now, Effects& effects) {
  const Before before{member.id, group.leader(), subscribed_topics(group.metadata_of(member))};
  const std::optional<Token> parked_join = group.take_join(member);
  const std::optional<Token> parked_sync = std::exchange(member.sync, std::nullopt);
  group.rename(member, std::move(command.member_id));
  member.client_id = std::move(command.client_id);
  member.client_host = std::move(command.client_host);
  member.session_timeout_ms = command.session_timeout_ms;
  member.rebalance_timeout_ms = command.rebalance_timeout_ms;
  group.set_protocols(member, std::move(command.protocols));
  // Who has an instance id has had an id before.
  member.is_new = false;
  table_.keep_alive(member, now);
  group.park_join(member, token);
  come_back(group, member, token, before, command.can_skip_assignment, now, effects);
  // Last, so that it waits for the new id to be stored, if that is on its way.
  if (parked_join.has_value()) {
    refuse_join(&group, *parked_join, ErrorCode::kFencedInstanceId, before.member_id, effects);
  }
  if (parked_sync.has_value()) {
    table_.reply(&group, *parked_sync, refusal(SyncCommand(), ErrorCode::kFencedInstanceId),
                 effects);
  }
}

void Membership::come_back(Group& group, Member& member, Token token, const Before& before,
                           bool can_skip_assignment, Now now, Effects& effects) {
  std::string text = absl::StrCat("static member ", *member.instance_id, " came back as ",
                                  member.id, " instead of ", before.member_id);
  if (group.state != GroupState::kStable) {
    return rebalance_or_complete(group, RebalanceKind::kStaticReplaced, std::move(text), now,
                                 effects);
  }
  // What else the metadata says (the partitions that it owned before, say) differs on every start
  // and changes nothing for the others; the topics do.
  const bool same_topics =
      !group.is_consumer_group() || subscribed_topics(group.metadata_of(member)) == before.topics;
  if (!same_topics) {
    return prepare(group, RebalanceKind::kSubscriptionChanged, text + ", with another subscription",
                   now, effects);
  }
  const bool same_protocol = group.select_protocol() == group.protocol;
  if (same_protocol &&
      take_over(group, member, token, can_skip_assignment, before.leader, now, effects)) {
    return;
  }
  prepare(group, RebalanceKind::kStaticReplaced, std::move(text), now, effects);
}

// False if the group cannot be stored.
bool Membership::take_over(Group& group, Member& member, Token token, bool can_skip_assignment,
                           const std::string& leader_before, Now now, Effects& effects) {
  reached("group: a static member took over from itself");
  LogRecord record = group_record(group.id(), group.to_store(nullptr));
  if (size_in_batch(record) > table_.options.max_append_bytes) return false;
  JoinAnswer answer = joined(group, member);
  if (can_skip_assignment) {
    answer.skip_assignment = group.is_leader(member);
  } else {
    // Before v9 there is no other way to say "do not assign" than to name the leader that was.
    answer.leader = leader_before;
    answer.members.clear();
  }
  group.last_append = group.decided_on = table_.uncommitted.append(
      {std::move(record)}, now.wall,
      [this, &group, token, answer = std::move(answer)](Now at, Effects& out) mutable {
        group.record_committed = true;
        // A rebalance that began meanwhile answers its join, or has done so.
        Member* waiting = group.find(answer.member_id);
        if (group.state != GroupState::kStable || group.generation != answer.generation ||
            waiting == nullptr || waiting->join() != token) {
          return;
        }
        group.take_join(*waiting);
        table_.keep_alive(*waiting, at);
        table_.reply(&group, token, std::move(answer), out);
      },
      effects);
  return true;
}

}  // namespace barnabas::group

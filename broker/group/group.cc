#include "broker/group/group.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

namespace barnabas::group {

using kafka::ErrorCode;

const char* name_of(GroupState state) {
  switch (state) {
    case GroupState::kEmpty:
      return "Empty";
    case GroupState::kPreparingRebalance:
      return "PreparingRebalance";
    case GroupState::kCompletingRebalance:
      return "CompletingRebalance";
    case GroupState::kStable:
      return "Stable";
    case GroupState::kDead:
      return "Dead";
  }
  return "Unknown";
}

bool same_protocols(const Member& member, const std::vector<Protocol>& protocols) {
  return member.protocols() == protocols;
}

Member* Group::find(std::string_view member_id) {
  const auto found = members_.find(member_id);
  return found == members_.end() ? nullptr : found->second.get();
}

Member* Group::find_static(std::string_view instance_id) {
  const auto found = static_members_.find(std::string(instance_id));
  return found == static_members_.end() ? nullptr : find(found->second);
}

ErrorCode Group::check(const std::string& member_id,
                       const std::optional<std::string>& instance_id) {
  if (instance_id.has_value()) {
    const Member* owner = find_static(*instance_id);
    if (owner == nullptr) return ErrorCode::kUnknownMemberId;
    if (owner->id != member_id) return ErrorCode::kFencedInstanceId;
  }
  return find(member_id) == nullptr ? ErrorCode::kUnknownMemberId : ErrorCode::kNone;
}

Member& Group::add(std::unique_ptr<Member> member, std::vector<Protocol> protocols) {
  Member& added = *member;
  if (leader_.empty()) leader_ = added.id;
  if (added.instance_id.has_value()) static_members_[*added.instance_id] = added.id;
  members_[added.id] = std::move(member);
  added.protocols_ = std::move(protocols);
  count(added.protocols_, 1);
  return added;
}

std::unique_ptr<Member> Group::remove(const std::string& member_id) {
  const auto found = members_.find(member_id);
  CHECK(found != members_.end()) << "member " << member_id << " is not in group " << id_;
  std::unique_ptr<Member> member = std::move(found->second);
  members_.erase(found);
  count(member->protocols_, -1);
  if (member->join_.has_value()) --waiting_for_join_;
  set_must_sync(*member, false);
  if (member->instance_id.has_value()) static_members_.erase(*member->instance_id);
  if (leader_ == member->id) leader_ = members_.empty() ? "" : members_.begin()->first;
  return member;
}

void Group::rename(Member& member, std::string new_id) {
  const auto found = members_.find(member.id);
  CHECK(found != members_.end()) << "member " << member.id << " is not in group " << id_;
  std::unique_ptr<Member> owner = std::move(found->second);
  members_.erase(found);
  if (leader_ == member.id) leader_ = new_id;
  member.id = std::move(new_id);
  if (member.instance_id.has_value()) static_members_[*member.instance_id] = member.id;
  members_[member.id] = std::move(owner);
}

void Group::set_protocols(Member& member, std::vector<Protocol> protocols) {
  count(member.protocols_, -1);
  member.protocols_ = std::move(protocols);
  count(member.protocols_, 1);
}

std::optional<Token> Group::park_join(Member& member, Token token) {
  std::optional<Token> before = member.join_;
  if (!before.has_value()) ++waiting_for_join_;
  member.join_ = token;
  return before;
}

std::optional<Token> Group::take_join(Member& member) {
  if (member.join_.has_value()) --waiting_for_join_;
  return std::exchange(member.join_, std::nullopt);
}

void Group::set_must_sync(Member& member, bool must) {
  if (member.must_sync_ == must) return;
  member.must_sync_ = must;
  must_sync_ = must ? must_sync_ + 1 : must_sync_ - 1;
}

const std::string& Group::add_pending(std::string member_id) {
  return pending_.emplace(std::move(member_id), Timers::Handle{}).first->first;
}

void Group::set_pending_timer(const std::string& member_id, Timers::Handle timer) {
  pending_[member_id] = timer;
}

bool Group::elect_joined_leader() {
  const Member* leader = find(leader_);
  if (leader != nullptr && leader->waits_for_join()) return true;
  for (const auto& [id, member] : members_) {
    if (!member->waits_for_join()) continue;
    leader_ = id;
    return true;
  }
  return false;
}

bool Group::supports(const std::string& type, const std::vector<Protocol>& protocols) const {
  if (state == GroupState::kEmpty) return !type.empty() && !protocols.empty();
  if (protocol_type != type) return false;
  return std::any_of(protocols.begin(), protocols.end(), [&](const Protocol& protocol) {
    const auto known = support_.find(protocol.name);
    const size_t members = known == support_.end() ? 0 : static_cast<size_t>(known->second);
    return members == size();
  });
}

std::string Group::select_protocol() const {
  const auto all_know = [&](const std::string& name) {
    const auto known = support_.find(name);
    return known != support_.end() && static_cast<size_t>(known->second) == size();
  };
  absl::btree_map<std::string, size_t> votes;
  size_t most = 0;
  for (const auto& [id, member] : members_) {
    for (const Protocol& protocol : member->protocols()) {
      if (!all_know(protocol.name)) continue;
      most = std::max(most, ++votes[protocol.name]);
      break;
    }
  }
  const auto leader = members_.find(leader_);
  CHECK(most > 0 && leader != members_.end())
      << "the members of group " << id_ << " have no protocol in common";
  for (const Protocol& protocol : leader->second->protocols()) {
    const auto wanted = votes.find(protocol.name);
    if (wanted != votes.end() && wanted->second == most) return protocol.name;
  }
  // What all know, the leader knows.
  return votes.begin()->first;
}

const std::string& Group::metadata_of(const Member& member) const {
  static const std::string kNone;
  if (!protocol.has_value()) return kNone;
  for (const Protocol& known : member.protocols_) {
    if (known.name == *protocol) return known.metadata;
  }
  return kNone;
}

Duration Group::rebalance_timeout() const {
  int32_t longest = 0;
  for (const auto& [id, member] : members_) {
    longest = std::max(longest, member->rebalance_timeout_ms);
  }
  return std::chrono::milliseconds(longest);
}

std::optional<Topics> Group::topics() const {
  if (!is_consumer_group()) return std::nullopt;
  Topics all;
  if (members_.empty()) return all;
  if (!protocol.has_value()) return std::nullopt;
  for (const auto& [id, member] : members_) {
    const std::optional<Topics> topics = subscribed_topics(metadata_of(*member));
    if (!topics.has_value()) return std::nullopt;
    all.insert(topics->begin(), topics->end());
  }
  return all;
}

bool Group::may_subscribe(const Group& group, const std::optional<Topics>& topics,
                          const std::string& topic) {
  return topics.has_value() ? topics->contains(topic) : group.is_consumer_group();
}

StoredGroup Group::to_store(const std::map<std::string, std::string>* assignments) const {
  StoredGroup stored;
  stored.protocol_type = protocol_type.value_or("");
  stored.generation = generation;
  stored.protocol = protocol;
  if (!leader_.empty()) stored.leader = leader_;
  stored.state_timestamp_ms = state_timestamp_ms;
  stored.members.reserve(members_.size());
  for (const auto& [id, member] : members_) {
    std::string assignment;
    if (assignments == nullptr) {
      assignment = member->assignment;
    } else if (const auto given = assignments->find(id); given != assignments->end()) {
      assignment = given->second;
    }
    stored.members.push_back({id, member->instance_id, member->client_id, member->client_host,
                              member->rebalance_timeout_ms, member->session_timeout_ms,
                              metadata_of(*member), std::move(assignment)});
  }
  return stored;
}

void Group::load(StoredGroup stored) {
  forget_membership();
  generation = stored.generation;
  if (!stored.protocol_type.empty()) protocol_type = std::move(stored.protocol_type);
  protocol = std::move(stored.protocol);
  state_timestamp_ms = stored.state_timestamp_ms;
  record_appended = true;
  record_committed = true;
  for (StoredMember& from : stored.members) {
    // No coordinator writes such; what cannot be told apart cannot be coordinated.
    const bool twice = find(from.member_id) != nullptr ||
                       (from.instance_id.has_value() && find_static(*from.instance_id) != nullptr);
    if (from.member_id.empty() || twice) continue;
    auto member = std::make_unique<Member>();
    member->id = std::move(from.member_id);
    member->instance_id = std::move(from.instance_id);
    member->client_id = std::move(from.client_id);
    member->client_host = std::move(from.client_host);
    member->session_timeout_ms = from.session_timeout_ms;
    member->rebalance_timeout_ms = from.rebalance_timeout_ms;
    member->assignment = std::move(from.assignment);
    add(std::move(member), {{protocol.value_or(""), std::move(from.subscription)}});
  }
  leader_ = stored.leader.value_or("");
  if (find(leader_) == nullptr) leader_ = members_.empty() ? "" : members_.begin()->first;
  state = members_.empty() ? GroupState::kEmpty : GroupState::kStable;
}

void Group::forget_membership() {
  state = GroupState::kEmpty;
  generation = 0;
  protocol_type.reset();
  protocol.reset();
  state_timestamp_ms = -1;
  record_appended = false;
  record_committed = false;
  members_.clear();
  static_members_.clear();
  support_.clear();
  leader_.clear();
  waiting_for_join_ = 0;
  must_sync_ = 0;
}

void Group::count(const std::vector<Protocol>& protocols, int by) {
  for (auto protocol = protocols.begin(); protocol != protocols.end(); ++protocol) {
    const bool named_before = std::any_of(protocols.begin(), protocol, [&](const Protocol& other) {
      return other.name == protocol->name;
    });
    if (named_before) continue;
    const auto entry = support_.try_emplace(protocol->name, 0).first;
    entry->second += by;
    if (entry->second == 0) support_.erase(entry);
  }
}

}  // namespace barnabas::group

#include "tests/simulation/group_member.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

namespace barnabas::simulation {
namespace {

using kafka::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kProtocolType[] = "consumer";
constexpr Duration kBackoff = milliseconds(50);
constexpr Duration kAtOnce = milliseconds(5);
constexpr Duration kLimit = seconds(1);
// The first who asks for a coordinator waits until the topic is there.
constexpr Duration kFindLimit = seconds(4);
constexpr char kSound[] =
    "I53 a sound request of a member is refused with a retriable error at most";

}  // namespace

GroupMember::GroupMember(Client& coordinator, Client& data, GroupMemberOptions options,
                         Findings& findings, GroupChecks& checks)
    : coordinator_(coordinator),
      data_(data),
      options_(std::move(options)),
      findings_(findings),
      checks_(checks) {
  for (const std::string& topic : options_.topics) data_.follow(topic);
  data_.on_refreshed([this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) fetch();
  });
  begin(State::kJoining);
  find();
  data_.loop().after(options_.commit_every, [this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) tick();
  });
}

GroupMember::~GroupMember() = default;

std::optional<std::string_view> GroupMember::instance() const {
  if (options_.instance_id.empty()) return std::nullopt;
  return options_.instance_id;
}

std::string GroupMember::describe() const {
  constexpr const char* kStates[] = {"joining", "syncing", "asking where to begin", "working"};
  std::string out = absl::StrCat(kStates[static_cast<int>(state_)], " as ", member_id_,
                                 " in generation ", generation_, ", coordinator ",
                                 coordinator_id_.value(), ", last heard: ", trouble_);
  for (const auto& [partition, part] : parts_) {
    absl::StrAppend(&out, ", ", partition.first, "-", partition.second, " at ",
                    part.position.value_or(kNoOffset).value(), " committed ",
                    part.committed.value());
  }
  return out;
}

// ---- Steps ----

uint64_t GroupMember::begin(State state) {
  state_ = state;
  return ++step_;
}

void GroupMember::later(Duration delay, Step step) {
  data_.loop().after(delay, [this, step, at = step_, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired() && at == step_ && !over_) (this->*step)();
  });
}

template <class Response, class Request>
void GroupMember::ask(const char* what, const Request& request, Duration limit,
                      absl::AnyInvocable<void(const Response&)> answered) {
  coordinator_.ask<Response>(
      coordinator_id_, request, limit,
      [this, what, at = step_, answered = std::move(answered),
       alive = std::weak_ptr<char>(alive_)](absl::StatusOr<const Response*> response) mutable {
        if (alive.expired() || at != step_ || over_) return;
        if (!response.ok())
          return look_again(absl::StrCat(what, ": ", response.status().ToString()));
        answered(**response);
      });
}

// The coordinator may be another broker now.
void GroupMember::look_again(std::string trouble) {
  trouble_ = std::move(trouble);
  coordinator_id_ = kNoBroker;
  coordinator_.ask_another();
  if (!finding_) find();
}

void GroupMember::go_on() {
  switch (state_) {
    case State::kJoining:
    case State::kSyncing:
      return join();
    case State::kAsking:
      return ask_where_to_begin();
    case State::kWorking:
      return;
  }
}

void GroupMember::lose_everything() {
  parts_.clear();
  generation_ = -1;
}

bool GroupMember::is_sound(const char* what, int16_t error) {
  if (error == 0) return true;
  trouble_ = absl::StrCat(what, ": error ", error);
  switch (static_cast<ErrorCode>(error)) {
    case ErrorCode::kCoordinatorLoadInProgress:
      later(kBackoff, &GroupMember::go_on);
      return false;
    case ErrorCode::kCoordinatorNotAvailable:
    case ErrorCode::kNotCoordinator:
    case ErrorCode::kRequestTimedOut:
      look_again(trouble_);
      return false;
    case ErrorCode::kRebalanceInProgress:
      rejoin();
      return false;
    case ErrorCode::kUnknownMemberId:
      member_id_.clear();
      [[fallthrough]];
    case ErrorCode::kIllegalGeneration:
      lose_everything();
      rejoin();
      return false;
    case ErrorCode::kFencedInstanceId:
      lose_everything();
      over_ = true;
      return false;
    case ErrorCode::kUnstableOffsetCommit:
    case ErrorCode::kUnknownTopicOrPartition:  // a broker that is behind
      later(kBackoff, &GroupMember::go_on);
      return false;
    default:
      findings_.report(kSound, absl::StrCat("group ", options_.group, ", ", trouble_));
      return false;
  }
}

// ---- Membership ----

void GroupMember::find() {
  finding_ = true;
  kafka::FindCoordinatorRequest request;
  request.coordinator_keys.push_back(options_.group);
  coordinator_.ask<kafka::FindCoordinatorResponse>(
      kNoBroker, request, kFindLimit,
      [this, alive = std::weak_ptr<char>(alive_)](
          absl::StatusOr<const kafka::FindCoordinatorResponse*> response) {
        if (alive.expired() || over_) return;
        if (response.ok()) return found(**response);
        trouble_ = absl::StrCat("find the coordinator: ", response.status().ToString());
        coordinator_.loop().after(kBackoff, [this, alive] {
          if (!alive.expired() && !over_) find();
        });
      });
}

void GroupMember::found(const kafka::FindCoordinatorResponse& response) {
  if (response.coordinators.size() == 1 && response.coordinators[0].error_code == 0) {
    const auto& broker = response.coordinators[0];
    finding_ = false;
    coordinator_id_ = BrokerId(broker.node_id);
    coordinator_.knows(coordinator_id_,
                       {std::string(broker.host), static_cast<uint16_t>(broker.port)});
    // After a moment: a broker that is behind may have named one that knows better.
    return later(kBackoff, &GroupMember::go_on);
  }
  trouble_ = absl::StrCat("no coordinator: error ", response.coordinators.empty()
                                                        ? response.error_code
                                                        : response.coordinators[0].error_code);
  coordinator_.ask_another();
  coordinator_.loop().after(kBackoff, [this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired() && !over_) find();
  });
}

void GroupMember::rejoin() {
  const bool gives_up = !options_.cooperative && !parts_.empty();
  begin(State::kJoining);
  if (!gives_up) return later(kAtOnce, &GroupMember::join);
  commit([this] {
    parts_.clear();
    later(kAtOnce, &GroupMember::join);
  });
}

std::string GroupMember::subscription() const {
  Subscription out;
  out.topics = options_.topics;
  out.generation = generation_;
  if (options_.cooperative) {
    for (const auto& [partition, part] : parts_) out.owned.insert(partition);
  }
  return encode(out);
}

void GroupMember::join() {
  begin(State::kJoining);
  if (coordinator_id_ == kNoBroker) return;
  kafka::JoinGroupRequest request;
  const std::string metadata = subscription();
  request.group_id = options_.group;
  request.session_timeout_ms = static_cast<int32_t>(
      std::chrono::duration_cast<milliseconds>(options_.session_timeout).count());
  request.rebalance_timeout_ms = static_cast<int32_t>(
      std::chrono::duration_cast<milliseconds>(options_.rebalance_timeout).count());
  request.member_id = member_id_;
  request.group_instance_id = instance();
  request.protocol_type = kProtocolType;
  auto& protocol = request.protocols.emplace_back();
  protocol.name = options_.cooperative ? "cooperative" : "roundrobin";
  protocol.metadata = metadata;
  ask<kafka::JoinGroupResponse>(
      "join", request, options_.rebalance_timeout + seconds(4),
      [this](const kafka::JoinGroupResponse& response) { joined(response); });
}

void GroupMember::joined(const kafka::JoinGroupResponse& response) {
  if (response.error_code == static_cast<int16_t>(ErrorCode::kMemberIdRequired)) {
    member_id_ = response.member_id;
    return join();
  }
  if (!is_sound("join", response.error_code)) return;
  member_id_ = response.member_id;
  generation_ = response.generation_id;
  protocol_ = response.protocol_name.value_or("");
  leads_ = response.leader == response.member_id;
  std::map<std::string, Assignment> shares;
  if (leads_ && !response.skip_assignment) {
    std::map<std::string, Subscription> members;
    for (const auto& member : response.members) {
      members.emplace(member.member_id, decode_subscription(member.metadata));
    }
    const Assignment partitions = all_partitions();
    shared_out_ = partitions.size();
    shares = options_.cooperative ? share_out_cooperatively(members, partitions)
                                  : share_out_eagerly(members, partitions);
  }
  sync(shares);
}

Assignment GroupMember::all_partitions() const {
  Assignment out;
  for (const std::string& name : options_.topics) {
    const Client::Topic* const topic = data_.topic(name);
    if (topic == nullptr) continue;
    for (size_t i = 0; i < topic->partitions.size(); ++i) {
      out.emplace(name, static_cast<int32_t>(i));
    }
  }
  return out;
}

void GroupMember::sync(const std::map<std::string, Assignment>& shares) {
  begin(State::kSyncing);
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [member, share] : shares) encoded.emplace_back(member, encode(share));
  kafka::SyncGroupRequest request;
  request.group_id = options_.group;
  request.generation_id = generation_;
  request.member_id = member_id_;
  request.group_instance_id = instance();
  request.protocol_type = kProtocolType;
  request.protocol_name = protocol_;
  for (const auto& [member, bytes] : encoded) {
    auto& assignment = request.assignments.emplace_back();
    assignment.member_id = member;
    assignment.assignment = bytes;
  }
  ask<kafka::SyncGroupResponse>(
      "sync", request, options_.rebalance_timeout + seconds(2),
      [this](const kafka::SyncGroupResponse& response) { synced(response); });
}

void GroupMember::synced(const kafka::SyncGroupResponse& response) {
  if (!is_sound("sync", response.error_code)) return;
  const Assignment assigned = decode_assignment(response.assignment);
  checks_.fenced.given_out(options_.group, generation_);
  checks_.fenced.joined(sender());
  const std::string owner = options_.instance_id.empty() ? member_id_ : options_.instance_id;
  for (const TopicPartition& partition : assigned) {
    checks_.owners.assigned(place(partition), generation_, owner);
  }
  const size_t before = parts_.size();
  std::erase_if(parts_, [&](const auto& part) { return assigned.count(part.first) == 0; });
  const bool gave_up = parts_.size() < before;
  for (const TopicPartition& partition : assigned) parts_[partition];
  if (gave_up && options_.cooperative) return rejoin();  // so that another one gets it
  ask_where_to_begin();
}

// ---- Offsets ----

void GroupMember::ask_where_to_begin() {
  begin(State::kAsking);
  if (coordinator_id_ == kNoBroker) return;
  kafka::OffsetFetchRequest request;
  request.require_stable = true;
  auto& group = request.groups.emplace_back();
  group.group_id = options_.group;
  group.topics.emplace();
  Positions floors;
  for (const auto& [partition, part] : parts_) {
    if (part.position.has_value()) continue;
    floors.emplace(partition, checks_.committed.acknowledged(place(partition)));
    if (group.topics->empty() || group.topics->back().name != partition.first) {
      group.topics->emplace_back().name = partition.first;
    }
    group.topics->back().partition_indexes.push_back(partition.second);
  }
  if (floors.empty()) {
    begin(State::kWorking);
    return fetch();
  }
  ask<kafka::OffsetFetchResponse>("ask where to begin", request, kLimit,
                                  [this, floors](const kafka::OffsetFetchResponse& response) {
                                    told_where_to_begin(floors, response);
                                  });
}

void GroupMember::told_where_to_begin(const Positions& floors,
                                      const kafka::OffsetFetchResponse& response) {
  if (!is_sound("offset fetch", response.error_code)) return;
  if (response.groups.size() != 1) {
    return findings_.report("I53 an answer tells of what was asked", "no group in OffsetFetch");
  }
  if (!is_sound("offset fetch", response.groups[0].error_code)) return;
  for (const auto& topic : response.groups[0].topics) {
    for (const auto& of : topic.partitions) {
      if (!is_sound("offset fetch", of.error_code)) return;
      const TopicPartition partition{std::string(topic.name), of.partition_index};
      const auto part = parts_.find(partition);
      if (part == parts_.end() || floors.count(partition) == 0) continue;
      const Offset told(of.committed_offset);
      checks_.committed.told(place(partition), floors.at(partition), told);
      part->second.committed = told;
      part->second.position = std::max(told, Offset(0));
      checks_.processed.begins(place(partition), *part->second.position);
    }
  }
  begin(State::kWorking);
  fetch();
}

void GroupMember::commit(Task then) {
  kafka::OffsetCommitRequest request;
  Positions positions;
  for (const auto& [partition, part] : parts_) {
    if (!part.position.has_value() || *part.position <= part.committed) continue;
    if (*part.position == Offset(0)) continue;  // nothing read yet
    positions.emplace(partition, *part.position);
    if (request.topics.empty() || request.topics.back().name != partition.first) {
      request.topics.emplace_back().name = partition.first;
    }
    auto& of = request.topics.back().partitions.emplace_back();
    of.partition_index = partition.second;
    of.committed_offset = part.position->value();
  }
  if (positions.empty() || committing_ || coordinator_id_ == kNoBroker) return then();
  committing_ = true;
  const FencedCommits::Sender sender = this->sender();
  request.group_id = sender.group;
  request.generation_id_or_member_epoch = sender.generation;
  request.member_id = sender.member_id;
  request.group_instance_id = instance();
  std::map<TopicPartition, uint64_t> commits;
  for (const auto& [partition, position] : positions) {
    commits.emplace(partition, checks_.committed.sent(place(partition), position));
  }
  coordinator_.ask<kafka::OffsetCommitResponse>(
      coordinator_id_, request, kLimit,
      [this, sender, fenced_by = checks_.fenced.fenced_by(sender), commits, positions, at = step_,
       then = std::move(then), alive = std::weak_ptr<char>(alive_)](
          absl::StatusOr<const kafka::OffsetCommitResponse*> response) mutable {
        if (alive.expired()) return;
        committing_ = false;
        committed(sender, fenced_by, commits, positions, response.ok() ? *response : nullptr);
        if (at == step_ || leaving_) then();
      });
}

void GroupMember::committed(const FencedCommits::Sender& sender, const std::string& fenced_by,
                            const std::map<TopicPartition, uint64_t>& commits,
                            const Positions& positions,
                            const kafka::OffsetCommitResponse* response) {
  using Outcome = CommittedOffsets::Outcome;
  int16_t first_error = 0;
  std::set<TopicPartition> answered;
  if (response != nullptr) {
    for (const auto& topic : response->topics) {
      for (const auto& of : topic.partitions) {
        const TopicPartition partition{std::string(topic.name), of.partition_index};
        const auto commit = commits.find(partition);
        if (commit == commits.end()) continue;
        answered.insert(partition);
        if (first_error == 0) first_error = of.error_code;
        Outcome outcome = Outcome::kUnknown;
        switch (static_cast<ErrorCode>(of.error_code)) {
          case ErrorCode::kNone: {
            outcome = Outcome::kCommitted;
            checks_.fenced.accepted(sender, fenced_by);
            const auto part = parts_.find(partition);
            if (part != parts_.end()) part->second.committed = positions.at(partition);
            break;
          }
          case ErrorCode::kIllegalGeneration:
          case ErrorCode::kUnknownMemberId:
          case ErrorCode::kFencedInstanceId:
          case ErrorCode::kRebalanceInProgress:
          case ErrorCode::kUnknownTopicOrPartition:
            outcome = Outcome::kRefused;
            break;
          default:
            break;
        }
        checks_.committed.ended(commit->second, outcome);
      }
    }
  }
  for (const auto& [partition, commit] : commits) {
    if (answered.count(partition) == 0) checks_.committed.ended(commit, Outcome::kUnknown);
  }
  // Only while it works: who joins again already is beyond all this.
  if (state_ != State::kWorking || over_) return;
  if (response == nullptr) return look_again("commit: no answer");
  // What was refused because of a rebalance is told by the next heartbeat, too; a partition that
  // is not known yet is committed with the next round.
  if (first_error != static_cast<int16_t>(ErrorCode::kUnknownTopicOrPartition)) {
    is_sound("commit", first_error);
  }
}

// ---- Living on ----

void GroupMember::tick() {
  if (over_) return;
  ++ticks_;
  data_.loop().after(options_.commit_every, [this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) tick();
  });
  if (state_ != State::kWorking && state_ != State::kAsking) return;
  const auto beats = std::max<int64_t>(1, options_.heartbeat_every / options_.commit_every);
  if (ticks_ % static_cast<uint64_t>(beats) == 0) heartbeat();
  if (state_ != State::kWorking || leaving_) return;
  if (leads_ && all_partitions().size() != shared_out_) return rejoin();
  if (ticks_ % 8 == 0) data_.refresh();  // partitions may have been added
  commit([] {});
  fetch();
}

void GroupMember::heartbeat() {
  if (heartbeat_under_way_ || coordinator_id_ == kNoBroker) return;
  heartbeat_under_way_ = true;
  kafka::HeartbeatRequest request;
  request.group_id = options_.group;
  request.generation_id = generation_;
  request.member_id = member_id_;
  request.group_instance_id = instance();
  coordinator_.ask<kafka::HeartbeatResponse>(
      coordinator_id_, request, kLimit,
      [this, generation = generation_, alive = std::weak_ptr<char>(alive_)](
          absl::StatusOr<const kafka::HeartbeatResponse*> response) {
        if (alive.expired() || over_) return;
        heartbeat_under_way_ = false;
        const bool current =
            generation == generation_ && (state_ == State::kWorking || state_ == State::kAsking);
        if (!current || leaving_) return;
        if (!response.ok()) return look_again("heartbeat: no answer");
        is_sound("heartbeat", (*response)->error_code);
      });
}

void GroupMember::leave() {
  if (leaving_ || over_) return;
  leaving_ = true;
  if (state_ != State::kWorking) return say_goodbye();
  commit([this] { say_goodbye(); });
}

// A static member is expected back and says nothing.
void GroupMember::say_goodbye() {
  if (options_.instance_id.empty() && coordinator_id_ != kNoBroker) {
    kafka::LeaveGroupRequest request;
    request.group_id = options_.group;
    request.members.emplace_back().member_id = member_id_;
    coordinator_.ask<kafka::LeaveGroupResponse>(
        coordinator_id_, request, kLimit, [](absl::StatusOr<const kafka::LeaveGroupResponse*>) {});
  }
  over_ = true;
}

}  // namespace barnabas::simulation

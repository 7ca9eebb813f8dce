// What a coordinator shard is asked, and what it answers: plain values, without wire versions.
//
// The handlers map requests of every version to these commands and the answers back; what a version
// means beyond its fields is a flag here (`require_member_id`, `can_skip_assignment`). Texts are
// owned: commands outlive the request's frame.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/group/rebalance_reason.h"
#include "common/clock.h"
#include "kafka/errors.h"

namespace barnabas::group {

// By which an answer finds its request; chosen by the caller, opaque here, unique while open.
using Token = uint64_t;
// Counts the batches that one shard wants appended, upwards from 1 and never used twice.
using AppendId = uint64_t;

// Both times of one moment: every decision is by `steady`, `wall` only goes into records and is
// compared with what records say.
struct Now {
  Instant steady;
  WallTime wall;
};

enum class GroupState { kEmpty, kPreparingRebalance, kCompletingRebalance, kStable, kDead };
// As Kafka spells it in ListGroups and DescribeGroups.
const char* name_of(GroupState state);

// ---- Membership ----

// One assignment protocol that a member supports, with what it has to say under it.
struct Protocol {
  std::string name;
  std::string metadata;
  friend bool operator==(const Protocol&, const Protocol&) = default;
};

struct JoinCommand {
  std::string group;
  std::string member_id;  // "": new
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  int32_t session_timeout_ms = 0;
  int32_t rebalance_timeout_ms = -1;  // -1 (JoinGroup v0): the session timeout
  std::string protocol_type;
  std::vector<Protocol> protocols;  // most wanted first
  std::string reason;               // the client's own words (v8+)
  // v4+: a new dynamic member is sent away with its id first.
  bool require_member_id = false;
  // v9+: a static leader that comes back is told that there is nothing to assign.
  bool can_skip_assignment = false;
};

struct JoinedMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::string metadata;
};

struct JoinAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  int32_t generation = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol;
  std::string leader;
  bool skip_assignment = false;
  std::string member_id;
  std::vector<JoinedMember> members;  // for the leader only
};

struct MemberAssignment {
  std::string member_id;
  std::string assignment;
};

struct SyncCommand {
  std::string group;
  int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;
  std::optional<std::string> protocol_type;  // v5+
  std::optional<std::string> protocol;       // v5+
  std::vector<MemberAssignment> assignments;
};

struct SyncAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol;
  std::string assignment;
};

struct HeartbeatCommand {
  std::string group;
  int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;
};

struct HeartbeatAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
};

struct LeavingMember {
  std::string member_id;  // "" with an instance id: removed by an administrator
  std::optional<std::string> instance_id;
  std::string reason;  // v5+
};

struct LeaveCommand {
  std::string group;
  std::vector<LeavingMember> members;
};

struct LeftMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
};

// Before v3 there is one member and its error is the answer's, unless `error` is set.
struct LeaveAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::vector<LeftMember> members;  // in the order asked
};

// ---- Offsets ----

struct OffsetToCommit {
  int32_t partition = 0;
  int64_t offset = -1;
  int32_t leader_epoch = -1;
  std::string metadata;  // null on the wire is ""
};

struct TopicOffsetsToCommit {
  std::string topic;
  std::vector<OffsetToCommit> partitions;
};

struct CommitOffsetsCommand {
  std::string group;
  int32_t generation = -1;  // -1 with an empty member id: not a member
  std::string member_id;
  std::optional<std::string> instance_id;
  // v2-4: how long to keep them; -1: as the broker is configured.
  int64_t retention_ms = -1;
  // An unknown generation of an unknown group is GROUP_ID_NOT_FOUND from v9, before
  // ILLEGAL_GENERATION.
  bool knows_group_id_not_found = false;
  std::vector<TopicOffsetsToCommit> topics;
};

struct PartitionError {
  int32_t partition = 0;
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
};

struct TopicErrors {
  std::string topic;
  std::vector<PartitionError> partitions;
};

// An error of the whole command stands at each partition, as Kafka does it.
struct CommitOffsetsAnswer {
  std::vector<TopicErrors> topics;  // in the order asked
};

struct TopicPartitions {
  std::string topic;
  std::vector<int32_t> partitions;
};

struct FetchOffsetsCommand {
  std::string group;
  std::optional<std::vector<TopicPartitions>> topics;  // nullopt: all that are committed
  bool require_stable = false;
};

struct FetchedOffset {
  int32_t partition = 0;
  int64_t offset = -1;  // -1: nothing is committed
  int32_t leader_epoch = -1;
  std::string metadata;
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
};

struct FetchedTopic {
  std::string topic;
  std::vector<FetchedOffset> partitions;
};

struct FetchOffsetsAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::vector<FetchedTopic> topics;
};

struct DeleteOffsetsCommand {
  std::string group;
  std::vector<TopicPartitions> topics;
};

struct DeleteOffsetsAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;  // if set, `topics` is empty
  std::vector<TopicErrors> topics;
};

// ---- Groups ----

struct DeleteGroupsCommand {
  std::vector<std::string> groups;
};

struct DeletedGroup {
  std::string group;
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
};

struct DeleteGroupsAnswer {
  std::vector<DeletedGroup> groups;  // in the order asked
};

struct ListGroupsCommand {
  std::vector<std::string> states;  // any case; empty: all
  std::vector<std::string> types;   // "classic", any case; empty: all
};

struct ListedGroup {
  std::string group;
  std::string protocol_type;
  GroupState state = GroupState::kEmpty;
};

struct ListGroupsAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::vector<ListedGroup> groups;  // by name
};

struct DescribeGroupCommand {
  std::string group;
};

struct DescribedMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  std::string metadata;  // under the chosen protocol; "" unless the group is stable
  std::string assignment;
};

// A group that is not there is GROUP_ID_NOT_FOUND and kDead; before DescribeGroups v6 that is no
// error on the wire.
struct DescribeGroupAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  GroupState state = GroupState::kDead;
  std::string protocol_type;
  std::string protocol;  // "" unless the group is stable
  std::vector<DescribedMember> members;
  // Beyond what Kafka shows.
  int32_t generation = 0;
  std::string leader;
  std::optional<RebalanceReason> last_rebalance;
};

using Result = std::variant<JoinAnswer, SyncAnswer, HeartbeatAnswer, LeaveAnswer,
                            CommitOffsetsAnswer, FetchOffsetsAnswer, DeleteOffsetsAnswer,
                            DeleteGroupsAnswer, ListGroupsAnswer, DescribeGroupAnswer>;

}  // namespace barnabas::group

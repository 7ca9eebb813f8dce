// One member of a consumer group: a process of its own, as clients have it. It finds the
// coordinator, joins, shares out partitions when it leads the group, reads what it was given,
// commits what it has read, says that it lives, and joins again when it is told to. Eager members
// give up everything before they join, cooperative ones only what they must.
//
//   joining --> syncing --> asking where to begin --> working --.
//      ^-- the group rebalances, or has gone on without it -----'
//
// It tells the checks what it was told and what it does; it decides nothing about right or wrong
// but which answers a sound request may get. Lives on one loop, which must outlive it.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/sync_group.h"
#include "tests/simulation/checks/committed_offsets.h"
#include "tests/simulation/checks/fenced_commits.h"
#include "tests/simulation/checks/partition_owners.h"
#include "tests/simulation/checks/processed_records.h"
#include "tests/simulation/client.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/group_protocol.h"

namespace barnabas::simulation {

// The newest that brokers have, and the newest that speak of topics by their names.
template <>
inline constexpr int16_t kVersion<kafka::FindCoordinatorRequest> = 4;
template <>
inline constexpr int16_t kVersion<kafka::OffsetCommitRequest> = 9;
template <>
inline constexpr int16_t kVersion<kafka::OffsetFetchRequest> = 9;

struct GroupChecks {
  explicit GroupChecks(Findings& findings)
      : owners(findings), fenced(findings), committed(findings), processed(findings) {}
  PartitionOwners owners;
  FencedCommits fenced;
  CommittedOffsets committed;
  ProcessedRecords processed;
};

struct GroupMemberOptions {
  std::string group;
  std::vector<std::string> topics;
  std::string instance_id;  // empty: a dynamic member
  bool cooperative = false;
  Duration session_timeout = std::chrono::seconds(2);
  Duration rebalance_timeout = std::chrono::seconds(3);
  Duration heartbeat_every = std::chrono::milliseconds(300);
  Duration commit_every = std::chrono::milliseconds(200);
  Duration fetch_wait = std::chrono::milliseconds(300);
};

class GroupMember {
 public:
  // `coordinator` and `data` are for this member alone: what is parked on one connection must not
  // stand in the way of the other's requests.
  GroupMember(Client& coordinator, Client& data, GroupMemberOptions options, Findings& findings,
              GroupChecks& checks);
  ~GroupMember();

  // Commits, says good-bye, and is over.
  void leave();
  // It has left, or another process has taken its place as the same static member.
  bool over() const { return over_; }
  // For reports.
  std::string describe() const;

 private:
  enum class State { kJoining, kSyncing, kAsking, kWorking };
  struct Part {
    std::optional<Offset> position;  // nullopt: not known yet
    Offset committed = kNoOffset;    // as far as this member knows
  };
  using Positions = std::map<TopicPartition, Offset>;
  using Step = void (GroupMember::*)();

  GroupPlace place(const TopicPartition& partition) const {
    return {options_.group, partition.first, partition.second};
  }
  FencedCommits::Sender sender() const {
    return {options_.group, options_.instance_id, member_id_, generation_};
  }
  std::optional<std::string_view> instance() const;
  std::string subscription() const;
  Assignment all_partitions() const;

  // Answers to what was asked in an earlier step are not heard any more.
  uint64_t begin(State state);
  void later(Duration delay, Step step);
  // Asks the coordinator for what belongs to the present step.
  template <class Response, class Request>
  void ask(const char* what, const Request& request, Duration limit,
           absl::AnyInvocable<void(const Response&)> answered);
  // Has the answer to be looked at? If not, what has to be done about it has been done.
  bool is_sound(const char* what, int16_t error);
  void look_again(std::string trouble);
  void go_on();
  void lose_everything();

  void find();
  void found(const kafka::FindCoordinatorResponse& response);
  void rejoin();
  void join();
  void joined(const kafka::JoinGroupResponse& response);
  void sync(const std::map<std::string, Assignment>& shares);
  void synced(const kafka::SyncGroupResponse& response);
  void ask_where_to_begin();
  void told_where_to_begin(const Positions& floors, const kafka::OffsetFetchResponse& response);
  void tick();
  void heartbeat();
  // `then`: after the answer, whatever it is.
  void commit(Task then);
  void committed(const FencedCommits::Sender& sender, const std::string& fenced_by,
                 const std::map<TopicPartition, uint64_t>& commits, const Positions& positions,
                 const kafka::OffsetCommitResponse* response);
  void say_goodbye();
  void fetch();
  void fetch_from(BrokerId broker);
  void fetched(const Positions& asked, const kafka::FetchResponse& response);
  void read(const TopicPartition& partition, Part& part, std::string_view records);

  Client& coordinator_;
  Client& data_;
  const GroupMemberOptions options_;
  Findings& findings_;
  GroupChecks& checks_;

  State state_ = State::kJoining;
  uint64_t step_ = 0;
  bool finding_ = false;
  BrokerId coordinator_id_ = kNoBroker;
  std::string member_id_;
  int32_t generation_ = -1;
  std::string protocol_;
  bool leads_ = false;
  bool leaving_ = false;
  bool over_ = false;
  size_t shared_out_ = 0;  // partitions, when this one led the last time
  std::map<TopicPartition, Part> parts_;
  std::set<BrokerId> fetching_;
  bool committing_ = false;
  bool heartbeat_under_way_ = false;
  uint64_t ticks_ = 0;
  std::string trouble_ = "nothing asked yet";
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace barnabas::simulation

// The coordinator of all groups of one partition of __consumer_offsets, as a pure state machine: no
// thread, lock, clock, log or message of its own. The shell feeds it commands, completions and the
// time, and carries out the effects.
//
//              replay()*, loaded()                        resign()
//   [loading] ---------------------> [active] ---------------------------> [resigned]
//       ^                               |
//       +------- append_failed() -------+      (drops everything and asks for a reload)
//
// One group, in the classic protocol (dead: gone from the shard):
//
//               first join                    all joined, or time is up
//   [empty] ----------------> [preparing] --------------------------------> [completing]
//      ^                       |    ^  ^                                        |
//      +---- nobody is left ---+    |  +---- join, leave, expiry, no sync ------+
//                                   +------------------------- [stable] <-------+
//                                     join, leave, expiry        leader's assignment is committed
//
// The promises (S26, and Kafka's own):
//   - decisions are made on working state (committed plus appended), answers are given and offsets
//     read from committed state: an answer waits for the commit of everything it was decided on;
//   - append failure or loss of leadership drops the state, and answers everybody who waits;
//   - each token is answered exactly once; a join or sync within the longest session or rebalance
//     timeout of its group, as long as appends complete;
//   - a generation has one leader, and only its members may heartbeat, sync and commit in it;
//   - what replay() builds from the appended records is what was there when they were appended.
//
// Before loaded(): COORDINATOR_LOAD_IN_PROGRESS. After resign(): NOT_COORDINATOR. Not thread-safe.

#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "broker/group/commands.h"
#include "broker/group/effects.h"
#include "broker/group/options.h"
#include "common/clock.h"
#include "common/random.h"

namespace barnabas::group {

class Coordination;

// Counted since this shard was made, apart from the sizes, which are of this moment.
struct Statistics {
  std::array<size_t, 5> groups_by_state{};  // by GroupState
  size_t members = 0;
  size_t offsets = 0;
  std::array<uint64_t, kRebalanceKinds> rebalances{};  // by RebalanceKind
  uint64_t completed_rebalances = 0;
  uint64_t offset_commits = 0;  // partitions
  uint64_t expired_offsets = 0;
  uint64_t deleted_groups = 0;
};

class Shard {
 public:
  // `random`: for member ids; must outlive the shard.
  Shard(Options options, Random& random);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // ---- Loading (S26) ----
  // Every record of the partition in order, compacted or not; no value: a tombstone. Kinds of
  // records that this version does not know are passed over. DATA_LOSS: the record is damaged.
  absl::Status replay(std::string_view key, std::optional<std::string_view> value);
  // The log has been replayed to its end, and the high watermark has passed that end. Sessions of
  // all members begin now.
  void loaded(Now now, Effects& effects);

  // ---- Commands ----
  void join(Token token, JoinCommand command, Now now, Effects& effects);
  void sync(Token token, SyncCommand command, Now now, Effects& effects);
  void heartbeat(Token token, const HeartbeatCommand& command, Now now, Effects& effects);
  void leave(Token token, const LeaveCommand& command, Now now, Effects& effects);
  void commit_offsets(Token token, CommitOffsetsCommand command, Now now, Effects& effects);
  void fetch_offsets(Token token, const FetchOffsetsCommand& command, Effects& effects);
  void delete_offsets(Token token, const DeleteOffsetsCommand& command, Now now, Effects& effects);
  void delete_groups(Token token, const DeleteGroupsCommand& command, Now now, Effects& effects);
  void list_groups(Token token, const ListGroupsCommand& command, Effects& effects);
  void describe_group(Token token, const DescribeGroupCommand& command, Effects& effects);
  // These partitions are no more: what is committed for them goes too. No partitions: all of the
  // topic. Nobody is answered.
  void partitions_deleted(const TopicPartitions& deleted, Now now, Effects& effects);

  // ---- The log ----
  // The batch, and so every one before it, is committed. Ids of an earlier life are ignored.
  void committed(AppendId id, Now now, Effects& effects);
  // It was refused, or nobody knows. NOT_LEADER_OR_FOLLOWER is passed on as NOT_COORDINATOR, all
  // else as COORDINATOR_NOT_AVAILABLE: the outcome is unknown, and a retry finds it out.
  void append_failed(AppendId id, kafka::ErrorCode error, Effects& effects);
  // Leadership is lost, or the broker stops.
  void resign(Effects& effects);

  // ---- Time ----
  // When tick() has work at the earliest; may be too early, never too late.
  std::optional<Instant> next_deadline() const;
  void tick(Now now, Effects& effects);

  // ---- Sight ----
  bool active() const;
  Statistics statistics() const;
  // Every group that ListGroups shows, with the number of its members.
  void each_group(absl::FunctionRef<void(std::string_view group, GroupState state, size_t members)>
                      visit) const;
  // Every committed offset (group, topic, partition, offset): for lag.
  void each_offset(absl::FunctionRef<void(std::string_view group, std::string_view topic,
                                          int32_t partition, int64_t offset)>
                       visit) const;
  // All that a later replay must give again, as text: one line per offset and group, in order. Of
  // a group whose rebalance is under way only its offsets: its members are not stored yet.
  std::string stored_state() const;

 private:
  std::unique_ptr<Coordination> coordination_;
};

}  // namespace barnabas::group

// One group of the classic protocol: its members, what they support, and which of them wait for an
// answer. What follows from a change (timers, answers, records) is decided by Membership.
//
// Counts that are asked for on every join (who supports a protocol, who has not come yet) are kept,
// not recomputed: joining costs no walk over the members, however many there are.
//
// Plain data: no clock, no log.

#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/group/commands.h"
#include "broker/group/deadlines.h"
#include "broker/group/group_offsets.h"
#include "broker/group/group_records.h"
#include "broker/group/subscription.h"

namespace barnabas::group {

class Group;
struct Member;

// What a deadline is about.
struct Due {
  enum class Kind : uint8_t { kSession, kPendingJoin, kJoinPhase, kSyncPhase, kRetention };
  Kind kind = Kind::kSession;
  Group* group = nullptr;
  Member* member = nullptr;
  const std::string* pending = nullptr;
};
using Timers = Deadlines<Due>;

struct Member {
  std::string id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  int32_t session_timeout_ms = 0;
  int32_t rebalance_timeout_ms = 0;
  std::string assignment;
  // It has not been told its id yet, so it cannot send heartbeats.
  bool is_new = false;
  std::optional<Token> sync;  // a parked SyncGroup
  Timers::Handle session = 0;

  const std::vector<Protocol>& protocols() const { return protocols_; }
  bool waits_for_join() const { return join_.has_value(); }
  const std::optional<Token>& join() const { return join_; }
  bool must_sync() const { return must_sync_; }

 private:
  friend class Group;
  std::vector<Protocol> protocols_;
  std::optional<Token> join_;  // a parked JoinGroup
  bool must_sync_ = false;     // has joined this generation, not asked for its assignment yet
};

class Group {
 public:
  using Members = absl::btree_map<std::string, std::unique_ptr<Member>, std::less<>>;

  explicit Group(std::string id) : id_(std::move(id)) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  const std::string& id() const { return id_; }

  // ---- State that Membership moves ----
  GroupState state = GroupState::kEmpty;
  int32_t generation = 0;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol;
  int64_t state_timestamp_ms = -1;  // when it became what the log says; -1: not said
  // The first rebalance of an empty group waits for more members to come.
  bool initial_rebalance = false;
  bool member_added = false;  // since the initial delay was last extended
  Duration initial_delay{};
  Duration initial_remaining{};
  std::optional<Timers::Handle> join_phase;
  std::optional<Timers::Handle> sync_phase;
  std::unique_ptr<RebalanceReason> last_rebalance;

  // ---- What stands in the log (S26) ----
  GroupOffsets offsets;
  // The newest append that changed the group apart from its offsets: answers that are decided on
  // the group wait for it. 0: none.
  AppendId decided_on = 0;
  AppendId last_append = 0;
  // The assignment of this generation is appended; the group is stable when that is committed.
  std::optional<AppendId> storing;
  bool record_appended = false;   // a record of the group is in the log, committed or not
  bool record_committed = false;  // and it is committed
  // Deleted, and the tombstone is not committed: for decisions the group is not there.
  bool deleted = false;

  // ---- Members ----
  const Members& members() const { return members_; }
  size_t size() const { return members_.size(); }
  Member* find(std::string_view member_id);
  // Null if no member has this instance id.
  Member* find_static(std::string_view instance_id);
  // The error of one who is not, or not any more, this member; or NONE.
  kafka::ErrorCode check(const std::string& member_id,
                         const std::optional<std::string>& instance_id);

  Member& add(std::unique_ptr<Member> member, std::vector<Protocol> protocols);
  // Its parked requests must have been taken and answered.
  std::unique_ptr<Member> remove(const std::string& member_id);
  // The same member goes on under a new id.
  void rename(Member& member, std::string new_id);
  void set_protocols(Member& member, std::vector<Protocol> protocols);

  // Returns the request that was parked before, which is now to be answered otherwise.
  std::optional<Token> park_join(Member& member, Token token);
  std::optional<Token> take_join(Member& member);
  size_t waiting_for_join() const { return waiting_for_join_; }
  void set_must_sync(Member& member, bool must);
  bool all_have_synced() const { return must_sync_ == 0; }

  // Ids that were given out and have not joined with them.
  const std::map<std::string, Timers::Handle>& pending() const { return pending_; }
  const std::string& add_pending(std::string member_id);
  void set_pending_timer(const std::string& member_id, Timers::Handle timer);
  bool is_pending(const std::string& member_id) const { return pending_.count(member_id) != 0; }
  void remove_pending(const std::string& member_id) { pending_.erase(member_id); }

  bool all_have_joined() const { return waiting_for_join_ == size() && pending_.empty(); }

  // ---- Decisions about members ----
  const std::string& leader() const { return leader_; }  // "": none
  bool is_leader(const Member& member) const { return leader_ == member.id; }
  void set_leader(std::string member_id) { leader_ = std::move(member_id); }
  // Makes one that has come to this rebalance the leader, if the leader has not. False: none has.
  bool elect_joined_leader();
  // May somebody with these protocols be a member beside those who are?
  bool supports(const std::string& type, const std::vector<Protocol>& protocols) const;
  // By votes: each member votes for the first of its protocols that all support. A tie goes to what
  // the leader wants more.
  std::string select_protocol() const;
  // "" if the member does not know the group's protocol.
  const std::string& metadata_of(const Member& member) const;
  Duration rebalance_timeout() const;  // the longest of the members'

  // The topics of all members under the group's protocol; nullopt: not a consumer group, or not to
  // be read.
  std::optional<Topics> topics() const;
  // As Kafka says it: a consumer group whose topics cannot be read may subscribe to any.
  static bool may_subscribe(const Group& group, const std::optional<Topics>& topics,
                            const std::string& topic);

  // ---- The log ----
  StoredGroup to_store(const std::map<std::string, std::string>* assignments) const;
  void load(StoredGroup stored);  // the members have no timers yet
  void forget_membership();

  bool is_consumer_group() const { return protocol_type == kConsumerProtocolType; }

 private:
  void count(const std::vector<Protocol>& protocols, int by);

  const std::string id_;
  Members members_;
  absl::btree_map<std::string, std::string> static_members_;  // instance id -> member id
  std::map<std::string, Timers::Handle> pending_;
  absl::btree_map<std::string, int32_t> support_;  // protocol -> how many know it
  std::string leader_;
  size_t waiting_for_join_ = 0;
  size_t must_sync_ = 0;
};

// Equal in name and metadata, in the same order.
bool same_protocols(const Member& member, const std::vector<Protocol>& protocols);

}  // namespace barnabas::group

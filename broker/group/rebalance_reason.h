// Why a group rebalanced: a kind that can be counted, and a sentence for people.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/clock.h"

namespace barnabas::group {

enum class RebalanceKind : uint8_t {
  kMemberJoined,         // a member that was not there before
  kLeaderRejoined,       // the leader asks for a new assignment (its topics have changed, say)
  kSubscriptionChanged,  // a member came with other protocols or another subscription
  kStaticReplaced,       // a static member came back under a new id and could not just take over
  kMemberLeft,           // it said so
  kMemberRemoved,        // an administrator removed it by its instance id
  kSessionExpired,       // no heartbeat within the session timeout
  kSyncTimedOut,         // did not ask for its assignment within the rebalance timeout
  kAssignmentTooLarge,   // the leader's assignment could not be stored
  kOverCapacity,         // loaded with more members than group.max.size allows
};
inline constexpr size_t kRebalanceKinds = 10;

// As a label of a metric: "member_joined", ...
const char* name_of(RebalanceKind kind);

struct RebalanceReason {
  RebalanceKind kind = RebalanceKind::kMemberJoined;
  std::string text;  // which member, and its own words if it gave any
  WallTime at;
  int32_t generation = 0;  // the one that it ended
  int64_t number = 1;      // of the group's rebalances since this broker coordinates it
};

}  // namespace barnabas::group

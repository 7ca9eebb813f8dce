#include "broker/group/rebalance_reason.h"

namespace barnabas::group {

const char* name_of(RebalanceKind kind) {
  switch (kind) {
    case RebalanceKind::kMemberJoined:
      return "member_joined";
    case RebalanceKind::kLeaderRejoined:
      return "leader_rejoined";
    case RebalanceKind::kSubscriptionChanged:
      return "subscription_changed";
    case RebalanceKind::kStaticReplaced:
      return "static_replaced";
    case RebalanceKind::kMemberLeft:
      return "member_left";
    case RebalanceKind::kMemberRemoved:
      return "member_removed";
    case RebalanceKind::kSessionExpired:
      return "session_expired";
    case RebalanceKind::kSyncTimedOut:
      return "sync_timed_out";
    case RebalanceKind::kAssignmentTooLarge:
      return "assignment_too_large";
    case RebalanceKind::kOverCapacity:
      return "over_capacity";
  }
  return "unknown";
}

}  // namespace barnabas::group

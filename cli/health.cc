#include "cli/health.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/exit_code.h"
#include "cli/output.h"

namespace barnabas::cli {
namespace {

constexpr int64_t kSilentMs = 3000;

}  // namespace

Health judge(const proto::DescribeClusterAnswer& cluster,
             const proto::DescribeQuorumAnswer* quorum) {
  Health health;
  const auto reason = [&](int level, const std::string& text) {
    health.level = std::max(health.level, level);
    health.reasons.push_back(text);
  };
  int running = 0;
  for (const proto::BrokerView& broker : cluster.brokers()) {
    if (broker.state() == "running") {
      ++running;
    } else {
      reason(kStatusDegraded, absl::StrCat("broker ", broker.id(), " is ", broker.state()));
    }
  }
  if (running == 0) reason(kStatusDown, "no broker is running");
  if (cluster.leaderless() > 0) {
    const bool all = cluster.leaderless() >= cluster.partitions();
    reason(all ? kStatusDown : kStatusDegraded,
           absl::StrCat(counted(cluster.leaderless(), "partition has", "partitions have"),
                        " no leader and can neither be written nor read"));
  }
  if (cluster.under_min_in_sync() > 0) {
    reason(kStatusDegraded,
           absl::StrCat(counted(cluster.under_min_in_sync(), "partition has", "partitions have"),
                        " fewer replicas in sync than min.insync.replicas: acks=all is refused"));
  }
  if (cluster.under_replicated() > 0) {
    reason(kStatusDegraded,
           absl::StrCat(counted(cluster.under_replicated(), "partition has", "partitions have"),
                        " a replica that is not in sync"));
  }
  if (quorum != nullptr && quorum->answered_by() == quorum->leader()) {
    for (const proto::VoterView& voter : quorum->voters()) {
      const int64_t since = voter.since_contact_ms();
      if (voter.id() == quorum->leader() || (since >= 0 && since < kSilentMs)) continue;
      const auto& observers = quorum->observers();
      if (std::any_of(observers.begin(), observers.end(),
                      [&](const auto& observer) { return observer.id() == voter.id(); })) {
        reason(kStatusDegraded,
               absl::StrCat("controller ", voter.id(), " has come back with another directory and ",
                            "does not vote: barnabas quorum replace ", voter.id()));
        continue;
      }
      reason(kStatusDegraded, absl::StrCat("controller ", voter.id(), " (", voter.endpoint(),
                                           ") is not heard from"));
    }
  }
  return health;
}

}  // namespace barnabas::cli

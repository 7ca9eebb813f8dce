// The verdict on a cluster, in one word and in sentences.

#pragma once

#include <string>
#include <vector>

#include "proto/admin.pb.h"

namespace barnabas::cli {

struct Health {
  int level = 0;  // kStatusHealthy, kStatusDegraded, kStatusDown
  std::vector<std::string> reasons;
  const char* word() const { return level == 0 ? "healthy" : level == 1 ? "degraded" : "down"; }
};

// Down: nobody can write anywhere (no active controller that answers is degraded only, because
// records still flow: that case has no DescribeClusterAnswer and is the caller's). Degraded:
// something that should be there is not. `quorum` may be null.
Health judge(const proto::DescribeClusterAnswer& cluster,
             const proto::DescribeQuorumAnswer* quorum);

}  // namespace barnabas::cli

// The one place where leader, in-sync set and eligible set of a partition are worked out.
//
// Safe because of three rules, each kept here and nowhere else:
//   - only members of the in-sync set lead; where it is empty, a member of the eligible set becomes
//     the whole in-sync set: both hold everything up to the high watermark, which stands still
//     while the in-sync set is smaller than min ISR (KIP-966, S19);
//   - anybody else leads only by an unclean election, which bumps the lineage (S13);
//   - the leader epoch grows whenever the leader changes, also to nobody (S9).
//
//   in sync --leaves, set stays >= min ISR--> plain replica
//           --leaves, set falls < min ISR---> eligible --set is >= min ISR again--> plain replica
//           --unclean start-----------------> plain replica, neither of the two (S10)
//
// Pure. An in-sync set is always made of brokers that may lead: unfenced, not shutting down.

#pragma once

#include <absl/functional/function_ref.h>

#include <optional>
#include <vector>

#include "metadata/config_keys.h"
#include "metadata/image.h"
#include "proto/metadata.pb.h"

namespace barnabas::controller {

struct PartitionRules {
  int32_t min_in_sync = 1;  // not more than there are replicas
  bool unclean_election = false;
  metadata::Durability durability_wanted = metadata::Durability::kDurable;
  absl::FunctionRef<bool(BrokerId)> may_lead;
};
PartitionRules rules_of(const metadata::TopicSettings& settings, size_t replicas,
                        absl::FunctionRef<bool(BrokerId)> may_lead);

struct PartitionWish {
  std::optional<std::vector<BrokerId>> in_sync;  // the leader's proposal
  bool prefer = false;                           // elect the preferred leader if it may lead
  // This broker started uncleanly: what it holds is not what it promised (S10).
  std::optional<BrokerId> distrusted;
  // Its directory of this partition is another one now, so it holds nothing.
  std::optional<Uuid> new_directory;
  bool min_in_sync_changed = false;  // S19
  bool recovered = false;            // the leader has finished after an unclean election
  bool durable = false;              // S11
};

// Nothing: the partition is as it should be.
std::optional<proto::PartitionChange> partition_change(const metadata::TopicPartition& id,
                                                       const metadata::PartitionImage& now,
                                                       const PartitionRules& rules,
                                                       const PartitionWish& wish);

// What `now` becomes by the change; for answers.
metadata::PartitionImage changed(const metadata::PartitionImage& now,
                                 const proto::PartitionChange& change);

}  // namespace barnabas::controller

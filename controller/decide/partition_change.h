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
// Pure. An in-sync set is made of brokers that may lead, and of those that have just come back
// with everything they promised and will be unfenced in a moment: they hold the high watermark
// where it is, and so whatever was acknowledged stays within reach (S10, decision 0004).

#pragma once

#include <absl/functional/function_ref.h>

#include <optional>
#include <vector>

#include "metadata/config_keys.h"
#include "metadata/image.h"
#include "proto/metadata.pb.h"

namespace barnabas::controller {

struct Standing {
  bool may_lead = false;
  bool may_be_in_sync = false;  // whoever may lead may; so may one that is about to be unfenced
  bool draining = false;        // leads only where nobody else can
};
using Standings = absl::FunctionRef<Standing(BrokerId)>;

struct PartitionRules {
  int32_t min_in_sync = 1;  // not more than there are replicas
  bool unclean_election = false;
  metadata::Durability durability_wanted = metadata::Durability::kDurable;
  Standings standing;
};
PartitionRules rules_of(const metadata::TopicSettings& settings, size_t replicas,
                        Standings standing);

struct PartitionWish {
  std::optional<std::vector<BrokerId>> in_sync;  // the leader's proposal
  bool prefer = false;                           // elect the preferred leader if it may lead
  bool unclean = false;                          // elect anybody, if that is what it takes
  // What this broker holds is not what it promised: it started uncleanly (S10), or says that its
  // replica is damaged.
  std::optional<BrokerId> distrusted;
  // Its directory of this partition is another one now, so it holds nothing.
  std::optional<Uuid> new_directory;
  bool min_in_sync_changed = false;  // S19
  bool recovered = false;            // the leader has finished after an unclean election
  bool durable = false;              // S11

  friend bool operator==(const PartitionWish&, const PartitionWish&) = default;
};

// Nothing: the partition is as it should be.
std::optional<proto::PartitionChange> partition_change(const metadata::TopicPartition& id,
                                                       const metadata::PartitionImage& now,
                                                       const PartitionRules& rules,
                                                       const PartitionWish& wish);

// A short look that finds most partitions to be as they should be, where nothing is wished. False
// says nothing.
bool is_settled(const metadata::PartitionImage& now, const PartitionRules& rules);

// What `now` becomes by the change; for answers.
metadata::PartitionImage changed(const metadata::PartitionImage& now,
                                 const proto::PartitionChange& change);

}  // namespace barnabas::controller

#include "controller/decide/partition_change.h"

#include <algorithm>

#include "common/probe.h"
#include "metadata/records.h"

namespace barnabas::controller {

using metadata::Durability;
using metadata::PartitionImage;

namespace {

using Brokers = std::vector<BrokerId>;

bool contains(const Brokers& list, BrokerId broker) {
  return std::find(list.begin(), list.end(), broker) != list.end();
}

class Builder {
 public:
  Builder(const PartitionImage& now, const PartitionRules& rules, const PartitionWish& wish)
      : now_(now), rules_(rules), wish_(wish), next_(now) {}

  PartitionImage build() {
    place();
    trust();
    next_.in_sync = in_preference([&](BrokerId broker) {
      return contains(wish_.in_sync ? *wish_.in_sync : now_.in_sync, broker) && stays(broker);
    });
    if (wish_.recovered) next_.recovering = false;
    elect();
    keep_eligible();
    if (next_.leader != now_.leader || unclean_) next_.leader_epoch = now_.leader_epoch.next();
    return next_;
  }

 private:
  bool stays(BrokerId broker) const {
    return broker != wish_.distrusted && rules_.standing(broker).may_be_in_sync;
  }
  bool may_lead(BrokerId broker) const {
    return broker != wish_.distrusted && rules_.standing(broker).may_lead;
  }
  bool leads_gladly(BrokerId broker) const {
    return may_lead(broker) && !rules_.standing(broker).draining;
  }

  template <class Predicate>
  Brokers in_preference(Predicate wanted) const {
    Brokers out;
    std::copy_if(next_.replicas.begin(), next_.replicas.end(), std::back_inserter(out), wanted);
    return out;
  }

  BrokerId first_that_may_lead(const Brokers& among) const {
    BrokerId reluctant = kNoBroker;
    for (BrokerId broker : next_.replicas) {
      if (!contains(among, broker) || !may_lead(broker)) continue;
      if (leads_gladly(broker)) return broker;
      if (reluctant == kNoBroker) reluctant = broker;
    }
    return reluctant;
  }

  void place() {
    if (!wish_.new_directory) return;
    for (size_t i = 0; i < next_.replicas.size(); ++i) {
      if (next_.replicas[i] == wish_.distrusted) next_.directories[i] = *wish_.new_directory;
    }
  }

  // Trust is withdrawn at once and given only after the leader has seen everything on disk (S11).
  void trust() {
    const bool asked_before = now_.durability_wanted == Durability::kDurable;
    next_.durability_wanted = rules_.durability_wanted;
    if (rules_.durability_wanted == Durability::kReplicated) {
      next_.durability = Durability::kReplicated;
    } else if (wish_.durable && asked_before && now_.durability == Durability::kReplicated) {
      next_.durability = Durability::kDurable;
      vouched_ = true;
    }
  }

  void elect() {
    const BrokerId preferred = next_.replicas.front();
    const auto serves = [&](BrokerId broker) {
      return contains(next_.in_sync, broker) && leads_gladly(broker);
    };
    if (wish_.prefer && serves(preferred)) {
      next_.leader = preferred;
    } else if (serves(now_.leader)) {
      next_.leader = now_.leader;
    } else if (const BrokerId member = first_that_may_lead(next_.in_sync); member != kNoBroker) {
      const bool stay = contains(next_.in_sync, now_.leader) && may_lead(now_.leader);
      next_.leader = stay && !leads_gladly(member) ? now_.leader : member;
    } else if (const BrokerId heir = first_that_may_lead(now_.eligible); heir != kNoBroker) {
      reached("controller: an eligible replica leads");
      // Members that are still fenced hold what the heir holds, up to the high watermark.
      next_.leader = heir;
      next_.in_sync = in_preference(
          [&](BrokerId broker) { return broker == heir || contains(next_.in_sync, broker); });
    } else if (!next_.in_sync.empty() && !wish_.unclean) {
      reached("controller: nobody may lead for now");
      const bool outside = planted("controller: elects outside the in-sync set");
      next_.leader = outside ? first_that_may_lead(next_.replicas) : kNoBroker;
      if (next_.leader != kNoBroker) next_.in_sync = {next_.leader};
      // Otherwise one of them will be unfenced in a moment, or fenced for good
    } else {
      elect_uncleanly();
    }
  }

  void elect_uncleanly() {
    // A partition's only replica holds the best copy there is: waiting brings no better one.
    const bool alone = next_.replicas.size() == 1 && now_.eligible.empty();
    BrokerId heir = kNoBroker;
    const bool allowed = rules_.unclean_election || wish_.unclean;
    if (alone || allowed) heir = first_that_may_lead(now_.last_known_eligible);
    if (heir == kNoBroker && allowed) heir = first_that_may_lead(next_.replicas);
    next_.leader = heir;
    if (heir == kNoBroker) return;
    unclean_ = true;
    next_.in_sync = {heir};
    next_.lineage = now_.lineage.next();
    next_.recovering = true;
  }

  void keep_eligible() {
    const bool enough = static_cast<int32_t>(next_.in_sync.size()) >= rules_.min_in_sync;
    // The leader vouches for the in-sync set only; without a leader the watermark stands still, so
    // a new min ISR makes no eligible replica worse (decision 0004).
    const bool doubtful = vouched_ || (wish_.min_in_sync_changed && next_.leader != kNoBroker);
    if (unclean_ || enough || doubtful) {
      next_.eligible.clear();
      next_.last_known_eligible.clear();
      return;
    }
    next_.eligible = in_preference([&](BrokerId broker) {
      return (contains(now_.eligible, broker) || contains(now_.in_sync, broker)) &&
             !contains(next_.in_sync, broker) && broker != wish_.distrusted;
    });
    if (!next_.in_sync.empty() || !next_.eligible.empty()) {
      next_.last_known_eligible.clear();
      return;
    }
    if (now_.leader != kNoBroker) {
      next_.last_known_eligible = {now_.leader};
    } else if (!now_.eligible.empty()) {
      next_.last_known_eligible = now_.eligible;
    }
    if (wish_.new_directory) std::erase(next_.last_known_eligible, *wish_.distrusted);
  }

  const PartitionImage& now_;
  const PartitionRules& rules_;
  const PartitionWish& wish_;
  PartitionImage next_;
  bool unclean_ = false;
  bool vouched_ = false;
};

// What it may ask for, a member less, is so already.
bool asks_nothing_of(const PartitionImage& now, const PartitionWish& wish) {
  PartitionWish nothing;
  nothing.distrusted = wish.distrusted;
  return wish == nothing && (!wish.distrusted || !contains(now.in_sync, *wish.distrusted));
}

}  // namespace

PartitionRules rules_of(const metadata::TopicSettings& settings, size_t replicas,
                        Standings standing) {
  return {metadata::effective_min_in_sync(settings, replicas), settings.unclean_leader_election,
          settings.durability, standing};
}

// Led by a member that leads gladly, every member may be one, in order of preference, and the set
// is large enough: then the rules above leave everything as it is.
bool is_settled(const PartitionImage& now, const PartitionRules& rules) {
  if (now.durability_wanted != rules.durability_wanted) return false;
  if (now.durability_wanted == Durability::kReplicated &&
      now.durability != Durability::kReplicated) {
    return false;
  }
  if (!now.eligible.empty() || !now.last_known_eligible.empty()) return false;
  auto member = now.in_sync.begin();
  bool led = false;
  for (auto replica = now.replicas.begin();
       replica != now.replicas.end() && member != now.in_sync.end(); ++replica) {
    if (*replica != *member) continue;
    const Standing standing = rules.standing(*member);
    if (!standing.may_be_in_sync) return false;
    if (*member == now.leader) led = standing.may_lead && !standing.draining;
    ++member;
  }
  return led && member == now.in_sync.end();
}

std::optional<proto::PartitionChange> partition_change(const metadata::TopicPartition& id,
                                                       const PartitionImage& now,
                                                       const PartitionRules& rules,
                                                       const PartitionWish& wish) {
  if (asks_nothing_of(now, wish) && is_settled(now, rules)) return std::nullopt;
  const PartitionImage next = Builder(now, rules, wish).build();
  if (next == now) return std::nullopt;
  proto::PartitionChange change;
  change.set_topic_id(id.topic.view().data(), id.topic.view().size());
  change.set_index(id.index.value());
  change.set_partition_epoch(now.partition_epoch.next().value());
  if (next.directories != now.directories) {
    metadata::set_brokers(next.replicas, change.mutable_replicas());
    for (const Uuid& directory : next.directories) change.add_directories(directory.bytes());
  }
  if (next.in_sync != now.in_sync) {
    metadata::set_brokers(next.in_sync, change.mutable_in_sync());
  }
  if (next.eligible != now.eligible) {
    metadata::set_brokers(next.eligible, change.mutable_eligible());
  }
  if (next.last_known_eligible != now.last_known_eligible) {
    metadata::set_brokers(next.last_known_eligible, change.mutable_last_known_eligible());
  }
  if (next.leader_epoch != now.leader_epoch) {
    change.set_leader(next.leader.value());
    change.set_leader_epoch(next.leader_epoch.value());
  }
  if (next.lineage != now.lineage) change.set_lineage(next.lineage.value());
  if (next.durability != now.durability) change.set_durability(to_proto(next.durability));
  if (next.durability_wanted != now.durability_wanted) {
    change.set_durability_wanted(to_proto(next.durability_wanted));
  }
  if (next.recovering != now.recovering) change.set_recovering(next.recovering);
  return change;
}

PartitionImage changed(const PartitionImage& now, const proto::PartitionChange& change) {
  PartitionImage next = now;
  next.partition_epoch = PartitionEpoch{change.partition_epoch()};
  if (change.has_replicas()) {
    next.replicas = metadata::brokers_of(change.replicas().ids());
    next.directories.clear();
    for (const std::string& directory : change.directories()) {
      next.directories.push_back(metadata::uuid_of(directory));
    }
  }
  if (change.has_in_sync()) next.in_sync = metadata::brokers_of(change.in_sync().ids());
  if (change.has_eligible()) next.eligible = metadata::brokers_of(change.eligible().ids());
  if (change.has_last_known_eligible()) {
    next.last_known_eligible = metadata::brokers_of(change.last_known_eligible().ids());
  }
  if (change.has_leader_epoch()) next.leader_epoch = LeaderEpoch{change.leader_epoch()};
  if (change.has_leader()) next.leader = BrokerId{change.leader()};
  if (change.has_lineage()) next.lineage = Lineage{change.lineage()};
  if (change.has_durability()) next.durability = metadata::from_proto(change.durability());
  if (change.has_durability_wanted()) {
    next.durability_wanted = metadata::from_proto(change.durability_wanted());
  }
  if (change.has_recovering()) next.recovering = change.recovering();
  return next;
}

}  // namespace barnabas::controller

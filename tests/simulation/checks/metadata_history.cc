#include "tests/simulation/checks/metadata_history.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "metadata/config_keys.h"

namespace barnabas::simulation {

void MetadataHistory::committed(const metadata::Image& image) {
  if (image.index() <= newest_) return;
  newest_ = image.index();
  check_brokers(image);
  check_topics(image);
  if (image.next_producer_id() < next_producer_id_) {
    findings_.report("I30 producer ids are never given out twice",
                     absl::StrCat("the next one went from ", next_producer_id_.value(), " to ",
                                  image.next_producer_id().value()));
  }
  next_producer_id_ = image.next_producer_id();
}

void MetadataHistory::check_brokers(const metadata::Image& image) {
  for (const auto& [id, broker] : image.brokers()) {
    BrokerEpoch& before = epochs_.emplace(id, broker.epoch).first->second;
    if (broker.epoch < before) {
      findings_.report("I29 a broker's epoch grows with each registration",
                       absl::StrCat("broker ", id.value(), " went from ", before.value(), " to ",
                                    broker.epoch.value()));
    }
    before = broker.epoch;
  }
}

void MetadataHistory::check_topics(const metadata::Image& image) {
  std::set<Uuid> now;
  for (const auto& [name, id] : image.topics_by_name()) {
    now.insert(id);
    if (dead_.count(id) != 0) {
      findings_.report("I30 topic ids are never reused",
                       absl::StrCat("topic ", name, " has the id of one that was deleted"));
    }
    const metadata::TopicImage* const topic = image.topic(id);
    for (size_t i = 0; topic != nullptr && i < topic->partitions.size(); ++i) {
      const metadata::PartitionImage& state = topic->partitions[i];
      const metadata::BrokerImage* const leader = image.broker(state.leader);
      const Place place{id, static_cast<int32_t>(i)};
      const auto before = partitions_.find(place);
      const bool moved = before != partitions_.end() && before->second.lineage != state.lineage;
      const bool unclean = moved && metadata::topic_settings(image, name).unclean_leader_election;
      partition(place, state, leader == nullptr || leader->fenced, unclean);
    }
  }
  for (const Uuid& id : alive_) {
    if (now.count(id) == 0) dead_.insert(id);
  }
  alive_ = std::move(now);
}

void MetadataHistory::partition(const Place& place, const metadata::PartitionImage& partition,
                                bool leader_is_fenced, bool unclean_is_allowed) {
  const auto report = [&](const char* invariant, const std::string& what) {
    findings_.report(invariant,
                     absl::StrCat(place.text(), " at index ", newest_.value(), ": ", what));
  };
  if (partition.leader != kNoBroker) {
    if (!partition.is_in_sync(partition.leader)) {
      report("I31 the leader is in the in-sync set",
             absl::StrCat(partition.leader.value(), " is not"));
    }
    if (leader_is_fenced) {
      report("I33 a fenced broker leads nothing",
             absl::StrCat("broker ", partition.leader.value(), " does"));
    }
  }
  for (const BrokerId member : partition.in_sync) {
    if (!partition.has_replica(member)) {
      report("I31 the in-sync set is among the replicas",
             absl::StrCat(member.value(), " has no replica"));
    }
  }
  const auto [found, is_new] = partitions_.emplace(place, partition);
  if (is_new) return;
  metadata::PartitionImage& before = found->second;
  if (partition.leader_epoch < before.leader_epoch ||
      partition.partition_epoch < before.partition_epoch || partition.lineage < before.lineage) {
    report("I32 epochs never go back",
           absl::StrCat("leader epoch ", before.leader_epoch.value(), " to ",
                        partition.leader_epoch.value(), ", partition epoch ",
                        before.partition_epoch.value(), " to ", partition.partition_epoch.value()));
  }
  if (partition.leader != before.leader && partition.leader != kNoBroker &&
      partition.leader_epoch == before.leader_epoch) {
    report("I32 the leader epoch is bumped at each leader change",
           absl::StrCat("broker ", before.leader.value(), " and ", partition.leader.value(),
                        " in epoch ", partition.leader_epoch.value()));
  }
  if (partition != before && partition.partition_epoch == before.partition_epoch) {
    report("I31 each change of a partition has an epoch of its own",
           absl::StrCat("epoch ", partition.partition_epoch.value(), " says two things"));
  }
  if (partition.lineage != before.lineage) {
    ++unclean_elections_;
    if (!unclean_is_allowed) {
      report("I34 unclean elections only where they are allowed", "the lineage moved");
    }
  } else if (partition.leader != before.leader && partition.leader != kNoBroker &&
             partition.partition_epoch == before.partition_epoch.next() &&
             !before.is_in_sync(partition.leader) && !partition.is_in_sync(before.leader)) {
    // One step only: what lies between two looks that are further apart is not known. And a leader
    // that stays in the set vouches for whom it lets in, also for one that leads in its place.
    ++eligible_elections_;
    if (std::find(before.eligible.begin(), before.eligible.end(), partition.leader) ==
        before.eligible.end()) {
      report("I34 without a new lineage only an in-sync or eligible replica is elected",
             absl::StrCat("broker ", partition.leader.value(), " was neither"));
    }
  }
  before = partition;
}

}  // namespace barnabas::simulation

#include "broker/metrics_groups.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace barnabas::broker {
namespace {

using group::GroupState;

constexpr GroupState kStates[] = {GroupState::kEmpty, GroupState::kPreparingRebalance,
                                  GroupState::kCompletingRebalance, GroupState::kStable,
                                  GroupState::kDead};

void show_sums(const group::Statistics& sums, Exposition& into) {
  for (const GroupState state : kStates) {
    into.gauge("barnabas_groups", "Groups that this broker coordinates, by state",
               static_cast<double>(sums.groups_by_state[static_cast<size_t>(state)]),
               {{"state", group::name_of(state)}});
  }
  into.gauge("barnabas_group_members", "Members of these groups",
             static_cast<double>(sums.members));
  into.gauge("barnabas_group_offsets", "Committed offsets that are kept for these groups",
             static_cast<double>(sums.offsets));
  for (size_t kind = 0; kind < sums.rebalances.size(); ++kind) {
    into.counter("barnabas_group_rebalances_total", "Rebalances that began, by reason",
                 static_cast<double>(sums.rebalances[kind]),
                 {{"reason", group::name_of(static_cast<group::RebalanceKind>(kind))}});
  }
  into.counter("barnabas_group_rebalances_completed_total", "Rebalances that ended",
               static_cast<double>(sums.completed_rebalances));
  into.counter("barnabas_group_offset_commits_total", "Offsets committed",
               static_cast<double>(sums.offset_commits));
  into.counter("barnabas_group_offsets_expired_total", "Offsets dropped for their age",
               static_cast<double>(sums.expired_offsets));
}

struct Lag {
  int64_t records = 0;
  double seconds = 0;
};

}  // namespace

std::optional<int64_t> GroupCollector::age(const group::OffsetFacts& committed,
                                           const PartitionFacts& partition,
                                           const partition::Partitions& replicas, WallTime now,
                                           int& reads) {
  Next& next = next_[{committed.group, committed.topic, committed.partition}];
  next.seen = true;
  if (committed.offset >= partition.view.high_watermark.value()) return 0;
  // What retention has taken away is not consumed any more: the first that is there is next.
  const Offset first = std::max(Offset{committed.offset}, partition.view.log_start);
  if (next.offset != first.value() || next.timestamp_ms < 0) {
    if (++reads > kMaxReads) return std::nullopt;
    const auto replica = replicas.find(partition.id);
    if (replica == nullptr) return std::nullopt;
    next.offset = first.value();
    next.timestamp_ms = replica->timestamp_near(first).value_or(-1);
  }
  if (next.timestamp_ms < 0) return std::nullopt;
  return std::max<int64_t>(now.time_since_epoch().count() - next.timestamp_ms, 0);
}

void GroupCollector::collect(const group::CoordinatorFacts& groups,
                             const std::vector<PartitionFacts>& partitions,
                             const partition::Partitions& replicas, WallTime now,
                             const http::MetricsQuery& query, Exposition& into) {
  show_sums(groups.sums, into);
  std::map<std::pair<std::string, int32_t>, const PartitionFacts*> by_name;
  for (const PartitionFacts& partition : partitions) {
    if (partition.here) by_name[{partition.topic, partition.id.index.value()}] = &partition;
  }

  int shown = 0;
  std::map<std::string, Lag> of_group;  // those that have series
  for (const group::GroupFacts& group : groups.groups) {
    if (!matches(query.group, group.group) || static_cast<size_t>(shown++) >= kMaxGroups) continue;
    of_group[group.group];
    into.gauge("barnabas_group_state", "The state of a group; always 1", 1,
               {{"group", group.group}, {"state", group::name_of(group.state)}});
    if (query.full) {
      into.gauge("kafka_consumergroup_members", "Members of a group",
                 static_cast<double>(group.members), {{"consumergroup", group.group}});
    }
  }

  int reads = 0;
  std::map<std::pair<std::string, std::string>, int64_t> of_topic;
  for (const group::OffsetFacts& committed : groups.offsets) {
    const auto group = of_group.find(committed.group);
    if (group == of_group.end()) continue;
    const Labels labels = {{"consumergroup", committed.group},
                           {"topic", committed.topic},
                           {"partition", std::to_string(committed.partition)}};
    const bool wanted = query.full && matches(query.topic, committed.topic);
    if (wanted) {
      into.gauge("kafka_consumergroup_current_offset", "Committed offset",
                 static_cast<double>(committed.offset), labels);
    }
    const auto known = by_name.find({committed.topic, committed.partition});
    if (known == by_name.end()) continue;
    const PartitionFacts& partition = *known->second;
    const int64_t lag =
        std::max<int64_t>(partition.view.high_watermark.value() -
                              std::max(committed.offset, partition.view.log_start.value()),
                          0);
    group->second.records += lag;
    of_topic[{committed.group, committed.topic}] += lag;
    if (const auto milliseconds = age(committed, partition, replicas, now, reads)) {
      group->second.seconds =
          std::max(group->second.seconds, static_cast<double>(*milliseconds) / 1000);
    }
    if (wanted) {
      into.gauge("kafka_consumergroup_lag", "Records between the committed offset and the end",
                 static_cast<double>(lag), labels);
    }
  }
  for (const auto& [name, lag] : of_group) {
    into.gauge("barnabas_group_lag_records", "Records that a group has not consumed yet",
               static_cast<double>(lag.records), {{"group", name}});
    into.gauge("barnabas_group_lag_seconds",
               "Age of the oldest record that a group has not consumed yet", lag.seconds,
               {{"group", name}});
  }
  if (query.full) {
    for (const auto& [place, lag] : of_topic) {
      if (!matches(query.topic, place.second)) continue;
      into.gauge("kafka_consumergroup_lag_sum", "Records of a topic that a group has not consumed",
                 static_cast<double>(lag),
                 {{"consumergroup", place.first}, {"topic", place.second}});
    }
  }
  std::erase_if(next_, [](const auto& entry) { return !entry.second.seen; });
  for (auto& [place, next] : next_) next.seen = false;
}

}  // namespace barnabas::broker

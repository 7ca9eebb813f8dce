#include "cli/group_facts.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "cli/duration.h"

namespace barnabas::cli {
namespace {

constexpr int kGroupIdNotFound = 69;

// What the group has committed and what its members read, each partition once.
std::vector<PartitionLag> partitions_of(
    const GroupView& view, const std::map<TopicPartition, CommittedOffset>& committed) {
  std::map<TopicPartition, PartitionLag> found;
  for (const auto& [partition, offset] : committed) {
    PartitionLag& lag = found[partition];
    lag.committed = offset.offset;
    lag.metadata = offset.metadata;
    lag.code = offset.code;
  }
  for (const GroupMember& member : view.members) {
    for (const TopicPartition& partition : member.assigned) found[partition].member = member.id;
  }
  std::vector<PartitionLag> out;
  for (auto& [partition, lag] : found) {
    lag.partition = partition;
    out.push_back(std::move(lag));
  }
  return out;
}

// Where the first unread record would be.
int64_t unread_from(const PartitionLag& lag) { return std::max(lag.committed, lag.start); }

std::optional<Problem> add_ends(ClusterPort& brokers, std::vector<GroupFacts>& groups) {
  std::map<TopicPartition, int64_t> starts;
  std::map<TopicPartition, int64_t> ends;
  for (const GroupFacts& group : groups) {
    for (const PartitionLag& lag : group.partitions) {
      starts[lag.partition] = kAtStart;
      ends[lag.partition] = kAtEnd;
    }
  }
  if (ends.empty()) return std::nullopt;
  auto end = brokers.offsets(ends);
  if (!end.ok()) return end.problem();
  auto start = brokers.offsets(starts);
  if (!start.ok()) return start.problem();
  for (GroupFacts& group : groups) {
    for (PartitionLag& lag : group.partitions) {
      const OffsetAnswer& last = end.value()[lag.partition];
      const OffsetAnswer& first = start.value()[lag.partition];
      if (lag.code == 0) lag.code = last.code != 0 ? last.code : first.code;
      if (last.code != 0 || first.code != 0) continue;
      lag.start = first.offset;
      lag.end = last.offset;
      if (lag.committed < 0) continue;
      lag.lag = std::max<int64_t>(0, lag.end - unread_from(lag));
      if (lag.lag == 0) lag.lag_ms = 0;
    }
  }
  return std::nullopt;
}

std::optional<Problem> add_ages(ClusterPort& brokers, std::vector<GroupFacts>& groups,
                                int64_t now_ms) {
  // Groups that read the same partition stand at different offsets: one question for each round.
  for (;;) {
    std::map<TopicPartition, int64_t> asked;
    for (const GroupFacts& group : groups) {
      for (const PartitionLag& lag : group.partitions) {
        if (lag.lag > 0 && lag.lag_ms == kUnknown) {
          asked.emplace(lag.partition, unread_from(lag));
        }
      }
    }
    if (asked.empty()) return std::nullopt;
    auto times = brokers.record_times(asked);
    if (!times.ok()) return times.problem();
    bool learned = false;
    for (GroupFacts& group : groups) {
      for (PartitionLag& lag : group.partitions) {
        const auto time = times.value().find(lag.partition);
        if (lag.lag <= 0 || lag.lag_ms != kUnknown || time == times.value().end() ||
            asked[lag.partition] != unread_from(lag)) {
          continue;
        }
        lag.lag_ms = std::max<int64_t>(0, now_ms - time->second);
        learned = true;
      }
    }
    if (!learned) return std::nullopt;
  }
}

Result<std::vector<std::string>> names_or_all(ClusterPort& brokers,
                                              const std::vector<std::string>& names) {
  if (!names.empty()) return names;
  auto listed = brokers.list_groups();
  if (!listed.ok()) return listed.problem();
  std::vector<std::string> out;
  for (const GroupListing& group : listed.value()) out.push_back(group.id);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

int64_t GroupFacts::lag() const {
  int64_t sum = kUnknown;
  for (const PartitionLag& one : partitions) {
    if (one.lag != kUnknown) sum = std::max<int64_t>(sum, 0) + one.lag;
  }
  return sum;
}

int64_t GroupFacts::lag_ms() const {
  int64_t largest = kUnknown;
  for (const PartitionLag& one : partitions) largest = std::max(largest, one.lag_ms);
  return largest;
}

Result<std::vector<GroupFacts>> gather(ClusterPort& brokers, const std::vector<std::string>& names,
                                       int64_t now_ms) {
  std::vector<GroupFacts> groups;
  auto wanted = names_or_all(brokers, names);
  if (!wanted.ok()) return wanted.problem();
  if (wanted.value().empty()) return groups;
  auto views = brokers.describe_groups(wanted.value());
  if (!views.ok()) return views.problem();
  for (GroupView& view : views.value()) {
    GroupFacts& group = groups.emplace_back();
    group.view = std::move(view);
    // Older brokers call a group that does not exist dead.
    if (group.view.code == 0 && group.view.state == "Dead" && group.view.members.empty()) {
      group.view.code = kGroupIdNotFound;
    }
    if (group.view.code != 0) continue;
    auto committed = brokers.committed(group.view.id);
    if (!committed.ok()) return committed.problem();
    group.partitions = partitions_of(group.view, committed.value());
  }
  if (auto problem = add_ends(brokers, groups)) return *problem;
  if (auto problem = add_ages(brokers, groups, now_ms)) return *problem;
  return groups;
}

std::string number_text(int64_t number) {
  return number == kUnknown ? "-" : std::to_string(number);
}

std::string age_text(int64_t ms) {
  return ms == kUnknown ? "-" : text_of(std::chrono::milliseconds(ms));
}

void add_number(JsonObject& object, const char* name, int64_t number) {
  if (number == kUnknown) {
    object.add_null(name);
  } else {
    object.add(name, number);
  }
}

void add_seconds(JsonObject& object, const char* name, int64_t ms) {
  if (ms == kUnknown) {
    object.add_null(name);
    return;
  }
  char text[40];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(ms) / 1000);
  object.add_json(name, text);
}

}  // namespace barnabas::cli

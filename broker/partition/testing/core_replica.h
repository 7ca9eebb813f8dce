// A partition's core together with the log that it is told about, for tests of what it decides.

#pragma once

#include <map>
#include <optional>
#include <vector>

#include "broker/partition/partition_core.h"

namespace barnabas::partition {

inline constexpr BrokerId kSelf{1}, kB{2}, kC{3};

// A core together with the log that it is told about.
struct CoreReplica {
  explicit CoreReplica(Offset high_watermark = Offset{0},
                       std::optional<Lineage> lineage = std::nullopt)
      : core(kSelf, {}, high_watermark, lineage, PartitionCore::Limits{}) {
    state.replicas = {kSelf, kB, kC};
    state.in_sync = {kSelf, kB, kC};
  }

  // Commits `state` as it stands, at the next partition epoch.
  Effects commit() {
    state.partition_epoch = state.partition_epoch.next();
    Effects effects;
    core.commit(state, epochs.at(kSelf), epochs, log, now, effects);
    return effects;
  }
  Effects lead() {
    state.leader = kSelf;
    state.leader_epoch = state.leader_epoch.next();
    Effects effects = commit();
    if (effects.begin_epoch.has_value()) log.last_epoch = *effects.begin_epoch;
    return effects;
  }
  Effects follow(BrokerId leader) {
    state.leader = leader;
    state.leader_epoch = state.leader_epoch.next();
    return commit();
  }
  Effects append(int64_t count) {
    Effects effects;
    core.before_append(log.end, now);
    log.end = advance(log.end, count);
    core.appended(log, now, effects);
    return effects;
  }
  Effects flush() {
    Effects effects;
    log.durable_end = log.end;
    core.flushed(log, now, effects);
    return effects;
  }
  Effects fetch(BrokerId from, int64_t offset, bool agrees = true) {
    Effects effects;
    core.follower_fetched(from, Offset{offset}, agrees, log, now, effects);
    return effects;
  }
  Effects report(BrokerId from, int64_t end, bool agrees = true) {
    Effects effects;
    DurableReport report{state.leader_epoch, Offset{end}, state.leader_epoch};
    core.follower_reported(from, report, agrees, log, now, effects);
    return effects;
  }
  Effects has(BrokerId follower, int64_t end) {
    fetch(follower, end);
    return report(follower, end);
  }
  Effects tick(Duration later) {
    now += later;
    Effects effects;
    core.tick(log, now, effects);
    return effects;
  }
  kafka::ErrorCode check(BrokerId from, int64_t broker_epoch, int32_t leader_epoch) {
    return core.check_replica({from, BrokerEpoch{broker_epoch}, {}}, LeaderEpoch{leader_epoch});
  }
  int64_t mark() const { return core.high_watermark().value(); }

  PartitionCore core;
  metadata::PartitionImage state;
  std::map<BrokerId, BrokerEpoch> epochs{
      {kSelf, BrokerEpoch{11}}, {kB, BrokerEpoch{12}}, {kC, BrokerEpoch{13}}};
  LogView log{Offset{0}, Offset{0}, Offset{0}, kNoLeaderEpoch};
  Instant now{std::chrono::seconds(1000)};
};

inline std::vector<BrokerId> members(const Effects& effects) {
  std::vector<BrokerId> out;
  if (!effects.propose.has_value()) return out;
  for (const auto& member : effects.propose->in_sync) out.push_back(member.broker);
  return out;
}

}  // namespace barnabas::partition

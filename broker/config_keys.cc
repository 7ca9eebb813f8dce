#include "broker/config_keys.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/foreign_keys.h"
#include "metadata/config_keys.h"

namespace barnabas::broker {
namespace {

constexpr std::string_view kEffective[] = {
    "advertised.listeners",
    "advertised.map",
    "allow.insecure.listener",
    "auto.create.topics.enable",
    "broker.id",
    "broker.rack",
    "connections.max.idle.ms",
    "controlled.shutdown.enable",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.voters",
    "delete.topic.enable",
    "fetch.max.bytes",
    "flush.lag.max.ms",
    "group.initial.rebalance.delay.ms",
    "group.max.session.timeout.ms",
    "group.max.size",
    "group.min.session.timeout.ms",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.dir",
    "log.dirs",
    "log.dirs.free.min.bytes",
    "log.dirs.stray.retention.ms",
    "log.retention.check.interval.ms",
    "max.connections",
    "max.connections.per.ip",
    "max.incremental.fetch.session.cache.slots",
    "metrics.address",
    "node.id",
    "num.network.threads",
    "offset.metadata.max.bytes",
    "offsets.commit.timeout.ms",
    "offsets.retention.check.interval.ms",
    "offsets.retention.minutes",
    "offsets.topic.num.partitions",
    "offsets.topic.replication.factor",
    "offsets.topic.segment.bytes",
    "process.roles",
    "producer.id.expiration.ms",
    "replica.fetch.max.bytes",
    "replica.fetch.response.max.bytes",
    "replica.fetch.wait.max.ms",
    "replica.lag.time.max.ms",
    "replica.selector.class",
    "security.inter.broker.protocol",
    "socket.request.max.bytes",
    "unflushed.bytes.max",
};

// Other units of log.retention.ms and log.roll.ms.
constexpr std::string_view kTopicDefaults[] = {
    "log.retention.hours",
    "log.retention.minutes",
    "log.roll.hours",
};

template <size_t N>
bool contains(const std::string_view (&names)[N], std::string_view key) {
  return std::find(std::begin(names), std::end(names), key) != std::end(names);
}

}  // namespace

KeyKind kind_of(std::string_view key) {
  if (contains(kEffective, key)) return KeyKind::kEffective;
  if (contains(kTopicDefaults, key)) return KeyKind::kTopicDefault;
  if (const metadata::ConfigKey* known = metadata::find_broker_key(key)) {
    return known->has_effect ? KeyKind::kTopicDefault : KeyKind::kNotNeeded;
  }
  switch (foreign_key(key)) {
    case ForeignKey::kNotNeeded:
      return KeyKind::kNotNeeded;
    case ForeignKey::kRefused:
      return KeyKind::kNotHere;
    case ForeignKey::kNone:
      break;
  }
  return KeyKind::kUnknown;
}

std::vector<std::string> all_key_names() {
  std::vector<std::string> out;
  for (std::string_view name : kEffective) out.emplace_back(name);
  for (std::string_view name : kTopicDefaults) out.emplace_back(name);
  for (std::string& name : foreign_key_names()) out.push_back(std::move(name));
  for (const metadata::ConfigKey& key : metadata::broker_keys()) out.emplace_back(key.name);
  return out;
}

}  // namespace barnabas::broker

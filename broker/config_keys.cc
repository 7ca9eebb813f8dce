#include "broker/config_keys.h"

#include <algorithm>
#include <iterator>

#include "metadata/config_keys.h"

namespace barnabas::broker {
namespace {

constexpr std::string_view kEffective[] = {
    "advertised.listeners",
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
    "max.connections",
    "max.connections.per.ip",
    "max.incremental.fetch.session.cache.slots",
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

constexpr std::string_view kNotNeeded[] = {
    "auto.leader.rebalance.enable",
    "background.threads",
    "broker.heartbeat.interval.ms",
    "broker.session.timeout.ms",
    "controlled.shutdown.max.retries",
    "controlled.shutdown.retry.backoff.ms",
    "controller.listener.names",
    "inter.broker.protocol.version",
    "leader.imbalance.check.interval.seconds",
    "leader.imbalance.per.broker.percentage",
    "log.dir.failure.timeout.ms",
    "log.flush.offset.checkpoint.interval.ms",
    "log.flush.scheduler.interval.ms",
    "log.flush.start.offset.checkpoint.interval.ms",
    "log.initial.task.delay.ms",
    "log.message.format.version",
    "log.retention.check.interval.ms",
    "log.roll.jitter.hours",
    "metric.reporters",
    "num.io.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.alter.log.dirs.threads",
    "num.replica.fetchers",
    "queued.max.request.bytes",
    "queued.max.requests",
    "replica.fetch.backoff.ms",
    "replica.fetch.min.bytes",
    "replica.high.watermark.checkpoint.interval.ms",
    "replica.selector.class",
    "replica.socket.receive.buffer.bytes",
    "replica.socket.timeout.ms",
    "request.timeout.ms",
    "server.max.startup.time.ms",
    "socket.connection.setup.timeout.max.ms",
    "socket.connection.setup.timeout.ms",
    "socket.listen.backlog.size",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
};
constexpr std::string_view kNotNeededPrefixes[] = {
    "controller.quorum.", "group.",   "kafka.metrics.", "log.cleaner.", "metadata.log.",
    "metadata.max.",      "metrics.", "offsets.",       "quota.",       "remote.",
    "replication.quota.", "share.",   "telemetry.",     "transaction.", "transactional.",
    "zookeeper.",
};

constexpr std::string_view kNotHerePrefixes[] = {
    "authorizer.",
    "delegation.token.",
    "early.start.",
    "listener.name.",
    "max.connection.creation.",
    "principal.",
    "sasl.",
    "security.providers",
    "ssl.",
    "super.users",
    "allow.everyone.if.no.acl.found",
    "max.connections.per.ip.overrides",
};

template <size_t N>
bool contains(const std::string_view (&names)[N], std::string_view key) {
  return std::find(std::begin(names), std::end(names), key) != std::end(names);
}

template <size_t N>
bool begins_with_one_of(const std::string_view (&prefixes)[N], std::string_view key) {
  return std::any_of(std::begin(prefixes), std::end(prefixes), [&](std::string_view prefix) {
    return key.substr(0, prefix.size()) == prefix;
  });
}

}  // namespace

KeyKind kind_of(std::string_view key) {
  if (contains(kEffective, key)) return KeyKind::kEffective;
  if (contains(kTopicDefaults, key)) return KeyKind::kTopicDefault;
  if (const metadata::ConfigKey* known = metadata::find_broker_key(key)) {
    return known->has_effect ? KeyKind::kTopicDefault : KeyKind::kNotNeeded;
  }
  if (begins_with_one_of(kNotHerePrefixes, key)) return KeyKind::kNotHere;
  if (contains(kNotNeeded, key) || begins_with_one_of(kNotNeededPrefixes, key)) {
    return KeyKind::kNotNeeded;
  }
  return KeyKind::kUnknown;
}

std::vector<std::string> all_key_names() {
  std::vector<std::string> out;
  for (std::string_view name : kEffective) out.emplace_back(name);
  for (std::string_view name : kTopicDefaults) out.emplace_back(name);
  for (std::string_view name : kNotNeeded) out.emplace_back(name);
  for (const metadata::ConfigKey& key : metadata::broker_keys()) out.emplace_back(key.name);
  return out;
}

}  // namespace barnabas::broker

#include "broker/config.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "broker/config_keys.h"
#include "common/config_reader.h"
#include "common/foreign_keys.h"
#include "common/nearest.h"
#include "metadata/config_keys.h"

namespace barnabas::broker {
namespace {

constexpr int64_t kMillisecondsMax = int64_t{365} * 24 * 3600 * 1000;

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.substr(0, 4) == "127.";
}

Duration milliseconds(int64_t value) { return std::chrono::milliseconds(value); }

std::optional<uint16_t> parse_port(std::string_view text) {
  int port = -1;
  if (!absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &port)) return std::nullopt;
  if (port < 0 || port > 65535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

struct NamedEndpoint {
  std::string name;
  Endpoint endpoint;
};

// NAME://host:port, with an empty host for all addresses and [..] around IPv6.
std::optional<NamedEndpoint> parse_listener(const std::string& text) {
  const size_t colon = text.find("://");
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  NamedEndpoint out;
  out.name = text.substr(0, colon);
  const std::string address = text.substr(colon + 3);
  const size_t last = address.rfind(':');
  if (last == std::string::npos) return std::nullopt;
  const auto port = parse_port(std::string_view(address).substr(last + 1));
  if (!port.has_value()) return std::nullopt;
  out.endpoint.port = *port;
  out.endpoint.host = address.substr(0, last);
  if (out.endpoint.host.size() > 2 && out.endpoint.host.front() == '[') {
    out.endpoint.host = out.endpoint.host.substr(1, out.endpoint.host.size() - 2);
  }
  return out;
}

void check_keys(const Properties& properties, ConfigReader& reader, BrokerConfig& out) {
  std::vector<std::string> not_needed;
  for (const auto& [key, entry] : properties.entries()) {
    out.file.emplace(key, reader.text(key, ""));
    switch (kind_of(key)) {
      case KeyKind::kEffective:
      case KeyKind::kTopicDefault:
        break;
      case KeyKind::kNotNeeded:
        not_needed.push_back(key);
        break;
      case KeyKind::kNotHere:
        reader.fail_hidden(
            key,
            "asks for security that this version does not have (TLS, SASL, ACLs); it will "
            "not be ignored. Remove the line, and keep the broker where only friends reach "
            "it");
        break;
      case KeyKind::kUnknown: {
        const auto near = nearest_match(key, all_key_names());
        if (!near.has_value() && entry.origin == "environment") {
          out.remarks.push_back(absl::StrCat("ignored, no setting of a broker: ", entry.text));
          break;
        }
        reader.fail(key, near.has_value()
                             ? absl::StrCat("there is no such key; is ", *near, " meant?")
                             : "there is no such key, nor one like it");
        break;
      }
    }
  }
  if (!not_needed.empty()) {
    out.remarks.push_back(
        absl::StrCat("ignored, not needed here: ", absl::StrJoin(not_needed, ", ")));
  }
}

void read_identity(ConfigReader& reader, BrokerConfig& out) {
  const int64_t node = reader.number("node.id", -1, 0, INT32_MAX);
  const int64_t broker = reader.number("broker.id", node, 0, INT32_MAX);
  if (!reader.has("node.id") && !reader.has("broker.id")) {
    reader.fail_whole("node.id is missing: give each broker a number of its own, as in node.id=1");
  }
  if (reader.has("node.id") && broker != node) {
    reader.contradict("broker.id", "node.id", "they are two names of the same number");
  }
  out.node = BrokerId{static_cast<int32_t>(broker)};
  for (const std::string& role : reader.list("process.roles")) {
    if (role != "broker") {
      reader.fail("process.roles",
                  "this program is a broker only; run barnabas-controller beside it, with a file "
                  "(process.roles=controller) and a log.dirs of its own");
    }
  }
  std::string key = "log.dirs";
  if (reader.has("log.dir")) {
    if (reader.has("log.dirs") && reader.text("log.dir", "") != reader.text("log.dirs", "")) {
      reader.contradict("log.dir", "log.dirs", "they are two names of the same setting");
    }
    if (!reader.has("log.dirs")) key = "log.dir";
  }
  const std::vector<std::string> directories = reader.list(key);
  if (directories.empty()) {
    reader.fail_whole(
        "log.dirs is missing: name the directory for the data, as in "
        "log.dirs=/var/lib/barnabas");
  } else if (directories.size() > 1) {
    reader.fail(key, "a broker has one data directory; run one broker for each disk");
  } else {
    out.directory = directories[0];
  }
  out.rack = reader.text("broker.rack", "");
}

std::map<std::string, std::string> protocol_map(ConfigReader& reader) {
  std::map<std::string, std::string> out;
  for (const char* own : {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}) out[own] = own;
  std::set<std::string> seen;
  for (const std::string& entry : reader.list("listener.security.protocol.map")) {
    const std::vector<std::string> parts = absl::StrSplit(entry, ':');
    if (parts.size() != 2 || parts[0].empty()) {
      reader.fail("listener.security.protocol.map",
                  absl::StrCat("\"", entry, "\" is not of the form NAME:PROTOCOL"));
      continue;
    }
    if (!seen.insert(parts[0]).second) {
      reader.fail("listener.security.protocol.map",
                  absl::StrCat("the listener ", parts[0], " is there twice"));
    }
    out[parts[0]] = parts[1];
  }
  return out;
}

void read_listeners(ConfigReader& reader, BrokerConfig& out) {
  const std::map<std::string, std::string> protocols = protocol_map(reader);
  std::vector<std::string> texts = reader.list("listeners");
  if (!reader.has("listeners")) texts = {"PLAINTEXT://127.0.0.1:9092"};
  if (texts.empty())
    reader.fail("listeners", "there must be one, as in PLAINTEXT://127.0.0.1:9092");
  out.allow_insecure_listener = reader.boolean("allow.insecure.listener", false);
  std::set<std::string> names;
  std::set<uint16_t> ports;
  for (const std::string& text : texts) {
    const auto parsed = parse_listener(text);
    if (!parsed.has_value()) {
      return reader.fail("listeners", absl::StrCat("\"", text,
                                                   "\" is not of the form NAME://host:port, as in "
                                                   "PLAINTEXT://127.0.0.1:9092"));
    }
    ListenerConfig& listener = out.listeners.emplace_back();
    listener.name = parsed->name;
    listener.bind = parsed->endpoint;
    if (listener.bind.host.empty()) listener.bind.host = "0.0.0.0";
    if (!names.insert(listener.name).second) {
      reader.fail("listeners", absl::StrCat("the name ", listener.name, " is there twice"));
    }
    if (listener.bind.port != 0 && !ports.insert(listener.bind.port).second) {
      reader.fail("listeners", absl::StrCat("the port ", listener.bind.port, " is there twice"));
    }
    const auto protocol = protocols.find(listener.name);
    if (protocol == protocols.end()) {
      return reader.fail(
          "listeners", absl::StrCat("the listener ", listener.name, " has no protocol: add ",
                                    listener.name, ":PLAINTEXT to listener.security.protocol.map"));
    }
    listener.protocol = protocol->second;
    if (listener.protocol != "PLAINTEXT") {
      reader.fail("listeners",
                  absl::StrCat("the listener ", listener.name, " wants ", listener.protocol,
                               ", this version speaks PLAINTEXT only"));
    }
    if (is_loopback(listener.bind.host)) continue;
    if (!out.allow_insecure_listener) {
      reader.fail("listeners",
                  absl::StrCat("whoever reaches ", listener.bind.host, ":", listener.bind.port,
                               " can read, write and delete everything, as there is no encryption "
                               "and no password. If that network is yours alone, write "
                               "allow.insecure.listener=true; else bind to 127.0.0.1"));
      continue;
    }
    out.remarks.push_back(absl::StrCat(
        "the listener ", listener.name, " on ", listener.bind.host, ":", listener.bind.port,
        " is open to everybody who reaches it, without encryption or password "
        "(allow.insecure.listener=true)"));
  }
  if (out.listeners.empty()) return;
  out.inter_broker_listener = reader.text("inter.broker.listener.name", out.listeners[0].name);
  if (!names.contains(out.inter_broker_listener)) {
    reader.contradict("inter.broker.listener.name", "listeners", "no listener has that name");
  }
  const std::string protocol = reader.text("security.inter.broker.protocol", "PLAINTEXT");
  if (protocol != "PLAINTEXT") {
    reader.fail("security.inter.broker.protocol", "this version speaks PLAINTEXT only");
  }
}

// Whoever reaches it sees names of topics and groups, so it is treated like the other listeners.
void read_metrics_address(ConfigReader& reader, BrokerConfig& out) {
  const std::string text = reader.text("metrics.address", "");
  if (text.empty()) return;
  const auto endpoint = parse_endpoint(text);
  if (!endpoint.ok()) {
    return reader.fail("metrics.address", absl::StrCat("\"", text,
                                                       "\" is not HOST:PORT, as in "
                                                       "127.0.0.1:9700 (port 0: a free one)"));
  }
  out.metrics_address = *endpoint;
  if (is_loopback(endpoint->host)) return;
  if (!out.allow_insecure_listener) {
    return reader.fail("metrics.address",
                       absl::StrCat("whoever reaches ", text,
                                    " sees the names of topics and "
                                    "groups, without a password. If that network is yours alone, "
                                    "write allow.insecure.listener=true; else use 127.0.0.1"));
  }
  out.remarks.push_back(absl::StrCat("metrics and health at ", text,
                                     " are open to everybody who reaches them "
                                     "(allow.insecure.listener=true)"));
}

void read_advertised_map(ConfigReader& reader, BrokerConfig& out) {
  auto rules = parse_advertised_map(reader.text("advertised.map", ""));
  if (!rules.ok()) return reader.fail("advertised.map", std::string(rules.status().message()));
  out.advertised_map = *std::move(rules);
  if (!out.advertised_map.empty() && !out.advertised.empty()) {
    reader.contradict("advertised.map", "advertised.listeners",
                      "both say what clients are told; the map may name auto for some networks");
  }
}

void read_advertised(ConfigReader& reader, BrokerConfig& out) {
  const std::vector<std::string> texts = reader.list("advertised.listeners");
  if (texts.empty() || (texts.size() == 1 && texts[0] == "auto")) return;
  std::set<std::string> names;
  for (const std::string& text : texts) {
    const auto parsed = parse_listener(text);
    if (!parsed.has_value()) {
      return reader.fail("advertised.listeners",
                         absl::StrCat("\"", text, "\" is not of the form NAME://host:port"));
    }
    if (parsed->endpoint.host.empty() || parsed->endpoint.host == "0.0.0.0") {
      reader.fail("advertised.listeners",
                  "no client can connect to 0.0.0.0; name the host as clients see it, or write "
                  "advertised.listeners=auto");
    }
    names.insert(parsed->name);
    out.advertised.push_back({parsed->name, parsed->endpoint.host, parsed->endpoint.port, ""});
    const bool known = std::any_of(out.listeners.begin(), out.listeners.end(),
                                   [&](const auto& own) { return own.name == parsed->name; });
    if (!known) {
      reader.contradict("advertised.listeners", "listeners",
                        absl::StrCat("no listener is named ", parsed->name));
    }
  }
  for (const ListenerConfig& listener : out.listeners) {
    if (!names.contains(listener.name)) {
      reader.contradict("advertised.listeners", "listeners",
                        absl::StrCat("the listener ", listener.name, " is not advertised"));
    }
  }
}

void read_controllers(ConfigReader& reader, BrokerConfig& out) {
  const auto add = [&](std::string_view key, const std::string& text) {
    const auto endpoint = parse_endpoint(text);
    if (!endpoint.ok()) {
      return reader.fail(key, absl::StrCat("\"", text, "\": ", endpoint.status().message()));
    }
    if (std::find(out.controllers.begin(), out.controllers.end(), *endpoint) ==
        out.controllers.end()) {
      out.controllers.push_back(*endpoint);
    }
  };
  for (const std::string& voter : reader.list("controller.quorum.voters")) {
    const size_t at = voter.find('@');
    int32_t id = -1;
    if (at == std::string::npos || !absl::SimpleAtoi(voter.substr(0, at), &id) || id < 0) {
      reader.fail("controller.quorum.voters",
                  absl::StrCat("\"", voter, "\" is not of the form ID@host:port"));
      continue;
    }
    add("controller.quorum.voters", voter.substr(at + 1));
  }
  for (const std::string& server : reader.list("controller.quorum.bootstrap.servers")) {
    add("controller.quorum.bootstrap.servers", server);
  }
  if (out.controllers.empty()) {
    reader.fail_whole(
        "no controller is named: write controller.quorum.voters=1@host:port,2@host:port,... as in "
        "the controllers' own files");
  }
}

// The two that Kafka has, by the names of their classes.
void read_selector(ConfigReader& reader, BrokerConfig& out) {
  const std::string full = reader.text("replica.selector.class", "");
  const std::string name = full.substr(full.rfind('.') + 1);
  out.rack_aware_fetch = name == "RackAwareReplicaSelector";
  if (!full.empty() && name != "RackAwareReplicaSelector" && name != "LeaderSelector") {
    reader.fail("replica.selector.class",
                "only RackAwareReplicaSelector and LeaderSelector exist, with or without "
                "org.apache.kafka.common.replica. in front");
  }
}

void read_limits(ConfigReader& reader, int cores, BrokerConfig& out) {
  const auto size = [&](std::string_view key, size_t otherwise, int64_t min, int64_t max) {
    return static_cast<size_t>(reader.number(key, static_cast<int64_t>(otherwise), min, max));
  };
  const auto time = [&](std::string_view key, Duration otherwise, int64_t min, int64_t max) {
    return milliseconds(reader.number(
        key, std::chrono::duration_cast<std::chrono::milliseconds>(otherwise).count(), min, max));
  };
  const int by_cores = cores <= 2 ? 1 : std::min(cores / 2, 8);
  out.network_threads = static_cast<int>(reader.number("num.network.threads", by_cores, 1, 64));
  out.auto_create_topics = reader.boolean("auto.create.topics.enable", true);
  out.delete_topics = reader.boolean("delete.topic.enable", true);
  out.request_max_bytes = size("socket.request.max.bytes", out.request_max_bytes, 1024, INT32_MAX);
  out.max_connections = size("max.connections", out.max_connections, 1, INT32_MAX);
  out.max_connections_per_ip =
      size("max.connections.per.ip", out.max_connections_per_ip, 1, INT32_MAX);
  out.connections_idle =
      time("connections.max.idle.ms", out.connections_idle, -1, kMillisecondsMax);
  out.fetch_max_bytes = size("fetch.max.bytes", out.fetch_max_bytes, 1024, INT32_MAX);
  out.fetch_session_slots =
      size("max.incremental.fetch.session.cache.slots", out.fetch_session_slots, 0, 1'000'000);
  out.replica_lag_max = time("replica.lag.time.max.ms", out.replica_lag_max, 100, kMillisecondsMax);
  out.replica_fetch_wait = time("replica.fetch.wait.max.ms", out.replica_fetch_wait, 1, 60'000);
  out.replica_fetch_bytes =
      size("replica.fetch.max.bytes", out.replica_fetch_bytes, 1024, INT32_MAX);
  out.replica_fetch_response_bytes =
      size("replica.fetch.response.max.bytes", out.replica_fetch_response_bytes, 1024, INT32_MAX);
  out.flush_lag_max = time("flush.lag.max.ms", out.flush_lag_max, 100, kMillisecondsMax);
  out.unflushed_bytes_max =
      size("unflushed.bytes.max", out.unflushed_bytes_max, 1 << 20, int64_t{1} << 40);
  out.producer_expiry =
      time("producer.id.expiration.ms", out.producer_expiry, 1000, kMillisecondsMax);
  out.retention_check =
      time("log.retention.check.interval.ms", out.retention_check, 1, kMillisecondsMax);
  out.stray_keep = time("log.dirs.stray.retention.ms", out.stray_keep, 0, kMillisecondsMax);
  read_selector(reader, out);
  out.free_bytes_min = reader.number("log.dirs.free.min.bytes", -1, -1, INT64_MAX / 2);
  if (!reader.boolean("controlled.shutdown.enable", true)) {
    out.controlled_shutdown_limit = Duration::zero();
  }
  // A stuck flush must take a replica out before the lag limit does (S20).
  if (out.flush_lag_max > out.replica_lag_max) {
    if (reader.has("flush.lag.max.ms") && reader.has("replica.lag.time.max.ms")) {
      reader.contradict("flush.lag.max.ms", "replica.lag.time.max.ms",
                        "the time for a flush must not be longer than the time for a lag");
    }
    out.flush_lag_max = out.replica_lag_max;
  }
  if (out.replica_fetch_wait > out.replica_lag_max) {
    reader.fail(reader.has("replica.lag.time.max.ms") ? "replica.lag.time.max.ms"
                                                      : "replica.fetch.wait.max.ms",
                "replica.fetch.wait.max.ms must not be longer than replica.lag.time.max.ms, or "
                "idle followers would count as lagging");
  }
}

void read_groups(ConfigReader& reader, BrokerConfig& out) {
  const auto number = [&](std::string_view key, int64_t otherwise, int64_t min, int64_t max) {
    return reader.number(key, otherwise, min, max);
  };
  const auto small = [&](std::string_view key, int32_t otherwise, int64_t min, int64_t max) {
    return static_cast<int32_t>(number(key, otherwise, min, max));
  };
  const auto time = [&](std::string_view key, Duration otherwise, int64_t min) {
    return milliseconds(
        number(key, std::chrono::duration_cast<std::chrono::milliseconds>(otherwise).count(), min,
               kMillisecondsMax));
  };
  // More than that the controller does not create at once.
  constexpr int64_t kPartitionsMax = 10'000;
  out.offsets_partitions =
      small("offsets.topic.num.partitions", out.offsets_partitions, 1, kPartitionsMax);
  out.offsets_replication =
      small("offsets.topic.replication.factor", out.offsets_replication, 1, INT16_MAX);
  out.offsets_segment_bytes =
      number("offsets.topic.segment.bytes", out.offsets_segment_bytes, 1 << 20, INT32_MAX);
  out.offsets_retention =
      std::chrono::minutes(number("offsets.retention.minutes", 7 * 24 * 60, 1, INT32_MAX));
  out.offsets_retention_check =
      time("offsets.retention.check.interval.ms", out.offsets_retention_check, 1);
  out.offsets_commit_timeout = time("offsets.commit.timeout.ms", out.offsets_commit_timeout, 1);
  out.offset_metadata_max_bytes =
      small("offset.metadata.max.bytes", out.offset_metadata_max_bytes, 0, INT32_MAX);
  out.group_initial_rebalance_delay =
      time("group.initial.rebalance.delay.ms", out.group_initial_rebalance_delay, 0);
  out.group_min_session_timeout =
      time("group.min.session.timeout.ms", out.group_min_session_timeout, 1);
  out.group_max_session_timeout =
      time("group.max.session.timeout.ms", out.group_max_session_timeout, 1);
  out.group_max_size = small("group.max.size", out.group_max_size, 1, INT32_MAX);
  if (out.group_min_session_timeout > out.group_max_session_timeout) {
    if (reader.has("group.min.session.timeout.ms") && reader.has("group.max.session.timeout.ms")) {
      return reader.contradict("group.min.session.timeout.ms", "group.max.session.timeout.ms",
                               "the least session timeout is longer than the longest");
    }
    const bool low = reader.has("group.max.session.timeout.ms");
    reader.fail(low ? "group.max.session.timeout.ms" : "group.min.session.timeout.ms",
                "group.min.session.timeout.ms (6000 if not set) must not be longer than "
                "group.max.session.timeout.ms (1800000 if not set)");
  }
}

void read_topic_defaults(const Properties& properties, ConfigReader& reader, BrokerConfig& out) {
  for (const metadata::ConfigKey& key : metadata::broker_keys()) {
    if (!key.has_effect || properties.find(key.name) == nullptr) continue;
    const std::string value = reader.text(key.name, "");
    if (const absl::Status status = metadata::check_broker_config(key.name, value); !status.ok()) {
      reader.fail(key.name, std::string(status.message()));
    }
    out.topic_defaults.emplace(key.name, value);
  }
  // The finer unit must not say otherwise.
  for (const OtherUnit& unit : kOtherUnits) {
    const auto value = reader.in_unit(unit.key, unit.factor);
    if (!value.has_value()) continue;
    const auto [place, is_new] = out.topic_defaults.emplace(unit.into, *value);
    if (is_new || place->second == *value) continue;
    reader.fail(unit.key, absl::StrCat("contradicts another line, which gives ",
                                       std::string(unit.into), "=", place->second));
  }
}

}  // namespace

BrokerConfig check_config(const Properties& properties, int cores,
                          std::vector<ConfigFinding>& findings) {
  BrokerConfig out;
  ConfigReader reader(properties);
  check_keys(properties, reader, out);
  read_identity(reader, out);
  read_listeners(reader, out);
  read_metrics_address(reader, out);
  read_advertised(reader, out);
  read_advertised_map(reader, out);
  read_controllers(reader, out);
  read_limits(reader, cores, out);
  read_groups(reader, out);
  read_topic_defaults(properties, reader, out);
  findings.insert(findings.end(), reader.findings().begin(), reader.findings().end());
  for (const std::string& remark : out.remarks) findings.push_back({0, "", remark, false});
  return out;
}

absl::StatusOr<BrokerConfig> parse_config(const Properties& properties, int cores) {
  std::vector<ConfigFinding> findings;
  BrokerConfig out = check_config(properties, cores, findings);
  if (absl::Status status = first_errors(findings); !status.ok()) return status;
  return out;
}

}  // namespace barnabas::broker

#include "controller/config.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <utility>

#include "common/config_reader.h"
#include "common/foreign_keys.h"
#include "common/nearest.h"
#include "metadata/config_keys.h"

namespace barnabas::controller {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view kOwnKeys[] = {
    "allow.insecure.listener",
    "auto.leader.rebalance.enable",
    "broker.session.timeout.ms",
    "controller.listener.names",
    "controller.quorum.election.timeout.max.ms",
    "controller.quorum.election.timeout.ms",
    "controller.quorum.heartbeat.interval.ms",
    "controller.quorum.voters",
    "leader.rebalance.delay.ms",
    "listener.security.protocol.map",
    "listeners",
    "log.dir",
    "log.dirs",
    "metadata.log.dir",
    "metadata.log.max.record.bytes.between.snapshots",
    "metrics.address",
    "node.id",
    "process.roles",
};

bool is_own(std::string_view key) {
  for (const OtherUnit& unit : kOtherUnits) {
    if (unit.key == key) return true;
  }
  return std::find(std::begin(kOwnKeys), std::end(kOwnKeys), key) != std::end(kOwnKeys);
}

void check_keys(const Properties& properties, ConfigReader& reader, ControllerConfig& config) {
  std::vector<std::string> not_needed;
  for (const auto& [key, entry] : properties.entries()) {
    if (is_own(key) || metadata::find_broker_key(key) != nullptr) continue;
    const ForeignKey foreign = foreign_key(key);
    if (metadata::find_static_broker_key(key) != nullptr || foreign == ForeignKey::kNotNeeded) {
      not_needed.push_back(key);
    } else if (foreign == ForeignKey::kRefused) {
      reader.fail_hidden(key,
                         "asks for security that this version does not have (TLS, SASL, ACLs); it "
                         "will not be ignored. Remove the line, and keep the controllers where "
                         "only brokers and operators reach them");
    } else {
      std::vector<std::string> known(std::begin(kOwnKeys), std::end(kOwnKeys));
      for (const metadata::ConfigKey& one : metadata::broker_keys()) known.emplace_back(one.name);
      const auto near = nearest_match(key, known);
      if (!near.has_value() && entry.origin == "environment") {
        config.remarks.push_back(absl::StrCat("ignored, no setting of a controller: ", entry.text));
        continue;
      }
      reader.fail(key, near.has_value()
                           ? absl::StrCat("there is no such key; is ", *near, " meant?")
                           : "there is no such key, nor one like it");
    }
  }
  if (!not_needed.empty()) {
    config.remarks.push_back(absl::StrCat("ignored, not needed here (a broker's, or Kafka's own): ",
                                          absl::StrJoin(not_needed, ", ")));
  }
}

void read_identity(ConfigReader& reader, ControllerConfig& config) {
  if (!reader.has("node.id")) {
    reader.fail_whole(
        "node.id is missing. It says which one of controller.quorum.voters this controller is.");
  }
  config.node = ControllerId{static_cast<int32_t>(reader.number("node.id", -1, 0, INT32_MAX))};
  for (const std::string& role : reader.list("process.roles")) {
    if (role == "controller") continue;
    reader.fail("process.roles",
                "this program is a controller and nothing else; run a broker beside it "
                "(barnabas-broker, process.roles=broker) with a log.dirs of its own");
    break;
  }
}

void read_voters(ConfigReader& reader, ControllerConfig& config) {
  const std::string key = "controller.quorum.voters";
  const std::vector<std::string> voters = reader.list(key);
  if (voters.empty()) {
    return reader.fail_whole(absl::StrCat(
        key,
        " is missing. It names every controller of the cluster: ID@HOST:PORT,ID@HOST:PORT,..."));
  }
  bool all_understood = true;
  for (const std::string& part : voters) {
    const std::vector<std::string> halves = absl::StrSplit(part, '@');
    int32_t id = -1;
    if (halves.size() != 2 || !absl::SimpleAtoi(halves[0], &id) || id < 0) {
      all_understood = false;
      reader.fail(key, absl::StrCat("'", part, "' is not ID@HOST:PORT"));
      continue;
    }
    const absl::StatusOr<Endpoint> endpoint = parse_endpoint(halves[1]);
    if (!endpoint.ok()) {
      all_understood = false;
      reader.fail(key, std::string(endpoint.status().message()));
    } else if (!config.voters.emplace(ControllerId{id}, *endpoint).second) {
      reader.fail(key, absl::StrCat("controller ", id, " is named twice"));
    }
  }
  if (all_understood && config.node.value() >= 0 && config.voters.count(config.node) == 0) {
    reader.contradict("node.id", key, "this controller is not among the voters");
  }
}

void read_directory(ConfigReader& reader, ControllerConfig& config) {
  for (const char* key : {"metadata.log.dir", "log.dirs", "log.dir"}) {
    const std::vector<std::string> directories = reader.list(key);
    if (directories.empty()) continue;
    if (directories.size() > 1) return reader.fail(key, "a controller has one directory");
    config.directory = directories[0];
    return;
  }
  reader.fail_whole("log.dirs is missing. It names the directory for the data.");
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.substr(0, 4) == "127.";
}

void read_listener(ConfigReader& reader, ControllerConfig& config) {
  const std::string key = "listeners";
  const auto voter = config.voters.find(config.node);
  if (voter != config.voters.end()) config.listen = voter->second;
  const std::vector<std::string> texts = reader.list(key);
  if (texts.size() > 1) {
    return reader.fail(key, "a controller has one listener; those of a broker stand in its file");
  }
  if (!texts.empty()) {
    const size_t scheme = texts[0].find("://");
    std::string address = scheme == std::string::npos ? texts[0] : texts[0].substr(scheme + 3);
    if (!address.empty() && address.front() == ':') address = "0.0.0.0" + address;
    const absl::StatusOr<Endpoint> endpoint = parse_endpoint(address);
    if (!endpoint.ok()) return reader.fail(key, std::string(endpoint.status().message()));
    config.listen = *endpoint;
  }
  const bool insecure = reader.boolean("allow.insecure.listener", false);
  if (config.listen.host.empty() || is_loopback(config.listen.host)) return;
  if (!insecure) {
    const std::string why = absl::StrCat(
        "the controller would listen on ", to_string(config.listen),
        ", beyond this machine, without encryption or authentication: whoever reaches that port "
        "rules the cluster. Listen on 127.0.0.1, or write allow.insecure.listener=true.");
    if (reader.has(key)) return reader.fail(key, why);
    return reader.fail("controller.quorum.voters", why);
  }
  config.remarks.push_back(
      absl::StrCat("allow.insecure.listener=true: everybody who reaches ", to_string(config.listen),
                   " can change this cluster; nothing on that port is encrypted or authenticated"));
}

// Whoever reaches it sees the state of the cluster, so it is treated like the other listener.
void read_metrics_address(ConfigReader& reader, ControllerConfig& config) {
  const std::string key = "metrics.address";
  const std::string text = reader.text(key, "");
  if (text.empty()) return;
  const absl::StatusOr<Endpoint> endpoint = parse_endpoint(text);
  if (!endpoint.ok()) {
    return reader.fail(key, absl::StrCat("\"", text,
                                         "\" is not HOST:PORT, as in 127.0.0.1:9700 "
                                         "(port 0: a free one)"));
  }
  config.metrics_address = *endpoint;
  if (is_loopback(endpoint->host)) return;
  if (!reader.boolean("allow.insecure.listener", false)) {
    return reader.fail(key, absl::StrCat("whoever reaches ", text,
                                         " sees the state of the "
                                         "cluster, without a password. If that network is yours "
                                         "alone, write allow.insecure.listener=true; else use "
                                         "127.0.0.1"));
  }
  config.remarks.push_back(absl::StrCat("metrics and health at ", text,
                                        " are open to everybody who reaches them "
                                        "(allow.insecure.listener=true)"));
}

void read_duration(ConfigReader& reader, std::string_view key, Duration& into) {
  const int64_t otherwise = std::chrono::duration_cast<milliseconds>(into).count();
  into = milliseconds(reader.number(key, otherwise, 1, 3'600'000));
}

void read_timers(ConfigReader& reader, ControllerConfig& config) {
  read_duration(reader, "broker.session.timeout.ms", config.session_timeout);
  read_duration(reader, "controller.quorum.heartbeat.interval.ms", config.quorum_heartbeat);
  read_duration(reader, "controller.quorum.election.timeout.ms", config.election_timeout_min);
  config.election_timeout_max = config.election_timeout_min * 7 / 4;
  read_duration(reader, "controller.quorum.election.timeout.max.ms", config.election_timeout_max);
  if (config.election_timeout_max <= config.election_timeout_min ||
      config.election_timeout_min < 2 * config.quorum_heartbeat) {
    reader.fail_whole(
        absl::StrCat("the controllers' timers contradict each other: heartbeat interval (",
                     config.quorum_heartbeat.count() / 1000, " ms), twice of which must fit into ",
                     "the election timeout (", config.election_timeout_min.count() / 1000,
                     " ms), which must lie below its maximum (",
                     config.election_timeout_max.count() / 1000, " ms)"));
  }
  read_duration(reader, "leader.rebalance.delay.ms", config.balance_delay);
  config.balance_leaders = reader.boolean("auto.leader.rebalance.enable", true);
  config.snapshot_after_bytes = static_cast<uint64_t>(reader.number(
      "metadata.log.max.record.bytes.between.snapshots", 20 << 20, 1 << 16, int64_t{1} << 40));
}

void read_broker_defaults(const Properties& properties, ConfigReader& reader,
                          ControllerConfig& config) {
  for (const metadata::ConfigKey& key : metadata::broker_keys()) {
    const std::string name(key.name);
    if (properties.find(name) == nullptr) continue;
    const std::string value = reader.text(name, "");
    if (const absl::Status status = metadata::check_broker_config(name, value); !status.ok()) {
      reader.fail(name, std::string(status.message()));
    }
    config.broker_defaults[name] = value;
  }
  for (const OtherUnit& unit : kOtherUnits) {
    const auto value = reader.in_unit(unit.key, unit.factor);
    if (!value.has_value()) continue;
    const auto [place, is_new] = config.broker_defaults.emplace(unit.into, *value);
    if (is_new || place->second == *value) continue;
    reader.fail(unit.key, absl::StrCat("contradicts another line, which gives ",
                                       std::string(unit.into), "=", place->second));
  }
}

}  // namespace

ControllerConfig check_config(const Properties& properties, std::vector<ConfigFinding>& findings) {
  ControllerConfig config;
  ConfigReader reader(properties);
  check_keys(properties, reader, config);
  read_identity(reader, config);
  read_voters(reader, config);
  read_directory(reader, config);
  read_listener(reader, config);
  read_metrics_address(reader, config);
  read_timers(reader, config);
  read_broker_defaults(properties, reader, config);
  findings.insert(findings.end(), reader.findings().begin(), reader.findings().end());
  for (const std::string& remark : config.remarks) findings.push_back({0, "", remark, false});
  return config;
}

absl::StatusOr<ControllerConfig> parse_config(const Properties& properties) {
  std::vector<ConfigFinding> findings;
  ControllerConfig config = check_config(properties, findings);
  if (absl::Status status = first_errors(findings); !status.ok()) return status;
  return config;
}

}  // namespace barnabas::controller

#include "controller/config.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "common/status.h"
#include "metadata/config_keys.h"

namespace barnabas::controller {

namespace {

using std::chrono::milliseconds;

constexpr const char* kOwnKeys[] = {
    "allow.insecure.listener",
    "auto.leader.rebalance.enable",
    "broker.session.timeout.ms",
    "controller.listener.names",
    "controller.quorum.election.timeout.max.ms",
    "controller.quorum.election.timeout.ms",
    "controller.quorum.heartbeat.interval.ms",
    "controller.quorum.voters",
    "leader.rebalance.delay.ms",
    "listeners",
    "log.dir",
    "log.dirs",
    "metadata.log.dir",
    "metadata.log.max.record.bytes.between.snapshots",
    "node.id",
    "process.roles",
};

class Reader {
 public:
  explicit Reader(const Properties& properties) : properties_(properties) {}

  absl::Status bad(absl::string_view key, absl::string_view why) const {
    const std::string place(key);
    return absl::InvalidArgumentError(absl::StrCat(properties_.where(place), ": ", why));
  }

  std::string text(const std::string& key, const std::string& otherwise = "") const {
    const Properties::Entry* entry = properties_.find(key);
    return entry == nullptr ? otherwise : std::string(absl::StripAsciiWhitespace(entry->value));
  }

  absl::StatusOr<int64_t> number(const std::string& key, int64_t otherwise, int64_t min,
                                 int64_t max) const {
    if (properties_.find(key) == nullptr) return otherwise;
    int64_t value = 0;
    if (!absl::SimpleAtoi(text(key), &value) || value < min || value > max) {
      return bad(key, absl::StrCat("a whole number from ", min, " to ", max, " is expected"));
    }
    return value;
  }

  absl::StatusOr<bool> flag(const std::string& key, bool otherwise) const {
    const std::string value = text(key, otherwise ? "true" : "false");
    if (value != "true" && value != "false") return bad(key, "true or false is expected");
    return value == "true";
  }

  absl::Status duration(const std::string& key, Duration& into) const {
    const int64_t otherwise = std::chrono::duration_cast<milliseconds>(into).count();
    ASSIGN_OR_RETURN(const int64_t value, number(key, otherwise, 1, 3'600'000));
    into = milliseconds(value);
    return absl::OkStatus();
  }

  const Properties& properties() const { return properties_; }

 private:
  const Properties& properties_;
};

absl::Status read_voters(const Reader& read, ControllerConfig& config) {
  const std::string key = "controller.quorum.voters";
  const std::string text = read.text(key);
  if (text.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        read.properties().source(), ": ", key,
        " is missing. It names every controller of the cluster: ID@HOST:PORT,ID@HOST:PORT,..."));
  }
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<std::string> halves = absl::StrSplit(absl::StripAsciiWhitespace(part), '@');
    int32_t id = -1;
    if (halves.size() != 2 || !absl::SimpleAtoi(halves[0], &id) || id < 0) {
      return read.bad(key, absl::StrCat("'", part, "' is not ID@HOST:PORT"));
    }
    const absl::StatusOr<Endpoint> endpoint = parse_endpoint(halves[1]);
    if (!endpoint.ok()) return read.bad(key, endpoint.status().message());
    if (!config.voters.emplace(ControllerId{id}, *endpoint).second) {
      return read.bad(key, absl::StrCat("controller ", id, " is named twice"));
    }
  }
  if (config.voters.count(config.node) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(read.properties().where("node.id"),
                                                   ": this controller is not among ",
                                                   read.properties().where(key)));
  }
  return absl::OkStatus();
}

absl::Status read_directory(const Reader& read, ControllerConfig& config) {
  for (const char* key : {"metadata.log.dir", "log.dirs", "log.dir"}) {
    config.directory = read.text(key);
    if (config.directory.empty()) continue;
    if (config.directory.find(',') != std::string::npos) {
      return read.bad(key, "a controller has one directory");
    }
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      read.properties().source(), ": log.dirs is missing. It names the directory for the data."));
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.substr(0, 4) == "127.";
}

absl::Status read_listener(const Reader& read, ControllerConfig& config) {
  const std::string key = "listeners";
  config.listen = config.voters.at(config.node);
  if (const std::string text = read.text(key); !text.empty()) {
    const size_t scheme = text.find("://");
    const absl::StatusOr<Endpoint> endpoint =
        parse_endpoint(scheme == std::string::npos ? text : text.substr(scheme + 3));
    if (!endpoint.ok()) return read.bad(key, endpoint.status().message());
    config.listen = *endpoint;
  }
  ASSIGN_OR_RETURN(const bool insecure, read.flag("allow.insecure.listener", false));
  if (is_loopback(config.listen.host)) return absl::OkStatus();
  if (!insecure) {
    return absl::InvalidArgumentError(absl::StrCat(
        read.properties().source(), ": the controller would listen on ", to_string(config.listen),
        ", beyond this machine, without encryption or authentication: whoever reaches that port "
        "rules the cluster. Listen on 127.0.0.1, or write allow.insecure.listener=true."));
  }
  config.remarks.push_back(
      absl::StrCat("allow.insecure.listener=true: everybody who reaches ", to_string(config.listen),
                   " can change this cluster; nothing on that port is encrypted or authenticated"));
  return absl::OkStatus();
}

absl::Status read_timers(const Reader& read, ControllerConfig& config) {
  RETURN_IF_ERROR(read.duration("broker.session.timeout.ms", config.session_timeout));
  RETURN_IF_ERROR(
      read.duration("controller.quorum.heartbeat.interval.ms", config.quorum_heartbeat));
  RETURN_IF_ERROR(
      read.duration("controller.quorum.election.timeout.ms", config.election_timeout_min));
  config.election_timeout_max = config.election_timeout_min * 7 / 4;
  RETURN_IF_ERROR(
      read.duration("controller.quorum.election.timeout.max.ms", config.election_timeout_max));
  if (config.election_timeout_max <= config.election_timeout_min ||
      config.election_timeout_min < 2 * config.quorum_heartbeat) {
    return absl::InvalidArgumentError(
        absl::StrCat(read.properties().source(),
                     ": the controllers' timers contradict each other: heartbeat interval (",
                     config.quorum_heartbeat.count() / 1000, " ms), twice of which must fit into ",
                     "the election timeout (", config.election_timeout_min.count() / 1000,
                     " ms), which must lie below its maximum (",
                     config.election_timeout_max.count() / 1000, " ms)"));
  }
  RETURN_IF_ERROR(read.duration("leader.rebalance.delay.ms", config.balance_delay));
  ASSIGN_OR_RETURN(config.balance_leaders, read.flag("auto.leader.rebalance.enable", true));
  ASSIGN_OR_RETURN(const int64_t bytes,
                   read.number("metadata.log.max.record.bytes.between.snapshots", 20 << 20, 1 << 16,
                               int64_t{1} << 40));
  config.snapshot_after_bytes = static_cast<uint64_t>(bytes);
  return absl::OkStatus();
}

absl::Status read_broker_defaults(const Reader& read, ControllerConfig& config) {
  for (const metadata::ConfigKey& key : metadata::broker_keys()) {
    const std::string name(key.name);
    if (read.properties().find(name) == nullptr) continue;
    const std::string value = read.text(name);
    if (const absl::Status status = metadata::check_broker_config(name, value); !status.ok()) {
      return read.bad(name, status.message());
    }
    config.broker_defaults[name] = value;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ControllerConfig> parse_config(const Properties& properties) {
  std::vector<std::string> known(std::begin(kOwnKeys), std::end(kOwnKeys));
  for (const metadata::ConfigKey& key : metadata::broker_keys()) known.emplace_back(key.name);
  RETURN_IF_ERROR(properties.check_known(known));

  const Reader read(properties);
  ControllerConfig config;
  if (properties.find("node.id") == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(properties.source(),
                                                   ": node.id is missing. It says which one of "
                                                   "controller.quorum.voters this controller is."));
  }
  ASSIGN_OR_RETURN(const int64_t id, read.number("node.id", -1, 0, INT32_MAX));
  config.node = ControllerId{static_cast<int32_t>(id)};
  if (const std::string roles = read.text("process.roles", "controller"); roles != "controller") {
    return read.bad("process.roles", "this program is a controller and nothing else");
  }
  RETURN_IF_ERROR(read_voters(read, config));
  RETURN_IF_ERROR(read_directory(read, config));
  RETURN_IF_ERROR(read_listener(read, config));
  RETURN_IF_ERROR(read_timers(read, config));
  RETURN_IF_ERROR(read_broker_defaults(read, config));
  return config;
}

}  // namespace barnabas::controller

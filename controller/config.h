// A controller's settings, from a properties file with Kafka's key names. Nothing is ignored
// silently: unknown keys are refused with the nearest one, bad values with their line.

#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/properties.h"
#include "common/transport.h"

namespace barnabas::controller {

struct ControllerConfig {
  ControllerId node;
  std::map<ControllerId, Endpoint> voters;  // controller.quorum.voters; this node among them
  Endpoint listen;                          // where this controller listens
  std::string directory;                    // log.dirs
  // metrics.address: where metrics and health are served over HTTP; nullopt: nowhere.
  std::optional<Endpoint> metrics_address;
  Duration session_timeout{std::chrono::seconds(2)};
  Duration quorum_heartbeat{std::chrono::milliseconds(200)};
  Duration election_timeout_min{std::chrono::milliseconds(800)};
  Duration election_timeout_max{std::chrono::milliseconds(1400)};
  uint64_t snapshot_after_bytes = uint64_t{20} << 20;
  bool balance_leaders = true;
  Duration balance_delay{std::chrono::seconds(1)};
  std::map<std::string, std::string> broker_defaults;
  std::vector<std::string> remarks;  // said once in the log
};

// Errors name file, line and fix, one a line: all of them.
absl::StatusOr<ControllerConfig> parse_config(const Properties& properties);

// The same, with each finding by itself; usable only if there is no error among them.
ControllerConfig check_config(const Properties& properties, std::vector<ConfigFinding>& findings);

}  // namespace barnabas::controller

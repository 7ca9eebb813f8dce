// Settings of a run by name, instead of what its seed draws: "brokers=3,faults=kill-all,keep=2+7".
// What the command line (simulate --set) and the shrinker speak, so that whatever the shrinker
// found can be typed.

#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "tests/simulation/swarm.h"

namespace barnabas::simulation {

// Changes `options`. A list like "a=1,b=x+y"; empty: nothing.
absl::Status apply_settings(std::string_view settings, SwarmOptions& options);
// All names, with what they mean, a line each.
std::string describe_settings();

}  // namespace barnabas::simulation

// `barnabas config check FILE`: everything that is wrong with a daemon's settings file, before the
// daemon is started with it. The daemons' own code reads it, so that what passes here is taken
// there.

#pragma once

#include "cli/local_options.h"
#include "cli/output.h"

namespace barnabas::cli {

// 0: the daemon would take it; 1: it would refuse; 3: there is no such file.
int config_check(const Output& output, const ConfigCheckOptions& options);

}  // namespace barnabas::cli

// Which verb is which function, and whom it asks.

#pragma once

#include <cstdint>

#include "cli/admin_client.h"
#include "cli/command_line.h"

namespace barnabas::cli {

struct Surroundings {
  const Patience& patience;
  int64_t now_ms = 0;  // since 1970
};

// The verbs that ask a cluster, and those that explain. Returns the exit code.
int run_verb(AdminClient& client, const Surroundings& around, const Output& output,
             CommandLine& line);

}  // namespace barnabas::cli

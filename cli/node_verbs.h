// The verbs on brokers, which ask the controllers. Each prints its answer to `output` and returns
// the exit code.

#pragma once

#include "cli/admin_client.h"
#include "cli/options.h"
#include "cli/output.h"

namespace barnabas::cli {

int node_list(AdminClient& client, const Output& output);
// Exits with 0 once the broker leads nothing, with 8 where it leads what nobody else can, with 7
// after `timeout`; the broker is drained in each case, and stays so until node_undrain. May be
// repeated at any time.
int node_drain(AdminClient& client, const Output& output, const NodeOptions& options,
               const Patience& patience, Milliseconds timeout);
int node_undrain(AdminClient& client, const Output& output, const NodeOptions& options);

}  // namespace barnabas::cli

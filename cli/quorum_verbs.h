// The verbs that change the controllers' quorum. Each asks the active controller for one step and
// waits until it is done; whoever interrupts one can run it again: it joins what is under way, or
// finds it done.

#pragma once

#include <functional>
#include <string>

#include "cli/admin_client.h"
#include "cli/options.h"
#include "cli/output.h"

namespace barnabas::cli {

int quorum_add(AdminClient& client, const Output& output, const QuorumOptions& options,
               const Patience& patience, Milliseconds timeout);
int quorum_remove(AdminClient& client, const Output& output, const QuorumOptions& options,
                  const Patience& patience, Milliseconds timeout);
int quorum_transfer(AdminClient& client, const Output& output, const QuorumOptions& options,
                    const Patience& patience, Milliseconds timeout);
// A controller whose disk was wiped has come back under its id: adds the new one, then removes the
// old one.
int quorum_replace(AdminClient& client, const Output& output, const QuorumOptions& options,
                   const Patience& patience, Milliseconds timeout);

}  // namespace barnabas::cli

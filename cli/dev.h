// `barnabas dev`: a whole cluster in this process, for a laptop and for test suites.
//
//   plan (directory, ports) -> nodes start -> ready -> [command runs] -> nodes stop -> exit code
//
// Nothing has to be configured. Data is kept between runs unless --fresh says otherwise; a
// directory that another run uses, or that holds another number of nodes, is refused with what was
// found. A command (--exec) gets a cluster of its own: temporary data, free ports, both gone
// afterwards.

#pragma once

#include "cli/local_options.h"
#include "cli/output.h"

namespace barnabas::cli {

// Blocks until it is stopped (SIGINT, SIGTERM) or the command has ended. To be called before
// anything has started a thread: it takes over this process's signals.
int dev(const Output& output, const DevOptions& options);

}  // namespace barnabas::cli

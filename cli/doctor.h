// `barnabas doctor`: why can a Kafka client not reach this cluster? It does what every client does,
// step by step, and says where it ends, why, and which setting mends it:
//
//   name -> address -> TCP -> ApiVersions -> Metadata -> each advertised address -> leaders, quorum
//
// Exit codes: 0 all is well; 6 nobody answers at the given address; 7 what answers does not in
// time; 1 what answers is no Kafka broker; 9 some nodes cannot be reached where they say they are;
// 8 the nodes are reachable, but the cluster cannot do its work; 2 the address is none.

#pragma once

#include "cli/local_options.h"
#include "cli/output.h"

namespace barnabas::cli {

int doctor(const Output& output, const DoctorOptions& options);

}  // namespace barnabas::cli

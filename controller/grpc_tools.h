// What a controller tells gRPC's tools: its health, and the admin service.

#pragma once

#include "common/executor.h"
#include "common/net/grpc_link.h"
#include "controller/observation.h"

namespace barnabas::controller {

// Before listening. `observation` must outlive the loop's last turn.
//   health of "": does this node take part in a quorum that has a leader?
//   of "barnabas.AdminService": is this the active controller, which answers?
void serve_grpc_tools(GrpcTransport& transport, Executor& loop, ControllerObservation& observation);

}  // namespace barnabas::controller

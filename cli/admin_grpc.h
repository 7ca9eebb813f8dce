// The way to one controller over gRPC. Apart, because gRPC's headers cost seconds to compile.

#pragma once

#include <memory>
#include <string>

#include "cli/admin_client.h"

namespace barnabas::cli {

// Connects at the first call. The endpoint is HOST:PORT.
std::unique_ptr<Controller> dial_grpc(const std::string& endpoint);

}  // namespace barnabas::cli

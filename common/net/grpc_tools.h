// What gRPC's own tools expect of a server: the standard health service, and reflection, by which
// grpcurl and the like list services and call them without a .proto file.
//
//   grpcurl -plaintext HOST:PORT list
//   grpcurl -plaintext HOST:PORT grpc.health.v1.Health/Check
//
// Debian's reflection plugin serves generated services only; ours are generic, so it is done here.

#pragma once

#include <absl/functional/any_invocable.h>

#include <optional>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/net/grpc_link.h"

namespace barnabas {

// From the next listen() on. `is_serving` is called on `loop` with a service's name ("": the whole
// process); nullopt: there is no such service. Check only: Watch is answered "unimplemented", which
// clients take for "ask again with Check".
using IsServing = absl::AnyInvocable<std::optional<bool>(const std::string& service)>;
void serve_grpc_health(GrpcTransport& transport, Executor& loop, IsServing is_serving);

// From the next listen() on. `services`: full names, whose descriptors are linked into the process
// (CHECK). Health and reflection themselves are added.
void serve_grpc_reflection(GrpcTransport& transport, Executor& loop,
                           std::vector<std::string> services);

}  // namespace barnabas

#include "controller/grpc_tools.h"

#include <optional>
#include <string>

#include "common/net/grpc_tools.h"
#include "proto/admin_service.pb.h"

namespace barnabas::controller {
namespace {

constexpr char kAdminService[] = "barnabas.AdminService";

// The file holds a service and no message, so nothing but this makes the linker take it.
const void* volatile linked_in = &descriptor_table_proto_2fadmin_5fservice_2eproto;

}  // namespace

void serve_grpc_tools(GrpcTransport& transport, Executor& loop,
                      ControllerObservation& observation) {
  static_cast<void>(linked_in);
  serve_grpc_health(transport, loop, [&observation](const std::string& service) {
    if (service.empty()) return std::optional<bool>(observation.has_leader());
    return service == kAdminService ? std::optional<bool>(observation.is_active()) : std::nullopt;
  });
  serve_grpc_reflection(transport, loop, {kAdminService});
}

}  // namespace barnabas::controller

// Heartbeat (12): a member says that it lives, and is told if it has to join again.

#include "kafka/messages/heartbeat.h"

#include <utility>
#include <variant>

#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"

namespace barnabas::api {
namespace {

void send(Responder& responder, kafka::ErrorCode error) {
  kafka::HeartbeatResponse response;
  response.error_code = code(error);
  responder.send(response, response.error_code, /*expected_size=*/32);
}

// Clients take a loading coordinator for a broken one where a heartbeat is concerned. All sessions
// begin anew when the group is loaded, so the heartbeat has done its work.
kafka::ErrorCode told(kafka::ErrorCode error) {
  const bool loading = error == kafka::ErrorCode::kCoordinatorLoadInProgress;
  return loading ? kafka::ErrorCode::kNone : error;
}

}  // namespace

void handle_heartbeat(Services& services, Request request, Responder responder) {
  kafka::HeartbeatRequest message;
  if (!decode(request, message, responder)) return;
  if (message.group_id.empty()) return send(responder, kafka::ErrorCode::kInvalidGroupId);
  group::HeartbeatCommand command;
  command.group = message.group_id;
  command.generation = message.generation_id;
  command.member_id = message.member_id;
  if (message.group_instance_id.has_value()) command.instance_id = *message.group_instance_id;
  services.groups.ask(std::move(command), *request.connection->loop,
                      [responder = std::move(responder)](group::Result result) mutable {
                        send(responder, told(std::get<group::HeartbeatAnswer>(result).error));
                      });
}

}  // namespace barnabas::api

// SyncGroup (14): the leader hands in what each member is to do, and every member gets its part.

#include "kafka/messages/sync_group.h"

#include <string>
#include <utility>
#include <variant>

#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"

namespace barnabas::api {
namespace {

using kafka::ErrorCode;
using kafka::SyncGroupRequest;
using kafka::SyncGroupResponse;

group::SyncCommand command_of(const SyncGroupRequest& message) {
  group::SyncCommand out;
  out.group = message.group_id;
  out.generation = message.generation_id;
  out.member_id = message.member_id;
  if (message.group_instance_id.has_value()) out.instance_id = *message.group_instance_id;
  if (message.protocol_type.has_value()) out.protocol_type = *message.protocol_type;
  if (message.protocol_name.has_value()) out.protocol = *message.protocol_name;
  for (const SyncGroupRequest::SyncGroupRequestAssignment& one : message.assignments) {
    out.assignments.push_back({std::string(one.member_id), std::string(one.assignment)});
  }
  return out;
}

// A coordinator that is loading has lost the rebalance under way. Clients do not expect to be told
// that here; they do know how to join again.
ErrorCode told(ErrorCode error) {
  const bool loading = error == ErrorCode::kCoordinatorLoadInProgress;
  return loading ? ErrorCode::kRebalanceInProgress : error;
}

void send(Responder& responder, const group::SyncAnswer& answer) {
  SyncGroupResponse response;
  response.error_code = code(told(answer.error));
  if (answer.protocol_type.has_value()) response.protocol_type = *answer.protocol_type;
  if (answer.protocol.has_value()) response.protocol_name = *answer.protocol;
  response.assignment = answer.assignment;
  responder.send(response, response.error_code);
}

// What can be told without asking the group.
ErrorCode check(const Request& request, const SyncGroupRequest& message) {
  if (message.group_id.empty()) return ErrorCode::kInvalidGroupId;
  const bool named = message.protocol_type.has_value() && message.protocol_name.has_value();
  if (request.version >= 5 && !named) return ErrorCode::kInconsistentGroupProtocol;
  return ErrorCode::kNone;
}

}  // namespace

void handle_sync_group(Services& services, Request request, Responder responder) {
  SyncGroupRequest message;
  if (!decode(request, message, responder)) return;
  group::SyncAnswer refusal;
  refusal.error = check(request, message);
  if (refusal.error != ErrorCode::kNone) return send(responder, refusal);
  services.groups.ask(command_of(message), *request.connection->loop,
                      [responder = std::move(responder)](group::Result result) mutable {
                        send(responder, std::get<group::SyncAnswer>(result));
                      });
}

}  // namespace barnabas::api

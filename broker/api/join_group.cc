// JoinGroup (11): the answer comes when the rebalance is over that the member has begun or joined.

#include "kafka/messages/join_group.h"

#include <string>
#include <utility>
#include <variant>

#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"

namespace barnabas::api {
namespace {

using kafka::JoinGroupRequest;
using kafka::JoinGroupResponse;

group::JoinCommand command_of(const Request& request, const JoinGroupRequest& message) {
  group::JoinCommand out;
  out.group = message.group_id;
  out.member_id = message.member_id;
  if (message.group_instance_id.has_value()) out.instance_id = *message.group_instance_id;
  out.client_id = request.client_id;
  out.client_host = "/" + request.connection->peer.host;  // as Java prints an address
  out.session_timeout_ms = message.session_timeout_ms;
  out.rebalance_timeout_ms = message.rebalance_timeout_ms;
  out.protocol_type = message.protocol_type;
  for (const JoinGroupRequest::JoinGroupRequestProtocol& protocol : message.protocols) {
    out.protocols.push_back({std::string(protocol.name), std::string(protocol.metadata)});
  }
  if (message.reason.has_value()) out.reason = *message.reason;
  out.require_member_id = request.version >= 4;
  out.can_skip_assignment = request.version >= 9;
  return out;
}

void send(Responder& responder, int16_t version, const group::JoinAnswer& answer) {
  JoinGroupResponse response;
  response.error_code = code(answer.error);
  response.generation_id = answer.generation;
  if (answer.protocol_type.has_value()) response.protocol_type = *answer.protocol_type;
  response.protocol_name.reset();
  if (answer.protocol.has_value()) {
    response.protocol_name = *answer.protocol;
  } else if (version < 7) {
    response.protocol_name = "";
  }
  response.leader = answer.leader;
  response.skip_assignment = answer.skip_assignment;
  response.member_id = answer.member_id;
  for (const group::JoinedMember& member : answer.members) {
    auto& out = response.members.emplace_back();
    out.member_id = member.member_id;
    if (member.instance_id.has_value()) out.group_instance_id = *member.instance_id;
    out.metadata = member.metadata;
  }
  responder.send(response, response.error_code);
}

}  // namespace

void handle_join_group(Services& services, Request request, Responder responder) {
  JoinGroupRequest message;
  if (!decode(request, message, responder)) return;
  if (message.group_id.empty()) {
    group::JoinAnswer answer;
    answer.error = kafka::ErrorCode::kInvalidGroupId;
    answer.member_id = message.member_id;
    return send(responder, request.version, answer);
  }
  services.groups.ask(
      command_of(request, message), *request.connection->loop,
      [responder = std::move(responder), version = request.version](group::Result result) mutable {
        send(responder, version, std::get<group::JoinAnswer>(result));
      });
}

}  // namespace barnabas::api

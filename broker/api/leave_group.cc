// LeaveGroup (13): a member leaves, or, from version 3, an administrator removes several.

#include "kafka/messages/leave_group.h"

#include <string>
#include <utility>
#include <variant>

#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"

namespace barnabas::api {
namespace {

using kafka::ErrorCode;
using kafka::LeaveGroupRequest;
using kafka::LeaveGroupResponse;

group::LeaveCommand command_of(const Request& request, const LeaveGroupRequest& message) {
  group::LeaveCommand out;
  out.group = message.group_id;
  if (request.version < 3) {
    out.members.push_back({std::string(message.member_id), std::nullopt, ""});
    return out;
  }
  for (const LeaveGroupRequest::MemberIdentity& member : message.members) {
    group::LeavingMember& leaving = out.members.emplace_back();
    leaving.member_id = member.member_id;
    if (member.group_instance_id.has_value()) leaving.instance_id = *member.group_instance_id;
    if (member.reason.has_value()) leaving.reason = *member.reason;
  }
  return out;
}

void send(Responder& responder, int16_t version, const group::LeaveAnswer& answer) {
  LeaveGroupResponse response;
  response.error_code = code(answer.error);
  int16_t first_error = response.error_code;
  for (const group::LeftMember& member : answer.members) {
    if (first_error == 0) first_error = code(member.error);
    if (version < 3) continue;
    auto& out = response.members.emplace_back();
    out.member_id = member.member_id;
    out.group_instance_id.reset();
    if (member.instance_id.has_value()) out.group_instance_id = *member.instance_id;
    out.error_code = code(member.error);
  }
  if (version < 3) response.error_code = first_error;
  responder.send(response, first_error);
}

}  // namespace

void handle_leave_group(Services& services, Request request, Responder responder) {
  LeaveGroupRequest message;
  if (!decode(request, message, responder)) return;
  if (message.group_id.empty()) {
    group::LeaveAnswer answer;
    answer.error = ErrorCode::kInvalidGroupId;
    return send(responder, request.version, answer);
  }
  services.groups.ask(
      command_of(request, message), *request.connection->loop,
      [responder = std::move(responder), version = request.version](group::Result result) mutable {
        send(responder, version, std::get<group::LeaveAnswer>(result));
      });
}

}  // namespace barnabas::api

// ListGroups (16): the groups that this broker coordinates. Tools ask every broker.

#include "kafka/messages/list_groups.h"

#include <string>
#include <utility>

#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"

namespace barnabas::api {

void handle_list_groups(Services& services, Request request, Responder responder) {
  kafka::ListGroupsRequest message;
  if (!decode(request, message, responder)) return;
  group::ListGroupsCommand command;
  for (std::string_view state : message.states_filter) command.states.emplace_back(state);
  for (std::string_view type : message.types_filter) command.types.emplace_back(type);
  services.groups.list(
      std::move(command), *request.connection->loop,
      [responder = std::move(responder)](const group::ListGroupsAnswer& answer) mutable {
        kafka::ListGroupsResponse response;
        response.error_code = code(answer.error);
        // Half a list would be taken for the whole.
        if (answer.error == kafka::ErrorCode::kNone) {
          for (const group::ListedGroup& group : answer.groups) {
            auto& out = response.groups.emplace_back();
            out.group_id = group.group;
            out.protocol_type = group.protocol_type;
            out.group_state = group::name_of(group.state);
            out.group_type = "classic";
          }
        }
        responder.send(response, response.error_code);
      });
}

}  // namespace barnabas::api

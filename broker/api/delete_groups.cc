// DeleteGroups (42): groups without members, with everything that they have committed.

#include "kafka/messages/delete_groups.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"

namespace barnabas::api {

void handle_delete_groups(Services& services, Request request, Responder responder) {
  kafka::DeleteGroupsRequest message;
  if (!decode(request, message, responder)) return;
  // Each may lie in another partition.
  std::vector<group::Command> commands;
  for (std::string_view group : message.groups_names) {
    commands.emplace_back(group::DeleteGroupsCommand{{std::string(group)}});
  }
  Executor& loop = *request.connection->loop;
  services.groups.ask_all(
      std::move(commands), loop,
      [responder = std::move(responder)](const std::vector<group::Result>& results) mutable {
        kafka::DeleteGroupsResponse response;
        int16_t first_error = 0;
        for (const group::Result& result : results) {
          for (const auto& deleted : std::get<group::DeleteGroupsAnswer>(result).groups) {
            auto& out = response.results.emplace_back();
            out.group_id = deleted.group;
            out.error_code = code(deleted.error);
            if (first_error == 0) first_error = out.error_code;
          }
        }
        responder.send(response, first_error);
      });
}

}  // namespace barnabas::api

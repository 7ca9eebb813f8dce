// AlterConfigs (33): the old way. What is named holds from now on, and all else of that resource is
// as if it had never been set.

#include "kafka/messages/alter_configs.h"

#include <utility>

#include "broker/api/config_changes.h"
#include "broker/api/table.h"

namespace barnabas::api {

void handle_alter_configs(Services& services, Request request, Responder responder) {
  constexpr int8_t kSet = 0;
  kafka::AlterConfigsRequest message;
  if (!decode(request, message, responder)) return;
  ConfigChanges changes(services.options.self, message.validate_only, /*replace=*/true);
  for (const auto& resource : message.resources) {
    changes.begin(resource.resource_type, resource.resource_name);
    for (const auto& config : resource.configs) changes.add(config.name, kSet, config.value);
  }
  ConfigChanges::carry_out(
      std::move(changes), services, request,
      [responder = std::move(responder)](const std::vector<ResourceOutcome>& outcomes) mutable {
        kafka::AlterConfigsResponse response;
        const int16_t first_error = add_outcomes(outcomes, response);
        responder.send(response, first_error);
      });
}

}  // namespace barnabas::api

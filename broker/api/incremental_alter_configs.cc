// IncrementalAlterConfigs (44): single keys are set, unset, and lists grow and shrink.

#include "kafka/messages/incremental_alter_configs.h"

#include <utility>

#include "broker/api/config_changes.h"
#include "broker/api/table.h"

namespace barnabas::api {

void handle_incremental_alter_configs(Services& services, Request request, Responder responder) {
  kafka::IncrementalAlterConfigsRequest message;
  if (!decode(request, message, responder)) return;
  ConfigChanges changes(services.options.self, message.validate_only, /*replace=*/false);
  for (const auto& resource : message.resources) {
    changes.begin(resource.resource_type, resource.resource_name);
    for (const auto& config : resource.configs) {
      changes.add(config.name, config.config_operation, config.value);
    }
  }
  ConfigChanges::carry_out(
      std::move(changes), services, request,
      [responder = std::move(responder)](const std::vector<ResourceOutcome>& outcomes) mutable {
        kafka::IncrementalAlterConfigsResponse response;
        const int16_t first_error = add_outcomes(outcomes, response);
        responder.send(response, first_error);
      });
}

}  // namespace barnabas::api

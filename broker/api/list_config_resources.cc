// ListConfigResources (74): what there is to be described by DescribeConfigs. Version 0 knew client
// metrics only, of which there are none.

#include "kafka/messages/list_config_resources.h"

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <utility>

#include "broker/api/addresses.h"
#include "broker/api/config_resources.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

using kafka::ListConfigResourcesResponse;

// Broker loggers, client metrics and groups are known as kinds, and there are none.
constexpr int8_t kKnown[] = {kTopicResource, kBrokerResource, kBrokerLoggerResource,
                             kClientMetricsResource, kGroupResource};

std::set<int8_t> asked_types(const kafka::ListConfigResourcesRequest& message, int16_t version) {
  if (version == 0) return {kClientMetricsResource};
  if (message.resource_types.empty()) return {std::begin(kKnown), std::end(kKnown)};
  return {message.resource_types.begin(), message.resource_types.end()};
}

}  // namespace

void handle_list_config_resources(Services& services, Request request, Responder responder) {
  kafka::ListConfigResourcesRequest message;
  if (!decode(request, message, responder)) return;
  ListConfigResourcesResponse response;
  const std::set<int8_t> types = asked_types(message, request.version);
  for (int8_t type : types) {
    if (std::find(std::begin(kKnown), std::end(kKnown), type) == std::end(kKnown)) {
      response.error_code = code(kafka::ErrorCode::kUnsupportedVersion);
      return responder.send(response, response.error_code);
    }
  }
  const auto add = [&](std::string_view name, int8_t type) {
    auto& out = response.config_resources.emplace_back();
    out.resource_name = name;
    out.resource_type = type;
  };
  std::deque<std::string> texts;
  services.session.with_image([&](const metadata::Image& image) {
    if (types.contains(kTopicResource)) {
      for (const auto& [name, id] : image.topics_by_name()) add(name, kTopicResource);
    }
    if (types.contains(kBrokerResource)) {
      for (const auto& [id, broker] : image.brokers()) {
        if (broker.fenced) continue;
        add(texts.emplace_back(std::to_string(id.value())), kBrokerResource);
      }
    }
    responder.send(response, 0, 64 + 32 * response.config_resources.size());
  });
}

}  // namespace barnabas::api

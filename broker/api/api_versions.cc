// ApiVersions (18): what this broker serves, read from the one table of handlers. Always answered,
// also to versions that we do not know.

#include "kafka/messages/api_versions.h"

#include <utility>

#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?
bool is_software_name(std::string_view text) {
  if (text.empty() || !is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back())) {
    return false;
  }
  for (char c : text) {
    if (!is_letter_or_digit(c) && c != '-' && c != '.') return false;
  }
  return true;
}

void add(kafka::ApiVersionsResponse& response, const Api& api) {
  auto& out = response.api_keys.emplace_back();
  out.api_key = api.key;
  out.min_version = api.advertised_min;
  out.max_version = api.max;
}

}  // namespace

void answer_unknown_api_versions(Responder responder) {
  kafka::ApiVersionsResponse response;
  response.error_code = code(kafka::ErrorCode::kUnsupportedVersion);
  add(response, *find_api(kApiVersionsKey));
  responder.send_as(response, 0, response.error_code);
}

void handle_api_versions(Services& services, Request request, Responder responder) {
  kafka::ApiVersionsRequest message;
  if (!decode(request, message, responder)) return;
  kafka::ApiVersionsResponse response;
  if (request.version >= 3 && (!is_software_name(message.client_software_name) ||
                               !is_software_name(message.client_software_version))) {
    response.error_code = code(kafka::ErrorCode::kInvalidRequest);
    return responder.send(response, response.error_code);
  }
  for (const Api& api : all_apis()) {
    if (api.advertised) add(response, api);
  }
  // Feature levels that the cluster has finalized. Clients of transactions, new group protocols and
  // so on look for theirs here, do not find them, and use what is there.
  services.session.with_image([&](const metadata::Image& image) {
    if (image.features().empty()) return responder.send(response);
    response.finalized_features_epoch = image.index().value();
    for (const auto& [name, level] : image.features()) {
      auto& finalized = response.finalized_features.emplace_back();
      finalized.name = name;
      finalized.max_version_level = static_cast<int16_t>(level);
      finalized.min_version_level = static_cast<int16_t>(level);
      auto& supported = response.supported_features.emplace_back();
      supported.name = name;
      supported.min_version = 1;
      supported.max_version = static_cast<int16_t>(level);
    }
    responder.send(response);
  });
}

}  // namespace barnabas::api

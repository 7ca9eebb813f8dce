// DescribeCluster (60): the brokers as this client can reach them.

#include "kafka/messages/describe_cluster.h"

#include <deque>
#include <string>
#include <utility>

#include "broker/api/addresses.h"
#include "broker/api/authorized_operations.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

constexpr int8_t kBrokers = 1;
constexpr int8_t kControllers = 2;

}  // namespace

void handle_describe_cluster(Services& services, Request request, Responder responder) {
  kafka::DescribeClusterRequest message;
  if (!decode(request, message, responder)) return;
  kafka::DescribeClusterResponse response;
  const auto refuse = [&](kafka::ErrorCode error, std::string_view text) {
    response.error_code = code(error);
    response.error_message = text;
    responder.send(response, response.error_code);
  };
  if (message.endpoint_type == kControllers) {
    return refuse(kafka::ErrorCode::kMismatchedEndpointType,
                  "this is a broker's listener: ask for brokers, or ask a controller");
  }
  if (message.endpoint_type != kBrokers) {
    return refuse(kafka::ErrorCode::kUnsupportedEndpointType,
                  "the endpoint type can be 1 (brokers) or 2 (controllers)");
  }
  response.cluster_id = services.options.cluster_id;
  if (message.include_cluster_authorized_operations) {
    response.cluster_authorized_operations = kAllClusterOperations;
  }
  std::deque<std::string> texts;
  services.session.with_image([&](const metadata::Image& image) {
    response.controller_id = stand_in_controller(image).value();
    for (const auto& [id, broker] : image.brokers()) {
      if (broker.fenced && !message.include_fenced_brokers) continue;
      const auto address = address_for(broker, *request.connection, services.options);
      if (!address.has_value()) continue;
      auto& out = response.brokers.emplace_back();
      out.broker_id = id.value();
      out.host = texts.emplace_back(address->host);
      out.port = address->port;
      if (!broker.rack.empty()) out.rack = texts.emplace_back(broker.rack);
      if (request.version >= 2) out.is_fenced = broker.fenced;
    }
  });
  responder.send(response);
}

}  // namespace barnabas::api

// CreatePartitions (37): a topic gets more partitions. Forwarded; the controller validates and
// places.

#include "kafka/messages/create_partitions.h"

#include <string>
#include <utility>
#include <vector>

#include "broker/api/forwarding.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

using kafka::CreatePartitionsRequest;
using kafka::CreatePartitionsResponse;
using kafka::ErrorCode;

proto::AdminRequest translate(const CreatePartitionsRequest& message) {
  proto::AdminRequest out;
  proto::CreatePartitionsRequest& create = *out.mutable_create_partitions();
  create.set_validate_only(message.validate_only);
  for (const CreatePartitionsRequest::CreatePartitionsTopic& topic : message.topics) {
    proto::MorePartitions& asked = *create.add_topics();
    asked.set_name(std::string(topic.name));
    asked.set_count(topic.count);
    if (!topic.assignments.has_value()) continue;
    for (const auto& assignment : *topic.assignments) {
      proto::ReplicaAssignment& to = *asked.add_assignments();
      for (int32_t broker : assignment.broker_ids) to.add_brokers(broker);
    }
  }
  return out;
}

void add(std::string_view name, int16_t error, std::string_view text,
         CreatePartitionsResponse& response) {
  auto& out = response.results.emplace_back();
  out.name = name;
  out.error_code = error;
  if (error != 0) out.error_message = text;
}

}  // namespace

void handle_create_partitions(Services& services, Request request, Responder responder) {
  CreatePartitionsRequest message;
  if (!decode(request, message, responder)) return;
  std::vector<std::string> names;
  for (const auto& topic : message.topics) names.emplace_back(topic.name);
  forward(
      services, request, translate(message), message.timeout_ms,
      [responder = std::move(responder), names = std::move(names)](Forwarded forwarded) mutable {
        CreatePartitionsResponse response;
        if (forwarded.error != ErrorCode::kNone) {
          for (const std::string& name : names) {
            add(name, code(forwarded.error), forwarded.message, response);
          }
          return responder.send(response, code(forwarded.error));
        }
        int16_t first_error = 0;
        for (const proto::CreatedPartitions& topic :
             forwarded.answer.create_partitions().topics()) {
          const auto error = static_cast<int16_t>(topic.error().code());
          if (first_error == 0) first_error = error;
          add(topic.name(), error, topic.error().message(), response);
        }
        responder.send(response, first_error);
      });
}

}  // namespace barnabas::api

// CreatePartitions (37): a topic gets more partitions. Forwarded; the controller validates and
// places.

#include "kafka/messages/create_partitions.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
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

// An assignment that is there and empty places none of the new partitions, and differs from no
// assignment; the controller's message cannot say so. What else may be wrong comes first.
bool is_empty_assignment(const metadata::Image& image,
                         const CreatePartitionsRequest::CreatePartitionsTopic& asked) {
  if (!asked.assignments.has_value() || !asked.assignments->empty()) return false;
  const metadata::TopicImage* topic = image.topic_by_name(asked.name);
  return topic != nullptr && asked.count > static_cast<int64_t>(topic->partitions.size());
}

proto::AdminRequest translate(const CreatePartitionsRequest& message,
                              const std::set<std::string_view>& refused) {
  proto::AdminRequest out;
  proto::CreatePartitionsRequest& create = *out.mutable_create_partitions();
  create.set_validate_only(message.validate_only);
  for (const CreatePartitionsRequest::CreatePartitionsTopic& topic : message.topics) {
    if (refused.contains(topic.name)) continue;
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
  std::set<std::string_view> refused;
  services.session.with_image([&](const metadata::Image& image) {
    for (const auto& topic : message.topics) {
      if (is_empty_assignment(image, topic)) refused.insert(topic.name);
    }
  });
  std::vector<std::string> refused_names(refused.begin(), refused.end());
  std::vector<std::string> names;
  for (const auto& topic : message.topics) {
    if (!refused.contains(topic.name)) names.emplace_back(topic.name);
  }
  const auto add_refused = [refused_names =
                                std::move(refused_names)](CreatePartitionsResponse& response) {
    for (const std::string& name : refused_names) {
      add(name, code(ErrorCode::kInvalidReplicaAssignment),
          "the assignment places none of the new partitions", response);
    }
  };
  if (names.empty()) {
    CreatePartitionsResponse response;
    add_refused(response);
    return responder.send(
        response, response.results.empty() ? 0 : code(ErrorCode::kInvalidReplicaAssignment));
  }
  forward(services, request, translate(message, refused), message.timeout_ms,
          [responder = std::move(responder), names = std::move(names),
           add_refused](Forwarded forwarded) mutable {
            CreatePartitionsResponse response;
            add_refused(response);
            if (forwarded.error != ErrorCode::kNone) {
              for (const std::string& name : names) {
                add(name, code(forwarded.error), forwarded.message, response);
              }
              return responder.send(response, code(forwarded.error));
            }
            for (const proto::CreatedPartitions& topic :
                 forwarded.answer.create_partitions().topics()) {
              add(topic.name(), static_cast<int16_t>(topic.error().code()), topic.error().message(),
                  response);
            }
            const auto failed =
                std::find_if(response.results.begin(), response.results.end(),
                             [](const auto& result) { return result.error_code != 0; });
            responder.send(response,
                           failed == response.results.end() ? int16_t{0} : failed->error_code);
          });
}

}  // namespace barnabas::api

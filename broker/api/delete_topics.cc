// DeleteTopics (20): by name, and from version 6 by name or id. Forwarded to the controller.

#include "kafka/messages/delete_topics.h"

#include <string>
#include <utility>
#include <vector>

#include "broker/api/forwarding.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

using kafka::DeleteTopicsRequest;
using kafka::DeleteTopicsResponse;
using kafka::ErrorCode;

struct Asked {
  std::string name;  // or
  Uuid id;
};

std::vector<Asked> asked_topics(const DeleteTopicsRequest& message) {
  std::vector<Asked> out;
  for (std::string_view name : message.topic_names) out.push_back({std::string(name), Uuid()});
  for (const auto& topic : message.topics) {
    out.push_back({std::string(topic.name.value_or(std::string_view())), topic.topic_id});
  }
  return out;
}

void add(std::string_view name, const Uuid& id, int16_t error, std::string_view text,
         int16_t version, DeleteTopicsResponse& response) {
  auto& out = response.responses.emplace_back();
  // A null name (an id that nobody knows) exists from version 6.
  if (name.empty() && version >= 6) {
    out.name.reset();
  } else {
    out.name = name;
  }
  out.topic_id = id;
  out.error_code = error;
  if (error != 0) out.error_message = text;
}

void refuse_all(const std::vector<Asked>& asked, ErrorCode error, std::string_view text,
                int16_t version, Responder& responder) {
  DeleteTopicsResponse response;
  for (const Asked& topic : asked) {
    add(topic.name, topic.id, code(error), text, version, response);
  }
  responder.send(response, code(error));
}

}  // namespace

void handle_delete_topics(Services& services, Request request, Responder responder) {
  DeleteTopicsRequest message;
  if (!decode(request, message, responder)) return;
  std::vector<Asked> asked = asked_topics(message);
  const int16_t version = request.version;
  if (!services.options.delete_topics) {
    return refuse_all(asked, ErrorCode::kTopicDeletionDisabled,
                      "topics are not deleted here: delete.topic.enable is false", version,
                      responder);
  }
  proto::AdminRequest admin;
  proto::DeleteTopicsRequest& remove = *admin.mutable_delete_topics();
  for (const Asked& topic : asked) {
    if (!topic.name.empty() && !topic.id.is_none()) {
      return refuse_all(asked, ErrorCode::kInvalidRequest,
                        "a topic is to be named or given by its id, not both", version, responder);
    }
    proto::TopicName& to = *remove.add_topics();
    to.set_name(topic.name);
    if (!topic.id.is_none()) to.set_id(topic.id.bytes());
  }
  forward(services, request, std::move(admin), message.timeout_ms,
          [responder = std::move(responder), asked = std::move(asked),
           version](Forwarded forwarded) mutable {
            if (forwarded.error != ErrorCode::kNone) {
              return refuse_all(asked, forwarded.error, forwarded.message, version, responder);
            }
            DeleteTopicsResponse response;
            int16_t first_error = 0;
            for (const proto::DeletedTopic& topic : forwarded.answer.delete_topics().topics()) {
              const auto error = static_cast<int16_t>(topic.error().code());
              if (first_error == 0) first_error = error;
              add(topic.name(), Uuid::from_bytes(topic.id()).value_or(Uuid()), error,
                  topic.error().message(), version, response);
            }
            responder.send(response, first_error);
          });
}

}  // namespace barnabas::api

// DeleteTopics (20): by name, and from version 6 by name or id. Forwarded to the controller. A
// topic that is there twice in one request is not deleted: who wrote that may have meant something
// else.

#include "kafka/messages/delete_topics.h"

#include <map>
#include <optional>
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

struct Topic {
  std::optional<std::string> name;  // or
  Uuid id;

  friend auto operator<=>(const Topic&, const Topic&) = default;
};

struct Outcome {
  Topic topic;
  ErrorCode error = ErrorCode::kNone;
  std::string text;
};

std::vector<Topic> asked_topics(const DeleteTopicsRequest& message) {
  std::vector<Topic> out;
  for (std::string_view name : message.topic_names) out.push_back({std::string(name), Uuid()});
  for (const auto& asked : message.topics) {
    Topic& topic = out.emplace_back();
    if (asked.name.has_value()) topic.name = std::string(*asked.name);
    topic.id = asked.topic_id;
  }
  return out;
}

void send(const std::vector<Outcome>& outcomes, int16_t version, Responder& responder) {
  DeleteTopicsResponse response;
  int16_t first_error = 0;
  for (const Outcome& outcome : outcomes) {
    auto& out = response.responses.emplace_back();
    out.name.reset();
    if (outcome.topic.name.has_value()) {
      out.name = *outcome.topic.name;
    } else if (version < 6) {
      out.name = std::string_view();  // there was no null yet
    }
    out.topic_id = outcome.topic.id;
    out.error_code = code(outcome.error);
    if (out.error_code != 0) out.error_message = outcome.text;
    if (first_error == 0) first_error = out.error_code;
  }
  responder.send(response, first_error);
}

// Why a topic is not asked of the controller; kNone: it is.
Outcome judge(const Topic& topic, size_t times) {
  const bool has_id = !topic.id.is_none();
  if (has_id == topic.name.has_value()) {
    return {topic, ErrorCode::kInvalidRequest,
            "a topic is to be named or given by its id: one of them, and not both"};
  }
  if (times > 1) {
    return {topic, ErrorCode::kInvalidRequest, "the topic is there twice in one request"};
  }
  if (topic.name == "") {
    return {topic, ErrorCode::kUnknownTopicOrPartition, "no topic has an empty name"};
  }
  return {topic, ErrorCode::kNone, ""};
}

Topic answered_topic(const proto::DeletedTopic& topic) {
  Topic out;
  if (!topic.name().empty()) out.name = topic.name();
  out.id = Uuid::from_bytes(topic.id()).value_or(Uuid());
  return out;
}

}  // namespace

void handle_delete_topics(Services& services, Request request, Responder responder) {
  DeleteTopicsRequest message;
  if (!decode(request, message, responder)) return;
  const int16_t version = request.version;
  std::map<Topic, size_t> asked;
  for (Topic& topic : asked_topics(message)) ++asked[std::move(topic)];
  std::vector<Outcome> refused;
  std::vector<Topic> forwarded;
  proto::AdminRequest admin;
  proto::DeleteTopicsRequest& remove = *admin.mutable_delete_topics();
  for (const auto& [topic, times] : asked) {
    Outcome outcome = judge(topic, times);
    if (!services.options.delete_topics) {
      outcome = {topic, ErrorCode::kTopicDeletionDisabled,
                 "topics are not deleted here: delete.topic.enable is false"};
    }
    if (outcome.error != ErrorCode::kNone) {
      refused.push_back(std::move(outcome));
      continue;
    }
    forwarded.push_back(topic);
    proto::TopicName& to = *remove.add_topics();
    if (topic.name.has_value()) to.set_name(*topic.name);
    if (!topic.id.is_none()) to.set_id(topic.id.bytes());
  }
  if (forwarded.empty()) return send(refused, version, responder);
  forward(
      services, request, std::move(admin), message.timeout_ms,
      [responder = std::move(responder), outcomes = std::move(refused),
       forwarded = std::move(forwarded), version](Forwarded answer) mutable {
        if (answer.error != ErrorCode::kNone) {
          for (Topic& topic : forwarded) {
            outcomes.push_back({std::move(topic), answer.error, answer.message});
          }
          return send(outcomes, version, responder);
        }
        for (const proto::DeletedTopic& topic : answer.answer.delete_topics().topics()) {
          outcomes.push_back({answered_topic(topic), static_cast<ErrorCode>(topic.error().code()),
                              topic.error().message()});
        }
        send(outcomes, version, responder);
      });
}

}  // namespace barnabas::api

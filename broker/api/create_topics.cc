// CreateTopics (19): translated, forwarded, translated back. The controller validates.

#include "kafka/messages/create_topics.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/api/config_views.h"
#include "broker/api/forwarding.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

using kafka::CreateTopicsRequest;
using kafka::CreateTopicsResponse;
using kafka::ErrorCode;

proto::AdminRequest translate(const CreateTopicsRequest& message) {
  proto::AdminRequest out;
  proto::CreateTopicsRequest& create = *out.mutable_create_topics();
  create.set_validate_only(message.validate_only);
  for (const CreateTopicsRequest::CreatableTopic& topic : message.topics) {
    proto::NewTopic& asked = *create.add_topics();
    asked.set_name(std::string(topic.name));
    asked.set_partitions(topic.num_partitions);
    asked.set_replication_factor(topic.replication_factor);
    for (const auto& assignment : topic.assignments) {
      proto::ReplicaAssignment& to = *asked.add_assignments();
      to.set_partition(assignment.partition_index);
      for (int32_t broker : assignment.broker_ids) to.add_brokers(broker);
    }
    for (const auto& config : topic.configs) {
      proto::ConfigEntry& to = *asked.add_configs();
      to.set_key(std::string(config.name));
      if (config.value.has_value()) to.set_value(std::string(*config.value));
    }
  }
  return out;
}

// All that holds for the new topic, as in Kafka. With validate_only, and where this broker has not
// seen it yet, its own settings are those that the controller has taken.
void add_configs(const proto::CreatedTopic& topic, const std::vector<ConfigView>& views,
                 CreateTopicsResponse::CreatableTopicResult& out) {
  std::map<std::string_view, std::string_view> own;
  for (const proto::ConfigEntry& config : topic.configs()) own[config.key()] = config.value();
  for (const ConfigView& view : views) {
    auto& to = out.configs->emplace_back();
    const auto set = own.find(view.key->name);
    to.name = view.key->name;
    to.value = set == own.end() ? view.value : set->second;
    to.config_source = static_cast<int8_t>(set == own.end() ? view.source : ConfigSource::kTopic);
  }
}

void add(const proto::CreatedTopic& topic, const metadata::Image& image, BrokerId self,
         CreateTopicsResponse& response) {
  auto& out = response.topics.emplace_back();
  out.name = topic.name();
  out.topic_id = Uuid::from_bytes(topic.id()).value_or(Uuid());
  out.error_code = static_cast<int16_t>(topic.error().code());
  out.error_message.reset();
  if (out.error_code != 0) {
    out.error_message = topic.error().message();
    out.configs.reset();
    return;
  }
  out.num_partitions = topic.partitions();
  out.replication_factor = static_cast<int16_t>(topic.replication_factor());
  add_configs(topic, topic_configs(image, topic.name(), self), out);
}

// Topics in the order of the request, under their names, all with the same error.
void refuse_all(const std::vector<std::string>& names, const Forwarded& forwarded,
                CreateTopicsResponse& response) {
  for (const std::string& name : names) {
    auto& out = response.topics.emplace_back();
    out.name = name;
    out.error_code = code(forwarded.error);
    out.error_message = forwarded.message;
    out.configs.reset();
  }
}

}  // namespace

void handle_create_topics(Services& services, Request request, Responder responder) {
  CreateTopicsRequest message;
  if (!decode(request, message, responder)) return;
  std::vector<std::string> names;
  for (const auto& topic : message.topics) names.emplace_back(topic.name);
  forward(services, request, translate(message), message.timeout_ms,
          [&services, responder = std::move(responder),
           names = std::move(names)](Forwarded forwarded) mutable {
            CreateTopicsResponse response;
            if (forwarded.error != ErrorCode::kNone) {
              refuse_all(names, forwarded, response);
              return responder.send(response, code(forwarded.error));
            }
            int16_t first_error = 0;
            services.session.with_image([&](const metadata::Image& image) {
              for (const proto::CreatedTopic& topic : forwarded.answer.create_topics().topics()) {
                add(topic, image, services.options.self, response);
                if (first_error == 0) first_error = response.topics.back().error_code;
              }
              responder.send(response, first_error);
            });
          });
}

}  // namespace barnabas::api

// Metadata (3): brokers, topics, leaders. The answer borrows its texts from the image and is
// therefore written out under the image's reader lock.

#include "kafka/messages/metadata.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/addresses.h"
#include "broker/api/authorized_operations.h"
#include "broker/api/auto_creation.h"
#include "broker/api/internal_topics.h"
#include "broker/api/partition_state.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/api/topic_name.h"

namespace barnabas::api {
namespace {

using kafka::ErrorCode;
using kafka::MetadataRequest;
using kafka::MetadataResponse;

class MetadataAnswer {
 public:
  MetadataAnswer(Services& services, const Request& request, const MetadataRequest& message)
      : services_(services), request_(request), message_(message) {}

  void build(const metadata::Image& image);
  MetadataResponse& response() { return response_; }
  std::vector<std::string>& wished() { return wished_; }
  ErrorCode first_error() const { return first_error_; }

 private:
  void add_brokers();
  void add_known(const metadata::TopicImage& topic);
  void add_asked(const MetadataRequest::MetadataRequestTopic& asked);
  void add_failed(std::optional<std::string_view> name, const Uuid& id, ErrorCode error);
  void add_partition(const metadata::PartitionImage& state, int32_t index,
                     MetadataResponse::MetadataResponseTopic& out);

  Services& services_;
  const Request& request_;
  const MetadataRequest& message_;
  const metadata::Image* image_ = nullptr;
  MetadataResponse response_;
  std::deque<std::string> texts_;
  std::vector<std::string> wished_;  // unknown names that may be created
  ErrorCode first_error_ = ErrorCode::kNone;
};

void MetadataAnswer::add_brokers() {
  tell_guess(*request_.connection, services_.options);
  for (const auto& [id, broker] : image_->brokers()) {
    if (broker.fenced) continue;
    const auto address = address_for(broker, *request_.connection, services_.options);
    if (!address.has_value()) continue;
    auto& out = response_.brokers.emplace_back();
    out.node_id = id.value();
    out.host = texts_.emplace_back(address->host);
    out.port = address->port;
    if (!broker.rack.empty()) out.rack = broker.rack;
  }
}

void MetadataAnswer::add_partition(const metadata::PartitionImage& state, int32_t index,
                                   MetadataResponse::MetadataResponseTopic& out) {
  auto& partition = out.partitions.emplace_back();
  partition.partition_index = index;
  partition.leader_epoch = state.leader_epoch.value();
  add_ids(state.replicas, partition.replica_nodes);
  add_ids(state.in_sync, partition.isr_nodes);
  add_offline(*image_, state, partition.offline_replicas);
  const ReachableLeader leader =
      reachable_leader(*image_, state, *request_.connection, services_.options);
  partition.leader_id = leader.id.value();
  ErrorCode error = leader.error;
  if (error == ErrorCode::kListenerNotFound && request_.version < 6) {
    error = ErrorCode::kLeaderNotAvailable;
  } else if (error == ErrorCode::kNone && request_.version == 0 &&
             !partition.offline_replicas.empty()) {
    error = ErrorCode::kReplicaNotAvailable;
  }
  partition.error_code = code(error);
}

void MetadataAnswer::add_known(const metadata::TopicImage& topic) {
  auto& out = response_.topics.emplace_back();
  out.name = topic.name;
  out.topic_id = topic.id;
  out.is_internal = is_internal_topic(topic.name);
  if (request_.version >= 8 && message_.include_topic_authorized_operations) {
    out.topic_authorized_operations = kAllTopicOperations;
  }
  out.partitions.reserve(topic.partitions.size());
  for (size_t i = 0; i < topic.partitions.size(); ++i) {
    add_partition(topic.partitions[i], static_cast<int32_t>(i), out);
  }
}

void MetadataAnswer::add_failed(std::optional<std::string_view> name, const Uuid& id,
                                ErrorCode error) {
  auto& out = response_.topics.emplace_back();
  out.error_code = code(error);
  // Before version 12 a name cannot be null.
  if (!name.has_value() && request_.version < 12) name = std::string_view();
  out.name = name;
  out.topic_id = id;
  if (name.has_value()) out.is_internal = is_internal_topic(*name);
  if (first_error_ == ErrorCode::kNone) first_error_ = error;
}

void MetadataAnswer::add_asked(const MetadataRequest::MetadataRequestTopic& asked) {
  if (!asked.topic_id.is_none() || !asked.name.has_value()) {
    if (request_.version < 12) {
      return add_failed(asked.name, asked.topic_id, ErrorCode::kInvalidRequest);
    }
    const metadata::TopicImage* topic = image_->topic(asked.topic_id);
    if (topic == nullptr) {
      return add_failed(std::nullopt, asked.topic_id, ErrorCode::kUnknownTopicId);
    }
    return add_known(*topic);
  }
  if (const metadata::TopicImage* topic = image_->topic_by_name(*asked.name)) {
    return add_known(*topic);
  }
  if (!is_topic_name(*asked.name)) {
    return add_failed(asked.name, Uuid(), ErrorCode::kInvalidTopicException);
  }
  // The cluster's own topics come into being with their own settings, when there is use for them.
  const bool allowed = (request_.version < 4 || message_.allow_auto_topic_creation) &&
                       !is_internal_topic(*asked.name);
  if (allowed && services_.options.auto_create_topics) wished_.emplace_back(*asked.name);
  add_failed(asked.name, Uuid(), ErrorCode::kUnknownTopicOrPartition);
}

void MetadataAnswer::build(const metadata::Image& image) {
  image_ = &image;
  response_.cluster_id = services_.options.cluster_id;
  response_.controller_id = stand_in_controller(image).value();
  if (request_.version >= 8 && request_.version <= 10 &&
      message_.include_cluster_authorized_operations) {
    response_.cluster_authorized_operations = kAllClusterOperations;
  }
  add_brokers();
  const bool all =
      !message_.topics.has_value() || (request_.version == 0 && message_.topics->empty());
  if (all) {
    response_.topics.reserve(image.topics_by_name().size());
    for (const auto& [name, id] : image.topics_by_name()) add_known(*image.topic(id));
    return;
  }
  for (const auto& asked : *message_.topics) add_asked(asked);
}

// Builds and sends; or, if there are names to be created, gives them and sends nothing.
std::vector<std::string> answer_or_wish(Services& services, const Request& request,
                                        const MetadataRequest& message, bool may_wish,
                                        Responder& responder) {
  MetadataAnswer answer(services, request, message);
  services.session.with_image([&](const metadata::Image& image) {
    answer.build(image);
    if (may_wish && !answer.wished().empty()) return;
    answer.wished().clear();
    responder.send(answer.response(), code(answer.first_error()),
                   256 + 64 * answer.response().topics.size());
  });
  return std::move(answer.wished());
}

constexpr Duration kLookAgain = std::chrono::milliseconds(2);

// Whether a broker that we copy from is most likely dead and the controller has not said so yet.
bool news_are_near(Services& services) {
  const std::vector<BrokerId> lost = services.lost_leaders.recent(services.clock.now());
  if (lost.empty()) return false;
  bool near = false;
  services.session.with_image([&](const metadata::Image& image) {
    near = std::any_of(lost.begin(), lost.end(), [&](BrokerId id) {
      const metadata::BrokerImage* broker = image.broker(id);
      return broker != nullptr && !broker->fenced;
    });
  });
  return near;
}

void answer(Services& services, Request request, MetadataRequest message, Responder responder);

// Waits for what the controller makes of a broken connection, at most LostLeaders::kMoment.
void answer_after_news(Services& services, Request request, MetadataRequest message,
                       Responder responder) {
  const bool brokers_only =
      message.topics.has_value() && message.topics->empty() && request.version > 0;
  if (brokers_only || !news_are_near(services)) {
    return answer(services, std::move(request), std::move(message), std::move(responder));
  }
  Executor& loop = *request.connection->loop;
  loop.after(kLookAgain, [&services, request = std::move(request), message = std::move(message),
                          responder = std::move(responder)]() mutable {
    if (responder.abandoned()) return;
    answer_after_news(services, std::move(request), std::move(message), std::move(responder));
  });
}

void answer(Services& services, Request request, MetadataRequest message, Responder responder) {
  const std::vector<std::string> wished =
      answer_or_wish(services, request, message, /*may_wish=*/true, responder);
  if (wished.empty()) return;
  // `message` borrows from the frame, which `request` holds.
  const ConnectionFacts& connection = *request.connection;
  services.auto_creation.create(wished, connection.peer.host, *connection.loop,
                                [&services, request, message = std::move(message),
                                 responder = std::move(responder)]() mutable {
                                  if (responder.abandoned()) return;
                                  answer_or_wish(services, request, message, /*may_wish=*/false,
                                                 responder);
                                });
}

}  // namespace

void handle_metadata(Services& services, Request request, Responder responder) {
  MetadataRequest message;
  if (!decode(request, message, responder)) return;
  answer_after_news(services, std::move(request), std::move(message), std::move(responder));
}

}  // namespace barnabas::api

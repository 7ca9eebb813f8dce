// DescribeQuorum (55): the controllers as voters, and as observers of the metadata log, which
// clients know as partition 0 of the topic __cluster_metadata, the controllers that do not vote
// (yet) and the brokers. Asked of the active controller, the quorum first and then the brokers.
//
// An entry of the log has the offset of its Raft index; "end" and high watermark are exclusive, as
// everywhere in Kafka. When a member was last caught up is known only while it is: else -1.

#include "kafka/messages/describe_quorum.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/forwarding.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

using kafka::DescribeQuorumRequest;
using kafka::DescribeQuorumResponse;
using kafka::ErrorCode;
using ReplicaState = DescribeQuorumResponse::ReplicaState;

constexpr std::string_view kMetadataTopic = "__cluster_metadata";
constexpr std::string_view kControllerListener = "CONTROLLER";
constexpr int32_t kTimeoutMs = 30'000;

// What is under way for one client. `message` borrows from the frame, which `request` holds.
struct Asking {
  Services& services;
  Request request;
  Responder responder;
  DescribeQuorumRequest message;
  proto::DescribeQuorumAnswer quorum;
};

bool asks_for_the_metadata_log(const DescribeQuorumRequest& message) {
  return message.topics.size() == 1 && message.topics[0].topic_name == kMetadataTopic &&
         message.topics[0].partitions.size() == 1 &&
         message.topics[0].partitions[0].partition_index == 0;
}

void refuse_partitions(const DescribeQuorumRequest& message, int16_t version,
                       Responder& responder) {
  DescribeQuorumResponse response;
  for (const auto& topic : message.topics) {
    auto& out = response.topics.emplace_back();
    out.topic_name = topic.topic_name;
    for (const auto& partition : topic.partitions) {
      auto& to = out.partitions.emplace_back();
      to.partition_index = partition.partition_index;
      to.error_code = code(ErrorCode::kUnknownTopicOrPartition);
      to.leader_id = -1;
      if (version >= 2) to.error_message = "only partition 0 of __cluster_metadata has a quorum";
    }
  }
  responder.send(response, code(ErrorCode::kUnknownTopicOrPartition));
}

void refuse(ErrorCode error, std::string_view text, Responder& responder) {
  DescribeQuorumResponse response;
  response.error_code = code(error);
  response.error_message = text;
  responder.send(response, response.error_code);
}

// `since_ms`: how long ago the member was heard of, -1: never.
ReplicaState member(int32_t id, int64_t last, int64_t newest, int64_t since_ms, int64_t now_ms) {
  ReplicaState out;
  out.replica_id = id;
  out.log_end_offset = last + 1;
  if (since_ms < 0) return out;
  out.last_fetch_timestamp = now_ms - since_ms;
  if (last >= newest) out.last_caught_up_timestamp = out.last_fetch_timestamp;
  return out;
}

void add_voters(const Asking& asking, int64_t now_ms, DescribeQuorumResponse::PartitionData& out) {
  const proto::DescribeQuorumAnswer& quorum = asking.quorum;
  for (const proto::VoterView& voter : quorum.voters()) {
    const bool leads = voter.id() == quorum.leader();
    ReplicaState& to = out.current_voters.emplace_back(
        member(voter.id(), leads ? quorum.last() : voter.match(), quorum.last(),
               leads ? 0 : voter.since_contact_ms(), now_ms));
    if (asking.request.version >= 2) {
      to.replica_directory_id = Uuid::from_bytes(voter.directory()).value_or(Uuid());
    }
  }
}

void add_observers(const Asking& asking, const proto::DescribeClusterAnswer& cluster,
                   int64_t now_ms, DescribeQuorumResponse::PartitionData& out) {
  for (const auto* members : {&asking.quorum.learners(), &asking.quorum.observers()}) {
    for (const proto::VoterView& controller : *members) {
      ReplicaState& to = out.observers.emplace_back(member(controller.id(), controller.match(),
                                                           asking.quorum.last(),
                                                           controller.since_contact_ms(), now_ms));
      if (asking.request.version < 2) continue;
      to.replica_directory_id = Uuid::from_bytes(controller.directory()).value_or(Uuid());
    }
  }
  asking.services.session.with_image([&](const metadata::Image& image) {
    for (const proto::BrokerView& broker : cluster.brokers()) {
      if (broker.since_heartbeat_ms() < 0) continue;  // it follows nobody
      ReplicaState& to = out.observers.emplace_back(member(broker.id(), broker.metadata_index(),
                                                           asking.quorum.last(),
                                                           broker.since_heartbeat_ms(), now_ms));
      const metadata::BrokerImage* known = image.broker(BrokerId{broker.id()});
      if (asking.request.version >= 2 && known != nullptr && !known->directories.empty()) {
        to.replica_directory_id = known->directories[0];
      }
    }
  });
}

void answer(Asking& asking, const proto::DescribeClusterAnswer& cluster) {
  const proto::DescribeQuorumAnswer& quorum = asking.quorum;
  DescribeQuorumResponse response;
  auto& topic = response.topics.emplace_back();
  topic.topic_name = kMetadataTopic;
  auto& partition = topic.partitions.emplace_back();
  partition.leader_id = quorum.leader();
  partition.leader_epoch = quorum.term();
  partition.high_watermark = quorum.commit() + 1;
  const int64_t now_ms = asking.services.clock.wall().time_since_epoch().count();
  add_voters(asking, now_ms, partition);
  add_observers(asking, cluster, now_ms, partition);
  std::vector<std::string> hosts;
  hosts.reserve(static_cast<size_t>(quorum.voters_size()));  // the answer borrows them
  std::set<int32_t> named;  // two voters may share an id while one is being replaced
  for (const proto::VoterView& voter : quorum.voters()) {
    const auto endpoint = parse_endpoint(voter.endpoint());
    if (asking.request.version < 2 || !endpoint.ok() || !named.insert(voter.id()).second) continue;
    auto& node = response.nodes.emplace_back();
    node.node_id = voter.id();
    auto& listener = node.listeners.emplace_back();
    listener.name = kControllerListener;
    listener.host = hosts.emplace_back(endpoint->host);
    listener.port = endpoint->port;
  }
  asking.responder.send(response);
}

void ask_for_brokers(std::shared_ptr<Asking> asking) {
  proto::AdminRequest message;
  message.mutable_describe_cluster();
  forward(asking->services, asking->request, std::move(message), kTimeoutMs,
          [asking](Forwarded forwarded) {
            if (forwarded.error != ErrorCode::kNone) {
              return refuse(forwarded.error, forwarded.message, asking->responder);
            }
            answer(*asking, forwarded.answer.describe_cluster());
          });
}

}  // namespace

void handle_describe_quorum(Services& services, Request request, Responder responder) {
  DescribeQuorumRequest message;
  if (!decode(request, message, responder)) return;
  if (!asks_for_the_metadata_log(message)) {
    return refuse_partitions(message, request.version, responder);
  }
  auto asking = std::make_shared<Asking>(
      Asking{services, std::move(request), std::move(responder), std::move(message), {}});
  proto::AdminRequest question;
  question.mutable_describe_quorum();
  forward(services, asking->request, std::move(question), kTimeoutMs,
          [asking](Forwarded forwarded) {
            if (forwarded.error != ErrorCode::kNone) {
              return refuse(forwarded.error, forwarded.message, asking->responder);
            }
            asking->quorum = std::move(*forwarded.answer.mutable_describe_quorum());
            ask_for_brokers(asking);
          });
}

}  // namespace barnabas::api

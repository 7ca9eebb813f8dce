#include "cli/wire/cluster.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <thread>

#include "kafka/errors.h"
#include "kafka/messages/find_coordinator.h"

namespace barnabas::cli::wire {

absl::StatusOr<std::unique_ptr<Cluster>> Cluster::find(const std::string& bootstrap,
                                                       std::chrono::milliseconds patience) {
  absl::Status why = absl::InvalidArgumentError("no bootstrap address is given");
  const Deadline deadline = std::chrono::steady_clock::now() + patience;
  for (const absl::string_view piece : absl::StrSplit(bootstrap, ',', absl::SkipWhitespace())) {
    const auto at = parse_endpoint(std::string(absl::StripAsciiWhitespace(piece)));
    if (!at.ok()) return at.status();
    auto connection = Connection::open(*at, deadline);
    if (!connection.ok()) {
      why = connection.status();
      continue;
    }
    std::unique_ptr<Cluster> cluster(new Cluster(*std::move(connection), patience));
    auto answer = cluster->metadata(std::vector<std::string>());
    if (!answer.ok()) {
      why = answer.status();
      continue;
    }
    for (const auto& broker : answer->body.brokers) {
      Node& node = cluster->nodes_.emplace_back();
      node.id = broker.node_id;
      node.at = {std::string(broker.host), static_cast<uint16_t>(broker.port)};
      if (broker.rack.has_value()) node.rack = std::string(*broker.rack);
    }
    std::sort(cluster->nodes_.begin(), cluster->nodes_.end(),
              [](const Node& a, const Node& b) { return a.id < b.id; });
    return cluster;
  }
  return why;
}

const Node* Cluster::node(int32_t id) const {
  for (const Node& node : nodes_) {
    if (node.id == id) return &node;
  }
  return nullptr;
}

absl::StatusOr<Connection*> Cluster::broker(int32_t id) {
  std::unique_ptr<Connection>& connection = connections_[id];
  if (connection != nullptr) return connection.get();
  const Node* const found = node(id);
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("no live broker has the id ", id));
  }
  auto opened = Connection::open(found->at, deadline());
  if (!opened.ok()) return opened.status();
  connection = *std::move(opened);
  return connection.get();
}

absl::StatusOr<Received<kafka::MetadataResponse>> Cluster::metadata(
    const std::optional<std::vector<std::string>>& topics) {
  kafka::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  request.topics.reset();
  if (topics.has_value()) {
    request.topics.emplace();
    for (const std::string& topic : *topics) request.topics->emplace_back().name = topic;
  }
  return ask<kafka::MetadataResponse>(request);
}

absl::StatusOr<Node> Cluster::coordinator(const std::string& group) {
  kafka::FindCoordinatorRequest request;
  const auto version = any().version_of(kafka::FindCoordinatorRequest::kApiKey, {0, 4});
  if (!version.ok()) return version.status();
  if (*version < 4) {
    request.key = group;
  } else {
    request.coordinator_keys.push_back(group);
  }
  const Deadline limit = deadline();
  for (;;) {
    auto answer = any().call_as<kafka::FindCoordinatorResponse>(request, *version, limit);
    if (!answer.ok()) return answer.status();
    kafka::FindCoordinatorResponse::Coordinator found;
    if (*version >= 4) {
      if (answer->body.coordinators.empty()) {
        return absl::DataLossError("an answer without the group that was asked for");
      }
      found = answer->body.coordinators[0];
    } else {
      found.error_code = answer->body.error_code;
      found.error_message = answer->body.error_message;
      found.node_id = answer->body.node_id;
      found.host = answer->body.host;
      found.port = answer->body.port;
    }
    const auto error = static_cast<kafka::ErrorCode>(found.error_code);
    if (error == kafka::ErrorCode::kNone) {
      return Node{found.node_id,
                  {std::string(found.host), static_cast<uint16_t>(found.port)},
                  std::nullopt};
    }
    const bool passes = error == kafka::ErrorCode::kCoordinatorNotAvailable ||
                        error == kafka::ErrorCode::kCoordinatorLoadInProgress;
    if (!passes || std::chrono::steady_clock::now() + std::chrono::milliseconds(100) > limit) {
      return absl::UnavailableError(absl::StrCat("no coordinator for the group ", group, ": ",
                                                 std::string(kafka::error_name(error))));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace barnabas::cli::wire

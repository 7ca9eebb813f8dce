// A cluster as a command sees it through its Kafka port: found by any of the bootstrap addresses,
// one connection to each broker that is asked something.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/wire/connection.h"
#include "kafka/messages/metadata.h"

namespace barnabas::cli::wire {

struct Node {
  int32_t id = -1;
  Endpoint at;
  std::optional<std::string> rack;
};

class Cluster {
 public:
  // "host:port,host:port"; the first that answers is enough. `patience` bounds everything that is
  // asked later, too, each time anew.
  static absl::StatusOr<std::unique_ptr<Cluster>> find(const std::string& bootstrap,
                                                       std::chrono::milliseconds patience);

  const std::vector<Node>& nodes() const { return nodes_; }  // by id
  const Node* node(int32_t id) const;
  Deadline deadline() const { return std::chrono::steady_clock::now() + patience_; }

  // Whoever answered first; brokers forward what is the controller's business.
  Connection& any() { return *first_; }
  absl::StatusOr<Connection*> broker(int32_t id);

  template <class Response, class Request>
  absl::StatusOr<Received<Response>> ask(const Request& request) {
    return any().call<Response>(request, deadline());
  }
  template <class Response, class Request>
  absl::StatusOr<Received<Response>> ask_broker(int32_t id, const Request& request) {
    auto connection = broker(id);
    if (!connection.ok()) return connection.status();
    return (*connection)->call<Response>(request, deadline());
  }

  // Of the topics named, or of all of them. Creates none.
  absl::StatusOr<Received<kafka::MetadataResponse>> metadata(
      const std::optional<std::vector<std::string>>& topics);

  // The broker that coordinates a group; waits while the cluster makes up its mind.
  absl::StatusOr<Node> coordinator(const std::string& group);

 private:
  Cluster(std::unique_ptr<Connection> first, std::chrono::milliseconds patience)
      : patience_(patience), first_(std::move(first)) {}

  const std::chrono::milliseconds patience_;
  std::unique_ptr<Connection> first_;
  std::vector<Node> nodes_;
  std::map<int32_t, std::unique_ptr<Connection>> connections_;
};

}  // namespace barnabas::cli::wire

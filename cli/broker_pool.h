// The brokers of a cluster as one finds them from any of their addresses: who leads which
// partition, who coordinates which group, and a connection to each that is asked.

#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/cluster_port.h"
#include "cli/wire/connection.h"

namespace barnabas::cli {

using wire::Connection;
using wire::Deadline;
using wire::Received;

// With the newest version that both sides know, but none above `newest`.
template <class Response, class Request>
absl::StatusOr<Received<Response>> call(Connection& broker, const Request& request,
                                        Deadline deadline, int16_t newest = INT16_MAX) {
  const auto version = broker.version_of(
      Request::kApiKey, {Request::kMinVersion, std::min(newest, Request::kMaxVersion)});
  if (!version.ok()) return version.status();
  return broker.call_as<Response>(request, *version, deadline);
}
// Whether the broker has an API in this version or a newer one.
bool has_version(const Connection& broker, int16_t api_key, int16_t version);

// "HOST:PORT,..." of brokers; called once, at the first question.
using Bootstrap = std::function<Result<std::string>()>;

// Codes that pass by themselves: a leader or a coordinator is moving or loading.
bool passes(int code);

class BrokerPool {
 public:
  // `failover`: how long a partition without a leader is asked for again.
  BrokerPool(Bootstrap bootstrap, std::string client_id, std::chrono::milliseconds timeout,
             std::chrono::milliseconds failover);

  Deadline deadline() const { return deadline_; }
  // For what can be had again after a failover: not the whole time, because a partition may stay
  // without a leader for as long as its brokers are down.
  Deadline failover_deadline() const;

  // Any broker; finds one if there is none yet.
  Result<Connection*> any(const std::string& tried);
  Result<Connection*> node(int32_t id, const std::string& tried);
  // Asks for the cluster's nodes, and for `topics`, none of which is created by that.
  std::optional<Problem> refresh(const std::set<std::string>& topics, const std::string& tried);

  const std::map<int32_t, Node>& nodes() const { return nodes_; }
  struct Topic {
    int code = 0;
    std::vector<int32_t> leaders;  // by partition; -1: none
  };
  const std::map<std::string, Topic>& topics() const { return topics_; }

  // Asks the leader of each of `wanted`, all those of one leader together. `ask` returns what is to
  // be asked again (its leader has moved); what has no leader in time, or does not exist, goes to
  // `lost` with its code.
  using Ask = absl::FunctionRef<absl::StatusOr<std::set<TopicPartition>>(
      Connection&, const std::set<TopicPartition>&)>;
  using Lost = absl::FunctionRef<void(const TopicPartition&, int code)>;
  std::optional<Problem> ask_leaders(std::set<TopicPartition> wanted, const std::string& tried,
                                     Ask ask, Lost lost);

  // Asks the coordinator of each group of `wanted`, in the same way.
  using AskGroups = absl::FunctionRef<absl::StatusOr<std::set<std::string>>(
      Connection&, const Node&, const std::set<std::string>&)>;
  using LostGroup = absl::FunctionRef<void(const std::string&, int code, const std::string&)>;
  std::optional<Problem> ask_coordinators(std::set<std::string> wanted, const std::string& tried,
                                          AskGroups ask, LostGroup lost);

  // The problem for what went wrong on a connection; forgets all connections.
  Problem broken(const absl::Status& status, const std::string& tried);
  void pause();

 private:
  struct Coordinator {
    int32_t node = -1;
    int code = 0;
    std::string message;
  };
  Result<std::map<std::string, Coordinator>> coordinators(const std::set<std::string>& groups,
                                                          const std::string& tried);
  absl::StatusOr<Connection*> open(const std::string& endpoint, Deadline deadline);

  Bootstrap bootstrap_;
  std::string client_id_;
  std::chrono::milliseconds failover_;
  Deadline deadline_;
  std::vector<std::string> seeds_;
  std::string known_;  // the endpoint that answered last
  std::map<std::string, std::unique_ptr<Connection>> links_;
  std::map<int32_t, Node> nodes_;
  std::map<std::string, Topic> topics_;
  std::map<std::string, Coordinator> coordinators_;  // of groups, as they were last seen
};

}  // namespace barnabas::cli

#include "cli/broker_pool.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <thread>

#include "kafka/errors.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/metadata.h"

namespace barnabas::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPause{30};
constexpr milliseconds kOneOfSeveral{1500};  // for one address while there are others
constexpr int16_t kNamesTopics = 12;         // the newest Metadata that takes names alone

constexpr int kUnknownTopicOrPartition = 3;
constexpr int kLeaderNotAvailable = 5;
constexpr int kCoordinatorNotAvailable = 15;
constexpr int16_t kManyKeys = 4;  // the first FindCoordinator with several keys

// A broker that is gone, or that is not among those which run: another one takes its place.
bool may_pass(const Problem& problem) {
  return problem.exit == ExitCode::kUnreachable || problem.exit == ExitCode::kNotFound;
}

std::string endpoint_text(std::string_view host, int32_t port) {
  return to_string(Endpoint{std::string(host), static_cast<uint16_t>(port)});
}

}  // namespace

bool passes(int code) {
  using enum kafka::ErrorCode;
  switch (static_cast<kafka::ErrorCode>(code)) {
    case kLeaderNotAvailable:
    case kNotLeaderOrFollower:
    case kReplicaNotAvailable:
    case kCoordinatorLoadInProgress:
    case kCoordinatorNotAvailable:
    case kNotCoordinator:
    case kFencedLeaderEpoch:
    case kUnknownLeaderEpoch:
    case kOffsetNotAvailable:
      return true;
    default:
      return false;
  }
}

bool has_version(const Connection& broker, int16_t api_key, int16_t version) {
  const auto found = broker.apis().find(api_key);
  return found != broker.apis().end() && found->second.max >= version;
}

BrokerPool::BrokerPool(Bootstrap bootstrap, std::string client_id, milliseconds timeout,
                       milliseconds failover)
    : bootstrap_(std::move(bootstrap)),
      client_id_(std::move(client_id)),
      failover_(failover),
      deadline_(steady_clock::now() + timeout) {}

Deadline BrokerPool::failover_deadline() const {
  return std::min(deadline_, steady_clock::now() + failover_);
}

void BrokerPool::pause() { std::this_thread::sleep_for(kPause); }

Problem BrokerPool::broken(const absl::Status& status, const std::string& tried) {
  const std::string text(status.message());
  links_.clear();
  switch (status.code()) {
    case absl::StatusCode::kNotFound:  // of a host's name
    case absl::StatusCode::kUnavailable:
      return {ExitCode::kUnreachable, tried, text,
              "the broker is not running, or listens elsewhere",
              "--bootstrap HOST:PORT,... (or BARNABAS_BROKERS); barnabas status"};
    case absl::StatusCode::kDeadlineExceeded:
      return {ExitCode::kTimedOut, tried, text,
              "the broker is stopped, overloaded, or behind something that swallows packets",
              "barnabas status; --timeout gives more time"};
    case absl::StatusCode::kUnimplemented:
      return {ExitCode::kPrecondition, tried, text, "the brokers are of another version",
              "barnabas version   and   barnabas status"};
    default:
      return {ExitCode::kFailed, tried, text, "something else than a Kafka broker listens there",
              "barnabas doctor HOST:PORT"};
  }
}

absl::StatusOr<Connection*> BrokerPool::open(const std::string& endpoint, Deadline deadline) {
  std::unique_ptr<Connection>& link = links_[endpoint];
  if (link == nullptr) {
    const auto where = parse_endpoint(endpoint);
    if (!where.ok()) return where.status();
    auto opened = Connection::open(*where, deadline, client_id_);
    if (!opened.ok()) {
      links_.erase(endpoint);
      return opened.status();
    }
    link = std::move(*opened);
  }
  known_ = endpoint;
  return link.get();
}

Result<Connection*> BrokerPool::any(const std::string& tried) {
  if (const auto found = links_.find(known_); found != links_.end()) return found->second.get();
  if (seeds_.empty()) {
    auto found = bootstrap_();
    if (!found.ok()) return found.problem();
    seeds_ = absl::StrSplit(found.value(), ',', absl::SkipWhitespace());
  }
  std::vector<std::string> endpoints = seeds_;
  for (const auto& [id, node] : nodes_) endpoints.push_back(node.endpoint);
  std::vector<std::string> said;
  absl::Status last = absl::UnavailableError("no broker is named");
  for (const std::string& endpoint : endpoints) {
    const Deadline patience =
        endpoints.size() > 1 ? std::min(deadline_, steady_clock::now() + kOneOfSeveral) : deadline_;
    auto link = open(endpoint, patience);
    if (link.ok()) return *link;
    last = link.status();
    said.push_back(std::string(last.message()));
  }
  Problem problem = broken(last, tried);
  problem.came_back = absl::StrCat("no broker answers: ", absl::StrJoin(said, "; "));
  return problem;
}

Result<Connection*> BrokerPool::node(int32_t id, const std::string& tried) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end()) {
    return Problem{ExitCode::kNotFound, tried,
                   absl::StrCat("no broker with id ", id, " is running"),
                   "it is stopped or fenced, or has never been there", "barnabas node list"};
  }
  auto link = open(found->second.endpoint, deadline_);
  if (!link.ok()) return broken(link.status(), tried);
  return *link;
}

std::optional<Problem> BrokerPool::refresh(const std::set<std::string>& topics,
                                           const std::string& tried) {
  kafka::MetadataRequest request;
  for (const std::string& topic : topics) {
    request.topics->emplace_back().name = topic;
  }
  request.allow_auto_topic_creation = false;
  for (int attempt = 0;; ++attempt) {
    auto link = any(tried);
    if (!link.ok()) return link.problem();
    auto answer = call<kafka::MetadataResponse>(*link.value(), request, deadline_, kNamesTopics);
    if (!answer.ok()) {
      Problem problem = broken(answer.status(), tried);
      if (attempt >= 3) return problem;
      continue;  // a connection that broke: another broker
    }
    nodes_.clear();
    for (const auto& broker : answer->body.brokers) {
      const bool v6 = broker.host.find(':') != std::string_view::npos;
      nodes_[broker.node_id] = {
          broker.node_id,
          absl::StrCat(v6 ? "[" : "", std::string(broker.host), v6 ? "]" : "", ":", broker.port)};
    }
    for (const auto& topic : answer->body.topics) {
      Topic& known = topics_[std::string(topic.name.value_or(""))];
      known.code = topic.error_code;
      known.leaders.assign(topic.partitions.size(), -1);
      for (const auto& partition : topic.partitions) {
        const auto index = static_cast<size_t>(partition.partition_index);
        if (index < known.leaders.size()) known.leaders[index] = partition.leader_id;
      }
    }
    return std::nullopt;
  }
}

std::optional<Problem> BrokerPool::ask_leaders(std::set<TopicPartition> wanted,
                                               const std::string& tried, Ask ask, Lost lost) {
  const Deadline until = failover_deadline();
  for (bool first = true;; first = false) {
    if (wanted.empty()) return std::nullopt;
    std::set<std::string> topics;
    for (const TopicPartition& one : wanted) topics.insert(one.topic);
    const bool known = std::all_of(topics.begin(), topics.end(), [this](const std::string& topic) {
      const auto found = topics_.find(topic);
      return found != topics_.end() && found->second.code == 0;
    });
    // What was learned a moment ago serves as long as nobody says that it has changed.
    if (!known || !first) {
      if (auto problem = refresh(topics, tried)) return problem;
    }
    const bool last = steady_clock::now() >= until;
    std::map<int32_t, std::set<TopicPartition>> by_leader;
    std::set<TopicPartition> again;
    for (const TopicPartition& one : wanted) {
      const Topic& topic = topics_[one.topic];
      const auto index = static_cast<size_t>(one.partition);
      const bool there = topic.code == 0 && one.partition >= 0 && index < topic.leaders.size();
      if (!there && !passes(topic.code)) {
        lost(one, topic.code != 0 ? topic.code : kUnknownTopicOrPartition);
      } else if (!there || topic.leaders[index] < 0) {
        if (last) {
          lost(one, kLeaderNotAvailable);
        } else {
          again.insert(one);
        }
      } else {
        by_leader[topic.leaders[index]].insert(one);
      }
    }
    for (const auto& [leader, partitions] : by_leader) {
      auto link = node(leader, tried);
      absl::StatusOr<std::set<TopicPartition>> rest = absl::UnavailableError("");
      std::optional<Problem> problem;
      if (link.ok()) {
        rest = ask(*link.value(), partitions);
        if (!rest.ok()) problem = broken(rest.status(), tried);
      } else {
        problem = link.problem();
      }
      if (!problem.has_value()) {
        again.insert(rest->begin(), rest->end());
      } else if (last || !may_pass(*problem)) {
        return problem;
      } else {
        again.insert(partitions.begin(), partitions.end());
      }
    }
    if (last) {
      for (const TopicPartition& one : again) lost(one, kLeaderNotAvailable);
      return std::nullopt;
    }
    wanted = std::move(again);
    if (!wanted.empty()) pause();
  }
}

Result<std::map<std::string, BrokerPool::Coordinator>> BrokerPool::coordinators(
    const std::set<std::string>& wanted, const std::string& tried) {
  std::map<std::string, Coordinator> found;
  std::set<std::string> groups;
  for (const std::string& group : wanted) {
    const auto known = coordinators_.find(group);
    if (known == coordinators_.end()) {
      groups.insert(group);
    } else {
      found[group] = known->second;
    }
  }
  if (groups.empty()) return found;
  auto link = any(tried);
  if (!link.ok()) return link.problem();
  const auto learn = [&](int32_t id, std::string_view host, int32_t port) {
    if (id >= 0) nodes_[id] = {id, endpoint_text(host, port)};
  };
  kafka::FindCoordinatorRequest request;
  if (has_version(*link.value(), kafka::FindCoordinatorRequest::kApiKey, kManyKeys)) {
    request.coordinator_keys.assign(groups.begin(), groups.end());
    auto answer = call<kafka::FindCoordinatorResponse>(*link.value(), request, deadline_);
    if (!answer.ok()) return broken(answer.status(), tried);
    for (const auto& one : answer->body.coordinators) {
      found[std::string(one.key)] = {one.node_id, one.error_code,
                                     std::string(one.error_message.value_or(""))};
      if (one.error_code == 0) learn(one.node_id, one.host, one.port);
    }
    return found;
  }
  for (const std::string& group : groups) {
    request.key = group;
    auto answer =
        call<kafka::FindCoordinatorResponse>(*link.value(), request, deadline_, kManyKeys - 1);
    if (!answer.ok()) return broken(answer.status(), tried);
    const auto& one = answer->body;
    found[group] = {one.node_id, one.error_code, std::string(one.error_message.value_or(""))};
    if (one.error_code == 0) learn(one.node_id, one.host, one.port);
  }
  return found;
}

std::optional<Problem> BrokerPool::ask_coordinators(std::set<std::string> wanted,
                                                    const std::string& tried, AskGroups ask,
                                                    LostGroup lost) {
  for (int failures = 0;;) {
    if (wanted.empty()) return std::nullopt;
    const bool last = steady_clock::now() >= deadline_ - kPause;
    auto where = coordinators(wanted, tried);
    if (!where.ok()) {
      if (last || where.problem().exit != ExitCode::kUnreachable || ++failures > 2) {
        return where.problem();
      }
      continue;
    }
    std::map<int32_t, std::set<std::string>> by_node;
    std::set<std::string> again;
    for (const std::string& group : wanted) {
      const Coordinator& one = where.value()[group];
      if (one.code == 0) {
        coordinators_[group] = one;
        by_node[one.node].insert(group);
      } else if (passes(one.code) && !last) {
        again.insert(group);
      } else {
        lost(group, one.code, one.message);
      }
    }
    for (const auto& [id, groups] : by_node) {
      auto link = node(id, tried);
      if (!link.ok()) {
        if (last || !may_pass(link.problem())) return link.problem();
        again.insert(groups.begin(), groups.end());
        continue;
      }
      auto rest = ask(*link.value(), nodes_[id], groups);
      if (rest.ok()) {
        again.insert(rest->begin(), rest->end());
      } else {
        Problem problem = broken(rest.status(), tried);
        if (last || !may_pass(problem)) return problem;
        again.insert(groups.begin(), groups.end());
      }
    }
    if (last) {
      for (const std::string& group : again) lost(group, kCoordinatorNotAvailable, "");
      return std::nullopt;
    }
    for (const std::string& group : again) coordinators_.erase(group);
    wanted = std::move(again);
    if (!wanted.empty()) pause();
  }
}

}  // namespace barnabas::cli

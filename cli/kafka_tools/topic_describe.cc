#include "cli/kafka_tools/topic_describe.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>

#include "common/uuid.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/describe_topic_partitions.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr int8_t kTopicResource = 2;
constexpr int8_t kDefaultConfig = 5;

struct Partition {
  int32_t leader = -1;
  std::vector<int32_t> replicas, in_sync;
  std::optional<std::vector<int32_t>> eligible, last_known;  // where the broker tells
};

struct Topic {
  std::string name;
  Uuid id;
  std::map<int32_t, Partition> partitions;                    // by index
  std::vector<std::pair<std::string, std::string>> settings;  // that are not at their default
  int64_t min_in_sync = 1;
};

absl::Status add_pages(wire::Cluster& cluster, const std::vector<std::string>& names,
                       int32_t page_size, std::map<std::string, Topic>& topics) {
  kafka::DescribeTopicPartitionsRequest request;
  request.response_partition_limit = page_size;
  for (const std::string& name : names) request.topics.emplace_back().name = name;
  std::string at;  // what the cursor borrows
  for (;;) {
    const auto answer = cluster.ask<kafka::DescribeTopicPartitionsResponse>(request);
    if (!answer.ok()) return answer.status();
    for (const auto& in : answer->body.topics) {
      if (in.error_code != 0) continue;  // deleted in between
      Topic& topic = topics[std::string(in.name.value_or(""))];
      topic.id = in.topic_id;
      for (const auto& partition : in.partitions) {
        topic.partitions[partition.partition_index] = {
            partition.leader_id, partition.replica_nodes, partition.isr_nodes,
            partition.eligible_leader_replicas, partition.last_known_elr};
      }
    }
    if (!answer->body.next_cursor.has_value()) return absl::OkStatus();
    at = std::string(answer->body.next_cursor->topic_name);
    kafka::DescribeTopicPartitionsRequest::Cursor cursor;
    cursor.topic_name = at;
    cursor.partition_index = answer->body.next_cursor->partition_index;
    request.cursor = cursor;
    std::erase_if(request.topics, [&](const auto& topic) { return topic.name < at; });
  }
}

absl::Status add_from_metadata(wire::Cluster& cluster, const std::vector<std::string>& names,
                               std::map<std::string, Topic>& topics) {
  const auto answer = cluster.metadata(names);
  if (!answer.ok()) return answer.status();
  for (const auto& in : answer->body.topics) {
    if (in.error_code != 0) continue;
    Topic& topic = topics[std::string(in.name.value_or(""))];
    topic.id = in.topic_id;
    for (const auto& partition : in.partitions) {
      topic.partitions[partition.partition_index] = {
          partition.leader_id, partition.replica_nodes, partition.isr_nodes, {}, {}};
    }
  }
  return absl::OkStatus();
}

absl::Status add_settings(wire::Cluster& cluster, std::map<std::string, Topic>& topics) {
  kafka::DescribeConfigsRequest request;
  for (const auto& [name, topic] : topics) {
    auto& resource = request.resources.emplace_back();
    resource.resource_type = kTopicResource;
    resource.resource_name = name;
    resource.configuration_keys.reset();
  }
  const auto answer = cluster.ask<kafka::DescribeConfigsResponse>(request);
  if (!answer.ok()) return answer.status();
  for (const auto& result : answer->body.results) {
    const auto found = topics.find(std::string(result.resource_name));
    if (found == topics.end() || result.error_code != 0) continue;
    for (const auto& config : result.configs) {
      const std::string value(config.value.value_or(""));
      if (config.name == "min.insync.replicas" &&
          !absl::SimpleAtoi(value, &found->second.min_in_sync)) {
        return absl::DataLossError("min.insync.replicas is not a number in the broker's answer");
      }
      if (config.config_source == kDefaultConfig) continue;
      found->second.settings.emplace_back(std::string(config.name), value);
    }
  }
  return absl::OkStatus();
}

std::string ids(const std::optional<std::vector<int32_t>>& list) {
  return list.has_value() ? absl::StrJoin(*list, ",") : "N/A";
}

void print(const Topic& topic, int32_t index, const Partition& partition, Streams streams) {
  streams.out << "\tTopic: " << topic.name << "\tPartition: " << index
              << "\tLeader: " << (partition.leader < 0 ? "none" : std::to_string(partition.leader))
              << "\tReplicas: " << ids(partition.replicas) << "\tIsr: " << ids(partition.in_sync)
              << "\tElr: " << ids(partition.eligible)
              << "\tLastKnownElr: " << ids(partition.last_known) << '\n';
}

void print_head(const Topic& topic, Streams streams) {
  size_t replicas = 0;
  for (const auto& [index, partition] : topic.partitions) {
    replicas = std::max(replicas, partition.replicas.size());
  }
  streams.out << "Topic: " << topic.name << "\tTopicId: " << topic.id.text()
              << "\tPartitionCount: " << topic.partitions.size()
              << "\tReplicationFactor: " << replicas
              << "\tConfigs: " << absl::StrJoin(topic.settings, ",", absl::PairFormatter("="))
              << '\n';
}

// Whether the filters among the flags let a partition through.
struct Filter {
  bool under_replicated, unavailable, under_min, at_min;
  std::set<int32_t> live;

  bool any() const { return under_replicated || unavailable || under_min || at_min; }
  bool passes(const Topic& topic, const Partition& partition) const {
    const auto in_sync = static_cast<int64_t>(partition.in_sync.size());
    return (under_replicated && partition.in_sync.size() < partition.replicas.size()) ||
           (unavailable && live.count(partition.leader) == 0) ||
           (under_min && in_sync < topic.min_in_sync) || (at_min && in_sync == topic.min_in_sync);
  }
};

}  // namespace

absl::StatusOr<std::vector<std::string>> topic_names(wire::Cluster& cluster,
                                                     const Arguments& arguments) {
  const auto pattern = arguments.value("topic");
  absl::StatusOr<NamePattern> compiled = NamePattern::compile(pattern.value_or(".*"));
  if (!compiled.ok()) return compiled.status();
  const auto answer = cluster.metadata(std::nullopt);
  if (!answer.ok()) return answer.status();
  std::vector<std::string> out;
  for (const auto& topic : answer->body.topics) {
    const std::string_view name = topic.name.value_or("");
    if (arguments.has("exclude-internal") && is_internal_topic(name)) continue;
    if (const auto id = arguments.value("topic-id"); id.has_value()) {
      if (topic.topic_id.text() == *id) out.emplace_back(name);
    } else if (compiled->matches(name)) {
      out.emplace_back(name);
    }
  }
  if (out.empty() && arguments.has("topic-id") && !arguments.has("if-exists")) {
    return absl::NotFoundError(
        absl::StrCat("TopicId '", *arguments.value("topic-id"), "' does not exist as expected"));
  }
  std::sort(out.begin(), out.end());
  return out;
}

absl::Status describe_topics(wire::Cluster& cluster, const Arguments& arguments,
                             const std::vector<std::string>& names, Streams streams) {
  if (names.empty()) return absl::OkStatus();
  const auto page = arguments.number_or("partition-size-limit-per-response", 2000);
  if (!page.ok()) return page.status();
  std::map<std::string, Topic> topics;
  absl::Status status = add_pages(cluster, names, static_cast<int32_t>(*page), topics);
  if (status.code() == absl::StatusCode::kUnimplemented) {
    status = add_from_metadata(cluster, names, topics);
  }
  if (!status.ok()) return status;
  for (auto& [name, topic] : topics) topic.name = name;
  if (status = add_settings(cluster, topics); !status.ok()) return status;

  Filter filter{arguments.has("under-replicated-partitions"),
                arguments.has("unavailable-partitions"),
                arguments.has("under-min-isr-partitions"),
                arguments.has("at-min-isr-partitions"),
                {}};
  for (const wire::Node& node : cluster.nodes()) filter.live.insert(node.id);
  const bool heads_only = arguments.has("topics-with-overrides");
  for (const auto& [name, topic] : topics) {
    if (heads_only && topic.settings.empty()) continue;
    if (!filter.any()) print_head(topic, streams);
    if (heads_only) continue;
    for (const auto& [index, partition] : topic.partitions) {
      if (!filter.any() || filter.passes(topic, partition)) {
        print(topic, index, partition, streams);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace barnabas::cli::kafka_tools

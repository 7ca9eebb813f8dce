#include "cli/kafka_tools/offsets.h"

#include <absl/strings/str_cat.h>

#include <set>

#include "cli/kafka_tools/setting.h"
#include "kafka/messages/list_offsets.h"

namespace barnabas::cli::kafka_tools {
namespace {

std::vector<std::string> topics_of(const std::vector<TopicPartition>& partitions) {
  std::set<std::string> topics;
  for (const auto& [topic, index] : partitions) topics.insert(topic);
  return {topics.begin(), topics.end()};
}

}  // namespace

absl::StatusOr<std::vector<TopicPartition>> partitions_of(wire::Cluster& cluster,
                                                          const std::vector<std::string>& topics) {
  const auto known = cluster.metadata(topics);
  if (!known.ok()) return known.status();
  std::vector<TopicPartition> out;
  for (const auto& topic : known->body.topics) {
    const std::string name(topic.name.value_or(""));
    if (topic.error_code != 0) {
      return absl::NotFoundError(
          absl::StrCat("topic ", name, ": ", sentence(topic.error_code, std::nullopt)));
    }
    for (const auto& partition : topic.partitions)
      out.emplace_back(name, partition.partition_index);
  }
  return out;
}

absl::StatusOr<std::map<TopicPartition, int32_t>> leaders_of(
    wire::Cluster& cluster, const std::vector<TopicPartition>& partitions) {
  const auto known = cluster.metadata(topics_of(partitions));
  if (!known.ok()) return known.status();
  const std::set<TopicPartition> wanted(partitions.begin(), partitions.end());
  std::map<TopicPartition, int32_t> out;
  for (const auto& topic : known->body.topics) {
    for (const auto& partition : topic.partitions) {
      TopicPartition id(std::string(topic.name.value_or("")), partition.partition_index);
      if (partition.leader_id >= 0 && wanted.count(id) != 0) {
        out.emplace(std::move(id), partition.leader_id);
      }
    }
  }
  return out;
}

absl::StatusOr<std::map<TopicPartition, OffsetFound>> list_offsets(
    wire::Cluster& cluster, const std::vector<TopicPartition>& partitions, int64_t when) {
  const auto leaders = leaders_of(cluster, partitions);
  if (!leaders.ok()) return leaders.status();
  std::map<int32_t, std::map<std::string_view, std::vector<int32_t>>> by_leader;
  for (const TopicPartition& id : partitions) {
    const auto leader = leaders->find(id);
    if (leader == leaders->end()) {
      return absl::UnavailableError(
          absl::StrCat("partition ", id.first, "-", id.second, " does not exist or has no leader"));
    }
    by_leader[leader->second][id.first].push_back(id.second);
  }
  std::map<TopicPartition, OffsetFound> out;
  for (const auto& [leader, topics] : by_leader) {
    kafka::ListOffsetsRequest request;
    request.replica_id = -1;
    for (const auto& [name, indexes] : topics) {
      auto& topic = request.topics.emplace_back();
      topic.name = name;
      for (const int32_t index : indexes) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = index;
        partition.timestamp = when;
      }
    }
    const auto answer = cluster.ask_broker<kafka::ListOffsetsResponse>(leader, request);
    if (!answer.ok()) return answer.status();
    for (const auto& topic : answer->body.topics) {
      for (const auto& partition : topic.partitions) {
        if (partition.error_code != 0) {
          return absl::UnavailableError(absl::StrCat(
              "the offsets of ", std::string(topic.name), "-", partition.partition_index,
              " cannot be had: ", sentence(partition.error_code, std::nullopt)));
        }
        out[{std::string(topic.name), partition.partition_index}] = {partition.offset,
                                                                     partition.timestamp};
      }
    }
  }
  return out;
}

}  // namespace barnabas::cli::kafka_tools

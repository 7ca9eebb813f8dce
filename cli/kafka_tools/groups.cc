#include "cli/kafka_tools/groups.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/kafka_tools/setting.h"
#include "common/bytes.h"
#include "kafka/errors.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_fetch.h"

namespace barnabas::cli::kafka_tools {
namespace {

absl::Status failed(int16_t code, std::optional<std::string_view> message) {
  return absl::InternalError(exception(code, message));
}

// The consumer protocol's assignment: version, [topic, [partition]], user data. What does not
// decode belongs to another protocol and stays unshown.
std::map<std::string, std::vector<int32_t>> parse_assignment(std::string_view bytes) {
  std::map<std::string, std::vector<int32_t>> out;
  ByteReader in(bytes);
  in.read_int16();
  const int32_t topics = in.read_int32();
  for (int32_t i = 0; i < topics && in.ok(); ++i) {
    const int16_t size = in.read_int16();
    const std::string name(in.read_bytes(static_cast<size_t>(std::max<int16_t>(size, 0))));
    const int32_t count = in.read_int32();
    std::vector<int32_t>& partitions = out[name];
    for (int32_t j = 0; j < count && in.ok(); ++j) partitions.push_back(in.read_int32());
    std::sort(partitions.begin(), partitions.end());
  }
  if (!in.ok()) out.clear();
  return out;
}

}  // namespace

absl::StatusOr<std::vector<ListedGroup>> list_groups(wire::Cluster& cluster) {
  std::vector<ListedGroup> out;
  for (const wire::Node& node : cluster.nodes()) {
    const auto answer =
        cluster.ask_broker<kafka::ListGroupsResponse>(node.id, kafka::ListGroupsRequest{});
    if (!answer.ok()) return answer.status();
    if (answer->body.error_code != 0) return failed(answer->body.error_code, std::nullopt);
    for (const auto& group : answer->body.groups) {
      out.push_back({std::string(group.group_id), std::string(group.group_state),
                     group.group_type.empty() ? "Classic" : std::string(group.group_type),
                     std::string(group.protocol_type)});
    }
  }
  std::sort(out.begin(), out.end(),
            [](const ListedGroup& a, const ListedGroup& b) { return a.name < b.name; });
  return out;
}

absl::StatusOr<Group> describe_group(wire::Cluster& cluster, const std::string& name) {
  auto coordinator = cluster.coordinator(name);
  if (!coordinator.ok()) return coordinator.status();
  kafka::DescribeGroupsRequest request;
  request.groups.push_back(name);
  const auto answer = cluster.ask_broker<kafka::DescribeGroupsResponse>(coordinator->id, request);
  if (!answer.ok()) return answer.status();
  if (answer->body.groups.empty()) return absl::DataLossError("an answer without the group");
  const auto& in = answer->body.groups[0];
  Group out;
  out.name = name;
  out.coordinator = *coordinator;
  const auto error = static_cast<kafka::ErrorCode>(in.error_code);
  if (error == kafka::ErrorCode::kGroupIdNotFound) {
    out.state = "Dead";
    out.missing = exception(in.error_code, in.error_message);
    return out;
  }
  if (error != kafka::ErrorCode::kNone) return failed(in.error_code, in.error_message);
  out.state = std::string(in.group_state);
  out.assignor = std::string(in.protocol_data);
  for (const auto& member : in.members) {
    GroupMember& each = out.members.emplace_back();
    each.id = std::string(member.member_id);
    each.client_id = std::string(member.client_id);
    each.host = std::string(member.client_host);
    if (member.group_instance_id.has_value())
      each.instance = std::string(*member.group_instance_id);
    if (in.protocol_type == "consumer")
      each.assignment = parse_assignment(member.member_assignment);
  }
  return out;
}

absl::StatusOr<std::map<TopicPartition, int64_t>> committed_offsets(wire::Cluster& cluster,
                                                                    const Group& group) {
  auto connection = cluster.broker(group.coordinator.id);
  if (!connection.ok()) return connection.status();
  kafka::OffsetFetchRequest request;
  const auto version = (*connection)->version_of(kafka::OffsetFetchRequest::kApiKey, {2, 9});
  if (!version.ok()) return version.status();
  if (*version < 8) {
    request.group_id = group.name;
    request.topics.reset();
  } else {
    auto& each = request.groups.emplace_back();
    each.group_id = group.name;
    each.topics.reset();
  }
  const auto answer =
      (*connection)->call_as<kafka::OffsetFetchResponse>(request, *version, cluster.deadline());
  if (!answer.ok()) return answer.status();
  std::map<TopicPartition, int64_t> out;
  const auto take = [&](const auto& topics) -> absl::Status {
    for (const auto& topic : topics) {
      for (const auto& partition : topic.partitions) {
        if (partition.error_code != 0) return failed(partition.error_code, std::nullopt);
        if (partition.committed_offset < 0) continue;
        out[{std::string(topic.name), partition.partition_index}] = partition.committed_offset;
      }
    }
    return absl::OkStatus();
  };
  if (*version < 8) {
    if (answer->body.error_code != 0) return failed(answer->body.error_code, std::nullopt);
    if (absl::Status status = take(answer->body.topics); !status.ok()) return status;
    return out;
  }
  for (const auto& each : answer->body.groups) {
    if (each.error_code != 0) return failed(each.error_code, std::nullopt);
    if (absl::Status status = take(each.topics); !status.ok()) return status;
  }
  return out;
}

absl::Status commit_offsets(wire::Cluster& cluster, const Group& group,
                            const std::map<TopicPartition, int64_t>& offsets) {
  auto connection = cluster.broker(group.coordinator.id);
  if (!connection.ok()) return connection.status();
  kafka::OffsetCommitRequest request;
  request.group_id = group.name;
  for (const auto& [id, offset] : offsets) {
    if (request.topics.empty() || request.topics.back().name != id.first) {
      request.topics.emplace_back().name = id.first;
    }
    auto& partition = request.topics.back().partitions.emplace_back();
    partition.partition_index = id.second;
    partition.committed_offset = offset;
  }
  // From version 10 on topics go by id, which nobody has told us.
  const auto version = (*connection)->version_of(kafka::OffsetCommitRequest::kApiKey, {5, 9});
  if (!version.ok()) return version.status();
  const auto answer =
      (*connection)->call_as<kafka::OffsetCommitResponse>(request, *version, cluster.deadline());
  if (!answer.ok()) return answer.status();
  for (const auto& topic : answer->body.topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code != 0) return failed(partition.error_code, std::nullopt);
    }
  }
  return absl::OkStatus();
}

}  // namespace barnabas::cli::kafka_tools

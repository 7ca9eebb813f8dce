#include "cli/kafka_tools/groups.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/kafka_tools/setting.h"
#include "cli/wire/group_messages.h"
#include "kafka/errors.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/list_groups.h"

namespace barnabas::cli::kafka_tools {
namespace {

absl::Status failed(int16_t code, std::optional<std::string_view> message) {
  return absl::InternalError(exception(code, message));
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
      each.assignment = wire::parse_assignment(member.member_assignment);
  }
  return out;
}

absl::StatusOr<std::map<TopicPartition, int64_t>> committed_offsets(wire::Cluster& cluster,
                                                                    const Group& group) {
  auto connection = cluster.broker(group.coordinator.id);
  if (!connection.ok()) return connection.status();
  const auto answer = wire::fetch_committed(**connection, group.name, cluster.deadline());
  if (!answer.ok()) return answer.status();
  if (answer->error != 0) return failed(answer->error, std::nullopt);
  std::map<TopicPartition, int64_t> out;
  for (const auto& [partition, committed] : answer->partitions) {
    if (committed.error != 0) return failed(committed.error, std::nullopt);
    out[partition] = committed.offset;
  }
  return out;
}

absl::Status commit_offsets(wire::Cluster& cluster, const Group& group,
                            const std::map<TopicPartition, int64_t>& offsets) {
  auto connection = cluster.broker(group.coordinator.id);
  if (!connection.ok()) return connection.status();
  const auto errors = wire::commit_offsets(**connection, group.name, offsets, cluster.deadline());
  if (!errors.ok()) return errors.status();
  for (const auto& [partition, error] : *errors) {
    if (error != 0) return failed(error, std::nullopt);
  }
  return absl::OkStatus();
}

}  // namespace barnabas::cli::kafka_tools

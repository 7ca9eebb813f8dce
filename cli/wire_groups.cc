// What is asked about consumer groups.

#include <absl/strings/str_cat.h>

#include <functional>

#include "cli/wire/group_messages.h"
#include "cli/wire_cluster.h"
#include "kafka/extensions/last_rebalance.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/offset_delete.h"

namespace barnabas::cli {
namespace {

GroupView view_of(const kafka::DescribeGroupsResponse::DescribedGroup& group, const Node& node) {
  GroupView view;
  view.id = std::string(group.group_id);
  view.code = group.error_code;
  view.message = std::string(group.error_message.value_or(""));
  view.state = std::string(group.group_state);
  view.protocol_type = std::string(group.protocol_type);
  view.assignor = std::string(group.protocol_data);
  view.coordinator = node;
  view.last_rebalance = kafka::last_rebalance_of(group.unknown_tags);
  for (const auto& member : group.members) {
    GroupMember& out = view.members.emplace_back();
    out.id = std::string(member.member_id);
    if (member.group_instance_id.has_value()) {
      out.instance = std::string(*member.group_instance_id);
    }
    out.client_id = std::string(member.client_id);
    out.host = std::string(member.client_host);
    if (view.protocol_type != "consumer") continue;
    for (const auto& [topic, partitions] : wire::parse_assignment(member.member_assignment)) {
      for (const int32_t partition : partitions) out.assigned.push_back({topic, partition});
    }
  }
  return view;
}

// A new element for `one` in a request's lists; those of one topic come behind each other.
template <class Topics>
auto& element_for(Topics& topics, const TopicPartition& one) {
  if (topics.empty() || topics.back().name != one.topic) topics.emplace_back().name = one.topic;
  auto& partition = topics.back().partitions.emplace_back();
  partition.partition_index = one.partition;
  return partition;
}

template <class Topics>
void collect_codes(const Topics& topics, std::map<TopicPartition, int>& codes) {
  for (const auto& topic : topics) {
    for (const auto& partition : topic.partitions) {
      codes[{std::string(topic.name), partition.partition_index}] = partition.error_code;
    }
  }
}

// One group, asked of its coordinator. `ask` returns the code that the answer carries for all of
// it: one that passes means again, any other refuses the question.
std::optional<Problem> ask_about(BrokerPool& pool, const std::string& group,
                                 const std::string& tried,
                                 const std::function<absl::StatusOr<int>(Connection&)>& ask) {
  std::optional<Problem> refused;
  const auto refuse = [&](const std::string&, int code, const std::string& message) {
    refused = problem_of(code, message, tried, group);
  };
  auto problem = pool.ask_coordinators(
      {group}, tried,
      [&](Connection& link, const Node& /*node*/,
          const std::set<std::string>& groups) -> absl::StatusOr<std::set<std::string>> {
        const auto code = ask(link);
        if (!code.ok()) return code.status();
        if (passes(*code)) return groups;
        if (*code != 0) refuse(group, *code, "");
        return std::set<std::string>{};
      },
      refuse);
  return problem.has_value() ? problem : refused;
}

}  // namespace

Result<std::vector<GroupListing>> WireCluster::list_groups() {
  const std::string tried = "list groups";
  const Deadline until = pool_.failover_deadline();
  for (;;) {
    if (auto problem = pool_.refresh({}, tried)) return *problem;
    const bool last = std::chrono::steady_clock::now() >= until;
    std::vector<GroupListing> found;
    std::optional<Problem> problem;
    for (const auto& [id, node] : std::map<int32_t, Node>(pool_.nodes())) {
      auto link = pool_.node(id, tried);
      if (!link.ok()) {
        problem = link.problem();
        break;
      }
      auto answer = call<kafka::ListGroupsResponse>(*link.value(), kafka::ListGroupsRequest{},
                                                    pool_.deadline());
      if (!answer.ok()) {
        problem = pool_.broken(answer.status(), tried);
        break;
      }
      if (answer->body.error_code != 0) {
        problem = problem_of(answer->body.error_code, "", tried, "");
        if (passes(answer->body.error_code)) problem->exit = ExitCode::kUnreachable;
        break;
      }
      for (const auto& group : answer->body.groups) {
        found.push_back({std::string(group.group_id), std::string(group.group_state),
                         std::string(group.protocol_type), std::string(group.group_type), id});
      }
    }
    if (!problem.has_value()) return found;
    if (last || problem->exit != ExitCode::kUnreachable) return *problem;
    pool_.pause();
  }
}

Result<std::vector<GroupView>> WireCluster::describe_groups(const std::vector<std::string>& names) {
  std::map<std::string, GroupView> found;
  const auto problem = pool_.ask_coordinators(
      {names.begin(), names.end()}, "describe groups",
      [&](Connection& link, const Node& node,
          const std::set<std::string>& groups) -> absl::StatusOr<std::set<std::string>> {
        kafka::DescribeGroupsRequest request;
        request.groups.assign(groups.begin(), groups.end());
        kafka::ask_for_last_rebalance(request.unknown_tags);
        auto answer = call<kafka::DescribeGroupsResponse>(link, request, pool_.deadline());
        if (!answer.ok()) return answer.status();
        std::set<std::string> again;
        for (const auto& group : answer->body.groups) {
          if (passes(group.error_code)) {
            again.emplace(group.group_id);
          } else {
            found[std::string(group.group_id)] = view_of(group, node);
          }
        }
        return again;
      },
      [&](const std::string& group, int code, const std::string& message) {
        GroupView& view = found[group];
        view.id = group;
        view.code = code;
        view.message = message;
      });
  if (problem.has_value()) return *problem;
  std::vector<GroupView> out;
  for (const std::string& name : names) out.push_back(found[name]);
  return out;
}

Result<std::map<TopicPartition, CommittedOffset>> WireCluster::committed(const std::string& group) {
  std::map<TopicPartition, CommittedOffset> found;
  const auto problem = ask_about(
      pool_, group, absl::StrCat("ask for the offsets of group ", group),
      [&](Connection& link) -> absl::StatusOr<int> {
        const auto answer = wire::fetch_committed(link, group, pool_.deadline());
        if (!answer.ok()) return answer.status();
        for (const auto& [partition, one] : answer->partitions) {
          found[{partition.first, partition.second}] = {one.offset, one.metadata, one.error};
        }
        return answer->error;
      });
  if (problem.has_value()) return *problem;
  return found;
}

Result<std::map<TopicPartition, int>> WireCluster::commit(
    const std::string& group, const std::map<TopicPartition, int64_t>& offsets) {
  std::map<wire::Partition, int64_t> wanted;
  for (const auto& [one, offset] : offsets) wanted[{one.topic, one.partition}] = offset;
  std::map<TopicPartition, int> codes;
  const auto problem = pool_.ask_coordinators(
      {group}, absl::StrCat("set the offsets of group ", group),
      [&](Connection& link, const Node& /*node*/,
          const std::set<std::string>& groups) -> absl::StatusOr<std::set<std::string>> {
        const auto errors = wire::commit_offsets(link, group, wanted, pool_.deadline());
        if (!errors.ok()) return errors.status();
        bool again = false;
        for (const auto& [partition, error] : *errors) {
          codes[{partition.first, partition.second}] = error;
          again = again || passes(error);
        }
        return again ? groups : std::set<std::string>{};
      },
      [&](const std::string&, int code, const std::string&) {
        for (const auto& [one, offset] : offsets) codes[one] = code;
      });
  if (problem.has_value()) return *problem;
  return codes;
}

Result<std::map<std::string, int>> WireCluster::delete_groups(
    const std::vector<std::string>& names) {
  std::map<std::string, int> codes;
  const auto problem = pool_.ask_coordinators(
      {names.begin(), names.end()}, "delete groups",
      [&](Connection& link, const Node& /*node*/,
          const std::set<std::string>& groups) -> absl::StatusOr<std::set<std::string>> {
        kafka::DeleteGroupsRequest request;
        request.groups_names.assign(groups.begin(), groups.end());
        auto answer = call<kafka::DeleteGroupsResponse>(link, request, pool_.deadline());
        if (!answer.ok()) return answer.status();
        std::set<std::string> again;
        for (const auto& one : answer->body.results) {
          codes[std::string(one.group_id)] = one.error_code;
          if (passes(one.error_code)) again.emplace(one.group_id);
        }
        return again;
      },
      [&](const std::string& group, int code, const std::string&) { codes[group] = code; });
  if (problem.has_value()) return *problem;
  return codes;
}

Result<std::map<TopicPartition, int>> WireCluster::delete_offsets(
    const std::string& group, const std::set<TopicPartition>& partitions) {
  std::map<TopicPartition, int> codes;
  const auto problem =
      ask_about(pool_, group, absl::StrCat("delete offsets of group ", group),
                [&](Connection& link) -> absl::StatusOr<int> {
                  kafka::OffsetDeleteRequest request;
                  request.group_id = group;
                  for (const TopicPartition& one : partitions) element_for(request.topics, one);
                  auto answer = call<kafka::OffsetDeleteResponse>(link, request, pool_.deadline());
                  if (!answer.ok()) return answer.status();
                  if (answer->body.error_code == 0) collect_codes(answer->body.topics, codes);
                  return answer->body.error_code;
                });
  if (problem.has_value()) return *problem;
  return codes;
}

}  // namespace barnabas::cli

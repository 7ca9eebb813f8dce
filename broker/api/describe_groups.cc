// DescribeGroups (15): state, protocol and members of groups that this broker coordinates.

#include "kafka/messages/describe_groups.h"

#include <deque>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "broker/api/authorized_operations.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"
#include "kafka/extensions/last_rebalance.h"

namespace barnabas::api {
namespace {

using group::DescribeGroupAnswer;
using kafka::DescribeGroupsRequest;
using kafka::DescribeGroupsResponse;
using kafka::ErrorCode;

constexpr int16_t kNotFound = 6;  // before, a group that is not there is "Dead", without an error

void fill(const DescribeGroupAnswer& answer, int16_t version, std::deque<std::string>& texts,
          DescribeGroupsResponse::DescribedGroup& out) {
  out.group_state = group::name_of(answer.state);
  out.protocol_type = answer.protocol_type;
  out.protocol_data = answer.protocol;
  if (answer.error == ErrorCode::kGroupIdNotFound) {
    if (version < kNotFound) return;
    out.error_message =
        texts.emplace_back(absl::StrCat("Group ", std::string(out.group_id), " not found."));
  }
  out.error_code = code(answer.error);
  // A state would be a guess where the group could not be looked at.
  if (answer.error != ErrorCode::kNone && answer.error != ErrorCode::kGroupIdNotFound) {
    out.group_state = "";
    return;
  }
  for (const group::DescribedMember& member : answer.members) {
    auto& to = out.members.emplace_back();
    to.member_id = member.member_id;
    if (member.instance_id.has_value()) to.group_instance_id = *member.instance_id;
    to.client_id = member.client_id;
    to.client_host = member.client_host;
    to.member_metadata = member.metadata;
    to.member_assignment = member.assignment;
  }
}

// Only to those who ask: see the extension.
void add_last_rebalance(const DescribeGroupAnswer& answer, std::deque<std::string>& texts,
                        DescribeGroupsResponse::DescribedGroup& out) {
  if (!answer.last_rebalance.has_value()) return;
  const group::RebalanceReason& last = *answer.last_rebalance;
  const kafka::LastRebalance told{group::name_of(last.kind), last.text,
                                  last.at.time_since_epoch().count(), last.generation, last.number};
  out.unknown_tags.add({kafka::kLastRebalanceTag, texts.emplace_back(kafka::encode(told))});
}

}  // namespace

void handle_describe_groups(Services& services, Request request, Responder responder) {
  DescribeGroupsRequest message;
  if (!decode(request, message, responder)) return;
  std::vector<group::Command> commands;
  for (std::string_view group : message.groups) {
    commands.emplace_back(group::DescribeGroupCommand{std::string(group)});
  }
  Executor& loop = *request.connection->loop;
  services.groups.ask_all(
      std::move(commands), loop,
      [request = std::move(request), message = std::move(message),
       responder = std::move(responder)](const std::vector<group::Result>& results) mutable {
        DescribeGroupsResponse response;
        std::deque<std::string> texts;
        int16_t first_error = 0;
        for (size_t i = 0; i < results.size(); ++i) {
          auto& out = response.groups.emplace_back();
          out.group_id = message.groups[i];
          const auto& answer = std::get<DescribeGroupAnswer>(results[i]);
          fill(answer, request.version, texts, out);
          if (kafka::asks_for_last_rebalance(message.unknown_tags)) {
            add_last_rebalance(answer, texts, out);
          }
          if (message.include_authorized_operations && out.error_code == 0) {
            out.authorized_operations = kAllGroupOperations;
          }
          if (first_error == 0) first_error = out.error_code;
        }
        responder.send(response, first_error);
      });
}

}  // namespace barnabas::api

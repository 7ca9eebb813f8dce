// barnabas group describe.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "cli/group_facts.h"
#include "cli/group_verbs.h"
#include "cli/tally.h"

namespace barnabas::cli {
namespace {

std::string partition_json(const PartitionLag& lag) {
  JsonObject object;
  object.add("topic", lag.partition.topic).add("partition", lag.partition.partition);
  add_number(object, "committed", lag.committed);
  add_number(object, "start", lag.start);
  add_number(object, "end", lag.end);
  add_number(object, "lag", lag.lag);
  add_seconds(object, "lag_seconds", lag.lag_ms);
  object.add("metadata", lag.metadata);
  if (lag.member.empty()) {
    object.add_null("member");
  } else {
    object.add("member", lag.member);
  }
  return object.add("error_code", lag.code).text();
}

std::string member_json(const GroupMember& member) {
  std::vector<std::string> assigned;
  for (const TopicPartition& one : member.assigned) {
    assigned.push_back(JsonObject().add("topic", one.topic).add("partition", one.partition).text());
  }
  JsonObject object;
  object.add("id", member.id);
  if (member.instance.has_value()) {
    object.add("instance", *member.instance);
  } else {
    object.add_null("instance");
  }
  return object.add("client", member.client_id)
      .add("host", member.host)
      .add_json("assigned", json_list(assigned))
      .text();
}

std::string last_rebalance_json(const kafka::LastRebalance& last) {
  return JsonObject()
      .add("reason", last.reason)
      .add("text", last.text)
      .add("at_ms", last.at_ms)
      .add("generation", last.generation)
      .add("number", last.number)
      .text();
}

std::string group_json(const GroupFacts& group) {
  std::vector<std::string> members;
  std::vector<std::string> offsets;
  for (const GroupMember& member : group.view.members) members.push_back(member_json(member));
  for (const PartitionLag& lag : group.partitions) offsets.push_back(partition_json(lag));
  JsonObject object;
  object.add("group", group.view.id)
      .add("state", group.view.state)
      .add("protocol_type", group.view.protocol_type)
      .add("assignor", group.view.assignor)
      .add_json("coordinator", JsonObject()
                                   .add("id", group.view.coordinator.id)
                                   .add("endpoint", group.view.coordinator.endpoint)
                                   .text());
  if (group.view.last_rebalance.has_value()) {
    object.add_json("last_rebalance", last_rebalance_json(*group.view.last_rebalance));
  } else {
    object.add_null("last_rebalance");
  }
  add_number(object, "lag", group.lag());
  add_seconds(object, "lag_seconds", group.lag_ms());
  return object.add_json("members", json_list(members))
      .add_json("offsets", json_list(offsets))
      .text();
}

const GroupMember* member_of(const GroupFacts& group, const std::string& id) {
  for (const GroupMember& member : group.view.members) {
    if (member.id == id) return &member;
  }
  return nullptr;
}

// "board:0,1 lane:3"
std::string assigned_text(const GroupMember& member) {
  std::map<std::string, std::vector<int32_t>> by_topic;
  for (const TopicPartition& one : member.assigned) by_topic[one.topic].push_back(one.partition);
  return absl::StrJoin(by_topic, " ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.first, ":", absl::StrJoin(entry.second, ","));
  });
}

// A group that does not come to rest shows itself by the number, and its cause by the reason.
void print_last_rebalance(const Output& output, const GroupView& view, int64_t now_ms) {
  const kafka::LastRebalance& last = *view.last_rebalance;
  output.out << "rebalanced " << age_text(std::max<int64_t>(0, now_ms - last.at_ms)) << " ago ("
             << last.reason << "): " << last.text << "; it ended generation " << last.generation
             << ", number " << last.number << " since broker " << view.coordinator.id
             << " coordinates it\n";
}

void print_group(const Output& output, const GroupFacts& group, int64_t now_ms) {
  const GroupView& view = group.view;
  output.out << "group " << view.id << "   "
             << output.painted(view.state, view.state == "Stable"  ? kGreen
                                           : view.state == "Empty" ? kYellow
                                                                   : kRed)
             << "   " << counted(static_cast<int64_t>(view.members.size()), "member", "members");
  if (!view.assignor.empty()) output.out << "   assignor " << view.assignor;
  output.out << "   coordinator " << view.coordinator.id << " (" << view.coordinator.endpoint
             << ")   lag " << number_text(group.lag());
  if (group.lag_ms() > 0) output.out << ", " << age_text(group.lag_ms()) << " behind";
  output.out << '\n';
  if (view.last_rebalance.has_value()) print_last_rebalance(output, view, now_ms);
  if (group.partitions.empty()) {
    output.out << "nothing is committed and nothing is assigned\n";
  } else {
    Table table({{"topic"},
                 {"partition", Align::kRight},
                 {"committed", Align::kRight},
                 {"start", Align::kRight},
                 {"end", Align::kRight},
                 {"lag", Align::kRight},
                 {"behind", Align::kRight},
                 {"client"},
                 {"member"},
                 {"metadata"},
                 {"note"}});
    for (const PartitionLag& lag : group.partitions) {
      const GroupMember* member = member_of(group, lag.member);
      table.add({lag.partition.topic, absl::StrCat(lag.partition.partition),
                 number_text(lag.committed), output.wide() ? number_text(lag.start) : "",
                 number_text(lag.end), number_text(lag.lag),
                 output.wide() && lag.lag_ms != kUnknown ? absl::StrCat(lag.lag_ms, " ms")
                                                         : age_text(lag.lag_ms),
                 member == nullptr ? "" : member->client_id, output.wide() ? lag.member : "",
                 output.wide() ? lag.metadata : "", lag.code == 0 ? "" : code_text(lag.code)});
    }
    output.print(table);
  }
  if (view.members.empty()) return;
  Table members({{"member"}, {"instance"}, {"client"}, {"host"}, {"reads"}});
  for (const GroupMember& member : view.members) {
    const std::string reads = assigned_text(member);
    members.add({member.id, member.instance.value_or(""), member.client_id, member.host,
                 reads.empty() ? "nothing" : reads});
  }
  output.print(members);
}

}  // namespace

int group_describe(ClusterPort& brokers, const Output& output, const GroupNames& options,
                   int64_t now_ms) {
  auto groups = gather(brokers, options.names, now_ms);
  if (!groups.ok()) return output.fail(groups.problem());
  Tally tally(output);
  std::vector<std::string> shown;
  for (const GroupFacts& group : groups.value()) {
    if (group.view.code != 0) {
      tally.failed(problem_of(group.view.code, group.view.message,
                              absl::StrCat("describe group ", group.view.id), group.view.id));
      continue;
    }
    tally.done();
    shown.push_back(output.data() ? group_json(group) : "");
    if (output.data()) continue;
    if (shown.size() > 1) output.out << '\n';
    print_group(output, group, now_ms);
  }
  if (output.data()) {
    output.print_data(JsonObject().add_json("groups", json_list(shown)).text(), "groups");
  } else if (groups.value().empty()) {
    output.note("there are no groups; one begins with its first member or its first commit");
  }
  return tally.exit();
}

}  // namespace barnabas::cli

// kafka-consumer-groups --describe: offsets and lag, members, or state.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "cli/kafka_tools/consumer_groups.h"
#include "cli/kafka_tools/groups.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr size_t kColumn = 15;  // columns are this wide, or as wide as what stands in them

std::string assignment_text(const GroupMember& member) {
  std::vector<std::string> topics;
  for (const auto& [topic, partitions] : member.assignment) {
    topics.push_back(absl::StrCat(topic, ":", absl::StrJoin(partitions, ",")));
  }
  return topics.empty() ? "-" : absl::StrJoin(topics, ";");
}

struct OffsetRow {
  TopicPartition id;
  std::optional<int64_t> committed, end;
  const GroupMember* member = nullptr;
};

void print_rows(const Group& group, const std::vector<OffsetRow>& rows, Streams streams) {
  size_t name = std::max(kColumn, group.name.size());
  size_t topic = kColumn, consumer = kColumn, host = kColumn;
  for (const OffsetRow& row : rows) {
    topic = std::max(topic, row.id.first.size());
    if (row.member == nullptr) continue;
    consumer = std::max(consumer, row.member->id.size());
    host = std::max(host, row.member->host.size());
  }
  const auto line = [&](std::string_view a, std::string_view b, std::string_view c,
                        std::string_view d, std::string_view e, std::string_view f,
                        std::string_view g, std::string_view h, std::string_view i) {
    streams.out << pad(a, name) << ' ' << pad(b, topic) << ' ' << pad(c, 10) << ' ' << pad(d, 15)
                << ' ' << pad(e, 15) << ' ' << pad(f, 15) << ' ' << pad(g, consumer) << ' '
                << pad(h, host) << ' ' << i << '\n';
  };
  streams.out << '\n';
  line("GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID",
       "HOST", "CLIENT-ID");
  const auto number = [](const std::optional<int64_t>& value) {
    return value.has_value() ? absl::StrCat(*value) : std::string("-");
  };
  for (const OffsetRow& row : rows) {
    std::optional<int64_t> lag;
    if (row.committed.has_value() && row.end.has_value()) lag = *row.end - *row.committed;
    const bool owned = row.member != nullptr;
    line(group.name, row.id.first, absl::StrCat(row.id.second), number(row.committed),
         number(row.end), number(lag), owned ? row.member->id : "-", owned ? row.member->host : "-",
         owned ? row.member->client_id : "-");
  }
}

absl::Status describe_offsets(wire::Cluster& cluster, const Group& group, Streams streams) {
  const auto committed = committed_offsets(cluster, group);
  if (!committed.ok()) return committed.status();
  std::map<TopicPartition, OffsetRow> rows;
  for (const auto& [id, offset] : *committed) rows[id] = {id, offset, std::nullopt, nullptr};
  for (const GroupMember& member : group.members) {
    for (const auto& [topic, partitions] : member.assignment) {
      for (const int32_t index : partitions) {
        OffsetRow& row = rows[{topic, index}];
        row.id = {topic, index};
        row.member = &member;
      }
    }
  }
  if (rows.empty()) return absl::OkStatus();
  std::vector<TopicPartition> ids;
  for (const auto& [id, row] : rows) ids.push_back(id);
  const auto leaders = leaders_of(cluster, ids);
  if (!leaders.ok()) return leaders.status();
  std::erase_if(ids, [&](const TopicPartition& id) { return leaders->count(id) == 0; });
  const auto ends = list_offsets(cluster, ids, kLatest);
  if (!ends.ok()) return ends.status();
  std::vector<OffsetRow> out;
  for (auto& [id, row] : rows) {
    if (const auto end = ends->find(id); end != ends->end()) row.end = end->second.offset;
    out.push_back(row);
  }
  print_rows(group, out, streams);
  return absl::OkStatus();
}

void describe_members(const Group& group, bool verbose, Streams streams) {
  size_t name = std::max(kColumn, group.name.size());
  size_t consumer = kColumn, instance = 17, host = kColumn, client = kColumn;
  bool instances = false;
  for (const GroupMember& member : group.members) {
    consumer = std::max(consumer, member.id.size());
    host = std::max(host, member.host.size());
    client = std::max(client, member.client_id.size());
    instances = instances || member.instance.has_value();
    instance = std::max(instance, member.instance.value_or("").size());
  }
  const auto line = [&](std::string_view a, std::string_view b, std::string_view i,
                        std::string_view c, std::string_view d, const std::string& count,
                        const std::string& current) {
    streams.out << pad(a, name) << ' ' << pad(b, consumer) << ' ';
    if (instances) streams.out << pad(i, instance) << ' ';
    streams.out << pad(c, host) << ' ' << pad(d, client) << ' ' << pad(count, 15) << ' ';
    if (verbose) {
      const bool head = count == "#PARTITIONS";
      streams.out << pad(head ? "CURRENT-EPOCH" : "-", 15) << ' ' << pad(current, 20) << ' '
                  << pad(head ? "TARGET-EPOCH" : "-", 15) << ' '
                  << pad(head ? "TARGET-ASSIGNMENT" : "-", 20);
    }
    streams.out << '\n';
  };
  streams.out << '\n';
  line("GROUP", "CONSUMER-ID", "GROUP-INSTANCE-ID", "HOST", "CLIENT-ID", "#PARTITIONS",
       "CURRENT-ASSIGNMENT");
  for (const GroupMember& member : group.members) {
    size_t count = 0;
    for (const auto& [topic, partitions] : member.assignment) count += partitions.size();
    line(group.name, member.id, member.instance.value_or("-"), member.host, member.client_id,
         absl::StrCat(count), assignment_text(member));
  }
}

void describe_state(const Group& group, Streams streams) {
  const std::string coordinator =
      absl::StrCat(to_string(group.coordinator.at), "  (", group.coordinator.id, ")");
  const size_t name = std::max(kColumn, group.name.size());
  const size_t width = std::max<size_t>(25, coordinator.size());
  const auto line = [&](std::string_view a, std::string_view b, std::string_view c,
                        std::string_view d, const std::string& e) {
    streams.out << pad(a, name) << ' ' << pad(b, width) << ' ' << pad(c, 20) << ' ' << pad(d, 20)
                << ' ' << e << '\n';
  };
  streams.out << '\n';
  line("GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS");
  line(group.name, coordinator, group.assignor.empty() ? "-" : group.assignor, group.state,
       absl::StrCat(group.members.size()));
}

}  // namespace

absl::Status describe_groups(wire::Cluster& cluster, const Arguments& arguments, Streams streams) {
  const auto names = meant_groups(cluster, arguments);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const auto group = describe_group(cluster, name);
    if (!group.ok()) return group.status();
    if (!group->exists()) {
      return absl::NotFoundError(group->missing.empty() ? exception(69, std::nullopt)
                                                        : group->missing);
    }
    if (arguments.has("members")) {
      describe_members(*group, arguments.has("verbose"), streams);
    } else if (arguments.has("state")) {
      describe_state(*group, streams);
    } else if (absl::Status status = describe_offsets(cluster, *group, streams); !status.ok()) {
      return status;
    }
    if (group->state == "Empty") {
      streams.err << "\nConsumer group '" << name << "' has no active members.\n";
    } else if (group->state != "Stable") {
      streams.err << "\nWarning: Consumer group '" << name << "' is rebalancing.\n";
    }
  }
  return absl::OkStatus();
}

}  // namespace barnabas::cli::kafka_tools

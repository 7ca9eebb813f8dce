// barnabas group lag: how far behind, in records and in seconds.

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/group_facts.h"
#include "cli/group_verbs.h"
#include "cli/tally.h"

namespace barnabas::cli {
namespace {

struct TopicLag {
  int partitions = 0;
  int64_t lag = kUnknown;
  int64_t lag_ms = kUnknown;
};

std::map<std::string, TopicLag> by_topic(const GroupFacts& group) {
  std::map<std::string, TopicLag> topics;
  for (const PartitionLag& one : group.partitions) {
    TopicLag& topic = topics[one.partition.topic];
    ++topic.partitions;
    if (one.lag != kUnknown) topic.lag = std::max<int64_t>(topic.lag, 0) + one.lag;
    topic.lag_ms = std::max(topic.lag_ms, one.lag_ms);
  }
  return topics;
}

std::string lag_json(const GroupFacts& group) {
  std::vector<std::string> topics;
  for (const auto& [name, topic] : by_topic(group)) {
    std::vector<std::string> partitions;
    for (const PartitionLag& one : group.partitions) {
      if (one.partition.topic != name) continue;
      JsonObject object;
      object.add("partition", one.partition.partition);
      add_number(object, "lag", one.lag);
      add_seconds(object, "lag_seconds", one.lag_ms);
      partitions.push_back(object.text());
    }
    JsonObject object;
    object.add("topic", name);
    add_number(object, "lag", topic.lag);
    add_seconds(object, "lag_seconds", topic.lag_ms);
    topics.push_back(object.add_json("partitions", json_list(partitions)).text());
  }
  JsonObject object;
  object.add("group", group.view.id).add("state", group.view.state);
  add_number(object, "lag", group.lag());
  add_seconds(object, "lag_seconds", group.lag_ms());
  return object.add_json("topics", json_list(topics)).text();
}

}  // namespace

int group_lag(ClusterPort& brokers, const Output& output, const GroupNames& options,
              int64_t now_ms) {
  auto groups = gather(brokers, options.names, now_ms);
  if (!groups.ok()) return output.fail(groups.problem());
  Tally tally(output);
  std::vector<std::string> rows;
  Table table({{"group"},
               {"state"},
               {"topic"},
               {"partition", Align::kRight},
               {"partitions", Align::kRight},
               {"lag", Align::kRight},
               {"behind", Align::kRight}});
  for (const GroupFacts& group : groups.value()) {
    const GroupView& view = group.view;
    if (view.code != 0) {
      tally.failed(problem_of(view.code, view.message,
                              absl::StrCat("tell the lag of group ", view.id), view.id));
      continue;
    }
    tally.done();
    if (output.data()) {
      rows.push_back(lag_json(group));
    } else if (output.quiet) {
      output.out << (options.names.size() == 1 ? "" : view.id + "\t") << number_text(group.lag())
                 << '\n';
    } else if (output.wide()) {
      for (const PartitionLag& one : group.partitions) {
        table.add({view.id, view.state, one.partition.topic, absl::StrCat(one.partition.partition),
                   "", number_text(one.lag),
                   one.lag_ms == kUnknown ? "-" : absl::StrCat(one.lag_ms, " ms")});
      }
    } else {
      for (const auto& [name, topic] : by_topic(group)) {
        table.add({view.id, view.state, name, "", absl::StrCat(topic.partitions),
                   number_text(topic.lag), age_text(topic.lag_ms)});
      }
      if (group.partitions.empty()) table.add({view.id, view.state, "-", "", "0", "-", "-"});
    }
  }
  if (output.data()) {
    output.print_data(JsonObject().add_json("groups", json_list(rows)).text(), "groups");
  } else if (groups.value().empty()) {
    output.note("there are no groups; one begins with its first member or its first commit");
  } else if (!output.quiet && static_cast<size_t>(tally.failures()) < groups.value().size()) {
    output.print(table);
  }
  return tally.exit();
}

}  // namespace barnabas::cli

// barnabas topic list.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <string>

#include "cli/message_json.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "common/uuid.h"

namespace barnabas::cli {
namespace {

std::string id_text(const std::string& bytes) {
  const auto id = Uuid::from_bytes(bytes);
  return id.ok() && !id->is_none() ? id->text() : "-";
}

}  // namespace

int topic_list(AdminClient& client, const Output& output, const TopicListOptions& options) {
  proto::AdminRequest request;
  request.mutable_describe_topics()->set_partitions(false);
  auto answer = client.call(std::move(request), "list topics");
  if (!answer.ok()) return output.fail(answer.problem());
  auto& topics = *answer.value().mutable_describe_topics()->mutable_topics();
  if (!options.internal) {
    topics.erase(std::remove_if(topics.begin(), topics.end(),
                                [](const proto::TopicView& topic) { return topic.internal(); }),
                 topics.end());
  }
  std::sort(topics.begin(), topics.end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
  if (output.data()) {
    output.print_data(message_json(answer.value().describe_topics()), "topics");
    return 0;
  }
  if (output.quiet) {
    for (const proto::TopicView& topic : topics) output.out << topic.name() << '\n';
    return 0;
  }
  if (topics.empty()) {
    output.note("there are no topics; barnabas topic create NAME makes one");
    return 0;
  }
  Table table({{"topic"},
               {"partitions", Align::kRight},
               {"replicas", Align::kRight},
               {"leaderless", Align::kRight},
               {"under-replicated", Align::kRight},
               {"id"}});
  for (const proto::TopicView& topic : topics) {
    table.add({topic.name(), absl::StrCat(topic.partition_count()),
               absl::StrCat(topic.replication_factor()), absl::StrCat(topic.leaderless()),
               absl::StrCat(topic.under_replicated()), id_text(topic.id())});
  }
  output.print(table);
  return 0;
}

}  // namespace barnabas::cli

// barnabas topic list, barnabas topic describe.

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

std::string leader_text(const proto::PartitionView& partition) {
  return partition.leader() < 0 ? "none" : absl::StrCat(partition.leader());
}

std::string health_text(const Output& output, int leaderless, int under_replicated) {
  if (leaderless > 0) {
    return output.painted(absl::StrCat(leaderless, " without a leader"), kRed);
  }
  if (under_replicated > 0) {
    return output.painted(absl::StrCat(under_replicated, " under-replicated"), kYellow);
  }
  return output.painted("all in sync", kGreen);
}

void describe(const Output& output, const proto::TopicView& topic) {
  output.out << "topic " << topic.name() << "   id " << id_text(topic.id()) << "   "
             << counted(topic.partition_count(), "partition", "partitions") << ", "
             << counted(topic.replication_factor(), "replica", "replicas") << " each   "
             << health_text(output, topic.leaderless(), topic.under_replicated()) << '\n';
  if (topic.configs_size() > 0) {
    Table configs({{"config"}, {"value"}, {"source"}});
    for (const auto& entry : topic.configs()) {
      configs.add({entry.key(), entry.has_value() ? entry.value() : "-", "topic"});
    }
    output.print(configs);
  }
  Table table({{"partition", Align::kRight},
               {"leader", Align::kRight},
               {"epoch", Align::kRight},
               {"replicas"},
               {"in sync"},
               {"eligible"},
               {"durability"},
               {"note"}});
  for (const proto::PartitionView& partition : topic.partitions()) {
    std::string note;
    if (partition.leader() < 0) {
      note = "no leader";
    } else if (partition.in_sync_size() < partition.replicas_size()) {
      note = "under-replicated";
    }
    table.add({absl::StrCat(partition.index()), leader_text(partition),
               absl::StrCat(partition.leader_epoch()), absl::StrJoin(partition.replicas(), ","),
               absl::StrJoin(partition.in_sync(), ","), absl::StrJoin(partition.eligible(), ","),
               partition.durability(), note});
  }
  output.print(table);
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

int topic_describe(AdminClient& client, const Output& output, const TopicDescribeOptions& options) {
  proto::AdminRequest request;
  request.mutable_describe_topics()->set_partitions(true);
  for (const std::string& name : options.names) {
    request.mutable_describe_topics()->add_names(name);
  }
  const auto answer = client.call(
      std::move(request),
      absl::StrCat("describe ", options.names.empty() ? std::string("all topics")
                                                      : absl::StrJoin(options.names, ", ")));
  if (!answer.ok()) return output.fail(answer.problem());
  const auto& topics = answer.value().describe_topics().topics();
  if (output.data()) output.print_data(message_json(answer.value().describe_topics()), "topics");
  ExitCode first = ExitCode::kOk;
  int shown = 0;
  for (const proto::TopicView& topic : topics) {
    if (topic.error().code() != 0) {
      const Problem problem =
          problem_of(topic.error().code(), topic.error().message(),
                     absl::StrCat("describe topic ", topic.name()), topic.name());
      output.fail(problem);
      if (first == ExitCode::kOk) first = problem.exit;
      continue;
    }
    if (!output.data()) {
      if (shown > 0) output.out << '\n';
      describe(output, topic);
    }
    ++shown;
  }
  if (first == ExitCode::kOk) return 0;
  return static_cast<int>(shown > 0 ? ExitCode::kPartial : first);
}

}  // namespace barnabas::cli

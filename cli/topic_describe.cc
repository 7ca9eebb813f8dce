// barnabas topic describe.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <string>

#include "cli/duration.h"
#include "cli/message_json.h"
#include "cli/partition_logs.h"
#include "cli/settings.h"
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

// "2:0 3:15": the followers and how far each is behind.
std::string followers_text(const PartitionLog& log, int32_t leader) {
  std::string out;
  for (const ReplicaLog& replica : log.replicas) {
    if (replica.node == leader) continue;
    absl::StrAppend(&out, out.empty() ? "" : " ", replica.node, ":", replica.lag);
  }
  return out;
}

std::string offset_text(int64_t offset) { return offset < 0 ? "" : absl::StrCat(offset); }

std::string bytes_text(const Output& output, int64_t bytes) {
  if (bytes < 0) return "";
  return output.wide() ? absl::StrCat(bytes) : size_text(static_cast<uint64_t>(bytes));
}

void print_configs(const Output& output, const proto::TopicView& topic,
                   const std::vector<Setting>& all) {
  Table table({{"config"}, {"value"}, {"source"}});
  if (all.empty()) {
    for (const auto& entry : topic.configs()) {
      table.add({entry.key(), entry.has_value() ? entry.value() : "-", "topic"});
    }
    if (topic.configs_size() == 0) return;
  }
  for (const bool at_default : {false, true}) {  // what was chosen stands first
    for (const Setting& setting : all) {
      if (setting.at_default() == at_default) {
        table.add({setting.key, setting.value, setting.source});
      }
    }
  }
  output.print(table);
}

void describe(const Output& output, const proto::TopicView& topic, const PartitionLogs& logs,
              const std::vector<Setting>& configs) {
  output.out << "topic " << topic.name() << "   id " << id_text(topic.id()) << "   "
             << counted(topic.partition_count(), "partition", "partitions") << ", "
             << counted(topic.replication_factor(), "replica", "replicas") << " each   "
             << health_text(output, topic.leaderless(), topic.under_replicated()) << '\n';
  print_configs(output, topic, configs);
  Table table({{"partition", Align::kRight},
               {"leader", Align::kRight},
               {"epoch", Align::kRight},
               {"replicas"},
               {"in sync"},
               {"eligible"},
               {"start", Align::kRight},
               {"end", Align::kRight},
               {"size", Align::kRight},
               {"followers' lag"},
               {"durability"},
               {"note"}});
  for (const proto::PartitionView& partition : topic.partitions()) {
    std::string note;
    if (partition.leader() < 0) {
      note = "no leader";
    } else if (partition.in_sync_size() < partition.replicas_size()) {
      note = "under-replicated";
    }
    const auto known = logs.logs.find({topic.name(), partition.index()});
    const PartitionLog log = known == logs.logs.end() ? PartitionLog{} : known->second;
    table.add({absl::StrCat(partition.index()), leader_text(partition),
               absl::StrCat(partition.leader_epoch()), absl::StrJoin(partition.replicas(), ","),
               absl::StrJoin(partition.in_sync(), ","), absl::StrJoin(partition.eligible(), ","),
               offset_text(log.start), offset_text(log.end),
               bytes_text(output, log.bytes_on(partition.leader())),
               followers_text(log, partition.leader()), partition.durability(), note});
  }
  output.print(table);
}

// Of a partition without a leader nobody can tell.
std::set<TopicPartition> led(const proto::DescribeTopicsAnswer& answer) {
  std::set<TopicPartition> out;
  for (const proto::TopicView& topic : answer.topics()) {
    for (const proto::PartitionView& partition : topic.partitions()) {
      if (partition.leader() >= 0) out.insert({topic.name(), partition.index()});
    }
  }
  return out;
}

// The controller's answer as it is, and beside its topics what the brokers know.
std::string answer_json(const proto::DescribeTopicsAnswer& answer, const PartitionLogs& logs) {
  std::string json = message_json(answer);
  json.pop_back();
  return absl::StrCat(json, ",\"logs\":", logs_json(logs), "}");
}

}  // namespace

int topic_describe(AdminClient& client, ClusterPort* brokers, const Output& output,
                   const TopicDescribeOptions& options) {
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
  PartitionLogs logs;
  if (brokers != nullptr) logs = look_at_logs(*brokers, led(answer.value().describe_topics()));
  if (output.data()) {
    const auto& told = answer.value().describe_topics();
    output.print_data(brokers == nullptr ? message_json(told) : answer_json(told, logs), "topics");
  }
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
      std::vector<Setting> configs;
      if (output.wide()) {
        std::string ignored;
        auto all =
            settings_of(client, nullptr, {ConfigTarget::Kind::kTopic, topic.name()}, ignored);
        if (all.ok()) configs = std::move(all.value());
      }
      describe(output, topic, logs, configs);
    }
    ++shown;
  }
  if (!logs.missing.empty() && !output.data()) {
    output.note(absl::StrCat("offsets or sizes are not shown: ", logs.missing));
  }
  if (first == ExitCode::kOk) return 0;
  return static_cast<int>(shown > 0 ? ExitCode::kPartial : first);
}

}  // namespace barnabas::cli

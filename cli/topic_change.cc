// barnabas topic create, barnabas topic delete.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <string>
#include <vector>

#include "cli/message_json.h"
#include "cli/tally.h"
#include "cli/verbs.h"

namespace barnabas::cli {
namespace {

constexpr int kUnknownTopic = 3;
constexpr int kAlreadyExists = 36;

proto::AdminRequest request_of(const TopicCreateOptions& options) {
  proto::AdminRequest request;
  auto& create = *request.mutable_create_topics();
  create.set_validate_only(options.validate_only);
  for (const std::string& name : options.names) {
    proto::NewTopic& topic = *create.add_topics();
    topic.set_name(name);
    topic.set_partitions(options.partitions);
    topic.set_replication_factor(options.replicas);
    for (size_t i = 0; i < options.assignment.size(); ++i) {
      proto::ReplicaAssignment& assignment = *topic.add_assignments();
      assignment.set_partition(static_cast<int32_t>(i));
      for (const int32_t broker : options.assignment[i]) assignment.add_brokers(broker);
    }
    for (const auto& [key, value] : options.configs) {
      proto::ConfigEntry& entry = *topic.add_configs();
      entry.set_key(key);
      entry.set_value(value);
    }
  }
  return request;
}

std::string named(const char* what, const std::vector<std::string>& names) {
  return absl::StrCat(what, names.size() == 1 ? " topic " : " topics ", absl::StrJoin(names, ", "));
}

}  // namespace

int topic_create(AdminClient& client, const Output& output, const TopicCreateOptions& options) {
  const auto answer = client.call(request_of(options), named("create", options.names));
  if (!answer.ok()) return output.fail(answer.problem());
  if (output.data()) output.print_data(message_json(answer.value().create_topics()), "topics");
  Tally tally(output);
  for (const proto::CreatedTopic& topic : answer.value().create_topics().topics()) {
    const int code = topic.error().code();
    if (code == 0) {
      tally.done();
      if (output.data() || output.quiet) continue;
      output.out << (options.validate_only ? "could create topic " : "created topic ")
                 << topic.name() << "  " << counted(topic.partitions(), "partition", "partitions")
                 << ", " << counted(topic.replication_factor(), "replica", "replicas") << " each\n";
    } else if (code == kAlreadyExists && options.if_not_exists) {
      tally.done();
      if (!output.data()) output.note(absl::StrCat("topic ", topic.name(), " exists already"));
    } else {
      tally.failed(problem_of(code, topic.error().message(),
                              absl::StrCat("create topic ", topic.name()), topic.name()));
    }
  }
  return tally.exit();
}

int topic_delete(AdminClient& client, const Output& output, const TopicDeleteOptions& options) {
  proto::AdminRequest request;
  for (const std::string& name : options.names) {
    request.mutable_delete_topics()->add_topics()->set_name(name);
  }
  const auto answer = client.call(std::move(request), named("delete", options.names));
  if (!answer.ok()) return output.fail(answer.problem());
  if (output.data()) output.print_data(message_json(answer.value().delete_topics()), "topics");
  Tally tally(output);
  for (const proto::DeletedTopic& topic : answer.value().delete_topics().topics()) {
    const int code = topic.error().code();
    if (code == 0) {
      tally.done();
      if (!output.data() && !output.quiet) output.out << "deleted topic " << topic.name() << '\n';
    } else if (code == kUnknownTopic && options.if_exists) {
      tally.done();
      if (!output.data()) output.note(absl::StrCat("there is no topic ", topic.name()));
    } else {
      tally.failed(problem_of(code, topic.error().message(),
                              absl::StrCat("delete topic ", topic.name()), topic.name()));
    }
  }
  return tally.exit();
}

}  // namespace barnabas::cli

// kafka-topics: create, list, describe, alter, delete. Describing is in topic_describe.cc.

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <deque>

#include "cli/kafka_tools/setting.h"
#include "cli/kafka_tools/topic_describe.h"
#include "kafka/errors.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] = "Creates, deletes, describes or changes topics.";
constexpr int32_t kTimeout = 60'000;

std::vector<Flag> topic_flags() {
  return with_common({
      {"create", Takes::kNothing, "Creates a topic"},
      {"list", Takes::kNothing, "Lists all topics"},
      {"describe", Takes::kNothing, "Shows topics with their partitions"},
      {"alter", Takes::kNothing, "Adds partitions"},
      {"delete", Takes::kNothing, "Deletes topics"},
      {"topic", Takes::kValue, "A name; a pattern for all actions but create"},
      {"topic-id", Takes::kValue, "A topic's id (with --describe)"},
      {"partitions", Takes::kValue, "How many partitions"},
      {"replication-factor", Takes::kValue, "How many replicas each partition has"},
      {"replica-assignment", Takes::kValue, "Brokers of each partition: 1:2,2:3"},
      {"config", Takes::kValue, "key=value, as often as needed (with --create)"},
      {"delete-config", Takes::kValue, "Use kafka-configs instead"},
      {"if-exists", Takes::kNothing, "No error where the topic does not exist"},
      {"if-not-exists", Takes::kNothing, "No error where the topic exists"},
      {"exclude-internal", Takes::kNothing, "Leaves the cluster's own topics out"},
      {"under-replicated-partitions", Takes::kNothing, "Only partitions with replicas missing"},
      {"unavailable-partitions", Takes::kNothing, "Only partitions without a live leader"},
      {"under-min-isr-partitions", Takes::kNothing, "Only partitions below min.insync.replicas"},
      {"at-min-isr-partitions", Takes::kNothing, "Only partitions at min.insync.replicas"},
      {"topics-with-overrides", Takes::kNothing, "Only topics with settings of their own"},
      {"partition-size-limit-per-response", Takes::kValue,
       "How many partitions to ask for at once"},
  });
}

absl::Status failed(int16_t code, std::optional<std::string_view> message) {
  return absl::InternalError(sentence(code, message));
}

absl::StatusOr<std::vector<std::vector<int32_t>>> parse_assignment(const std::string& text) {
  std::vector<std::vector<int32_t>> out;
  for (const absl::string_view partition : absl::StrSplit(text, ',')) {
    std::vector<int32_t>& brokers = out.emplace_back();
    for (const absl::string_view broker : absl::StrSplit(partition, ':')) {
      int32_t id = 0;
      if (!absl::SimpleAtoi(broker, &id)) {
        return absl::InvalidArgumentError(
            absl::StrCat("\"", broker, "\" in the replica assignment is not a broker id"));
      }
      if (std::find(brokers.begin(), brokers.end(), id) != brokers.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("Partition replica lists may not contain duplicate entries: ", id));
      }
      brokers.push_back(id);
    }
  }
  return out;
}

absl::Status create(wire::Cluster& cluster, const Arguments& arguments, Streams streams) {
  const std::string name = arguments.value_or("topic", "");
  if (name.find_first_of("._") != std::string::npos) {
    streams.out << "WARNING: Due to limitations in metric names, topics with a period ('.') or "
                   "underscore ('_') could collide. To avoid issues it is best to use either, but "
                   "not both.\n";
  }
  kafka::CreateTopicsRequest request;
  request.timeout_ms = kTimeout;
  auto& topic = request.topics.emplace_back();
  topic.name = name;
  const auto partitions = arguments.number_or("partitions", -1);
  const auto replicas = arguments.number_or("replication-factor", -1);
  if (!partitions.ok()) return partitions.status();
  if (!replicas.ok()) return replicas.status();
  topic.num_partitions = static_cast<int32_t>(*partitions);
  topic.replication_factor = static_cast<int16_t>(*replicas);
  if (const auto text = arguments.value("replica-assignment")) {
    auto assignment = parse_assignment(*text);
    if (!assignment.ok()) return assignment.status();
    for (size_t i = 0; i < assignment->size(); ++i) {
      auto& out = topic.assignments.emplace_back();
      out.partition_index = static_cast<int32_t>(i);
      out.broker_ids = std::move((*assignment)[i]);
    }
  }
  std::deque<std::pair<std::string, std::string>> settings;
  for (const std::string& word : arguments.values("config")) {
    auto setting = split_setting(word);
    if (!setting.ok()) return setting.status();
    settings.push_back(*std::move(setting));
    auto& config = topic.configs.emplace_back();
    config.name = settings.back().first;
    config.value = settings.back().second;
  }
  const auto answer = cluster.ask<kafka::CreateTopicsResponse>(request);
  if (!answer.ok()) return answer.status();
  for (const auto& created : answer->body.topics) {
    const auto error = static_cast<kafka::ErrorCode>(created.error_code);
    if (error == kafka::ErrorCode::kTopicAlreadyExists && arguments.has("if-not-exists")) continue;
    if (error != kafka::ErrorCode::kNone) return failed(created.error_code, created.error_message);
    streams.out << "Created topic " << name << ".\n";
  }
  return absl::OkStatus();
}

// The names that --topic means; an error if there are none and --if-exists was not said.
absl::StatusOr<std::vector<std::string>> meant(wire::Cluster& cluster, const Arguments& arguments,
                                               bool must_exist) {
  auto names = topic_names(cluster, arguments);
  if (!names.ok()) return names.status();
  if (names->empty() && must_exist && arguments.has("topic") && !arguments.has("if-exists")) {
    return absl::NotFoundError(
        absl::StrCat("Topic '", *arguments.value("topic"), "' does not exist as expected"));
  }
  return names;
}

absl::Status list(wire::Cluster& cluster, const Arguments& arguments, Streams streams) {
  const auto names = meant(cluster, arguments, /*must_exist=*/false);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) streams.out << name << '\n';
  return absl::OkStatus();
}

absl::Status alter(wire::Cluster& cluster, const Arguments& arguments) {
  const auto names = meant(cluster, arguments, /*must_exist=*/true);
  if (!names.ok()) return names.status();
  const auto count = arguments.number("partitions");
  if (!count.ok()) return count.status();
  const auto known = cluster.metadata(*names);
  if (!known.ok()) return known.status();
  kafka::CreatePartitionsRequest request;
  request.timeout_ms = kTimeout;
  for (const auto& present : known->body.topics) {
    auto& topic = request.topics.emplace_back();
    topic.name = present.name.value_or("");
    topic.count = static_cast<int32_t>(*count);
    topic.assignments.reset();
    const auto text = arguments.value("replica-assignment");
    if (!text.has_value()) continue;
    auto assignment = parse_assignment(*text);
    if (!assignment.ok()) return assignment.status();
    topic.assignments.emplace();
    // Those of the partitions that exist already are named too, and left out here.
    for (size_t i = present.partitions.size(); i < assignment->size(); ++i) {
      topic.assignments->emplace_back().broker_ids = std::move((*assignment)[i]);
    }
  }
  const auto answer = cluster.ask<kafka::CreatePartitionsResponse>(request);
  if (!answer.ok()) return answer.status();
  for (const auto& topic : answer->body.results) {
    if (topic.error_code != 0) return failed(topic.error_code, topic.error_message);
  }
  return absl::OkStatus();
}

absl::Status remove(wire::Cluster& cluster, const Arguments& arguments) {
  const auto names = meant(cluster, arguments, /*must_exist=*/true);
  if (!names.ok()) return names.status();
  if (names->empty()) return absl::OkStatus();
  kafka::DeleteTopicsRequest request;
  request.timeout_ms = kTimeout;
  for (const std::string& name : *names) request.topics.emplace_back().name = name;
  const auto answer = cluster.ask<kafka::DeleteTopicsResponse>(request);
  if (!answer.ok()) return answer.status();
  for (const auto& topic : answer->body.responses) {
    if (topic.error_code != 0) return failed(topic.error_code, topic.error_message);
  }
  return absl::OkStatus();
}

// The first contradiction among the flags; empty: none.
std::string contradiction(const Arguments& arguments) {
  const bool create = arguments.has("create");
  if ((create || arguments.has("alter") || arguments.has("delete")) && !arguments.has("topic")) {
    return "Missing required argument \"[topic]\"";
  }
  if (arguments.has("alter") && !arguments.has("partitions")) {
    return "Missing required argument \"[partitions]\"";
  }
  if (!create && arguments.has("config")) {
    return "Option \"[config]\" goes with --create; to change a topic's settings use "
           "kafka-configs --alter --topic NAME --add-config key=value";
  }
  if (arguments.has("delete-config")) {
    return "Option \"[delete-config]\" is kafka-configs' business: "
           "kafka-configs --alter --topic NAME --delete-config key";
  }
  if (create && arguments.has("replica-assignment") &&
      (arguments.has("partitions") || arguments.has("replication-factor"))) {
    return "Option \"[replica-assignment]\" can't be used with option \"[partitions]\" or "
           "\"[replication-factor]\"";
  }
  if (create && arguments.has("if-exists")) {
    return "Option \"[if-exists]\" can't be used with option \"[create]\"";
  }
  if (!create && arguments.has("if-not-exists")) {
    return "Option \"[if-not-exists]\" goes with --create only";
  }
  return "";
}

}  // namespace

int topics(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = topic_flags();
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  int actions = 0;
  for (const char* action : {"create", "list", "describe", "alter", "delete"}) {
    actions += arguments->has(action) ? 1 : 0;
  }
  if (actions != 1) {
    return misuse(streams,
                  "Command must include exactly one action: --list, --describe, --create, --alter "
                  "or --delete",
                  kPurpose, flags);
  }
  if (!arguments->has("bootstrap-server")) {
    return misuse(streams, "--bootstrap-server must be specified", kPurpose, flags);
  }
  if (const std::string wrong = contradiction(*arguments); !wrong.empty()) {
    return misuse(streams, wrong, kPurpose, flags);
  }
  const auto cluster = find_cluster(*arguments);
  absl::Status status = cluster.status();
  if (status.ok()) {
    if (arguments->has("create")) status = create(**cluster, *arguments, streams);
    if (arguments->has("list")) status = list(**cluster, *arguments, streams);
    if (arguments->has("alter")) status = alter(**cluster, *arguments);
    if (arguments->has("delete")) status = remove(**cluster, *arguments);
    if (arguments->has("describe")) {
      const auto names = meant(**cluster, *arguments, !arguments->has("topic-id"));
      status =
          names.ok() ? describe_topics(**cluster, *arguments, *names, streams) : names.status();
    }
  }
  if (status.ok()) return 0;
  streams.out << "Error while executing topic command : " << status.message() << '\n';
  return 1;
}

}  // namespace barnabas::cli::kafka_tools

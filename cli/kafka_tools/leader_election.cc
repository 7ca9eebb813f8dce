// kafka-leader-election: preferred replicas lead again, or an out-of-sync one must.

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <map>

#include "cli/kafka_tools/json_input.h"
#include "cli/kafka_tools/setting.h"
#include "kafka/errors.h"
#include "kafka/messages/elect_leaders.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] = "Elects leaders of partitions anew.";

absl::StatusOr<std::vector<TopicPartition>> meant(const Arguments& arguments) {
  std::vector<TopicPartition> out;
  if (const auto file = arguments.value("path-to-json-file")) {
    const auto named = read_partitions(*file, /*with_offsets=*/false);
    if (!named.ok()) return named.status();
    for (const NamedPartition& each : *named) out.push_back(each.id);
  } else if (const auto topic = arguments.value("topic")) {
    const auto index = arguments.number("partition");
    if (!index.ok()) return index.status();
    out.emplace_back(*topic, static_cast<int32_t>(*index));
  }
  return out;
}

absl::Status run(const Arguments& arguments, bool unclean, Streams streams) {
  const auto partitions = meant(arguments);
  if (!partitions.ok()) return partitions.status();
  const auto cluster = find_cluster(arguments);
  if (!cluster.ok()) return cluster.status();
  kafka::ElectLeadersRequest request;
  request.election_type = unclean ? 1 : 0;
  request.timeout_ms = 30'000;
  request.topic_partitions.reset();
  if (!arguments.has("all-topic-partitions")) {
    request.topic_partitions.emplace();
    for (const auto& [topic, index] : *partitions) {
      auto& each = request.topic_partitions->emplace_back();
      each.topic = topic;
      each.partitions = {index};
    }
  }
  const auto answer = (*cluster)->ask<kafka::ElectLeadersResponse>(request);
  if (!answer.ok()) return answer.status();
  if (answer->body.error_code != 0) {
    return absl::InternalError(exception(answer->body.error_code, std::nullopt));
  }
  std::vector<std::string> done, needless;
  std::map<std::string, std::string> failed;
  for (const auto& topic : answer->body.replica_election_results) {
    for (const auto& result : topic.partition_result) {
      const std::string name = absl::StrCat(std::string(topic.topic), "-", result.partition_id);
      const auto error = static_cast<kafka::ErrorCode>(result.error_code);
      if (error == kafka::ErrorCode::kNone) {
        done.push_back(name);
      } else if (error == kafka::ErrorCode::kElectionNotNeeded) {
        needless.push_back(name);
      } else {
        failed[name] = exception(result.error_code, result.error_message);
      }
    }
  }
  const char* const kind = unclean ? "UNCLEAN" : "PREFERRED";
  if (!done.empty()) {
    streams.out << "Successfully completed leader election (" << kind << ") for partitions "
                << absl::StrJoin(done, ", ") << '\n';
  }
  if (!needless.empty() && !arguments.has("all-topic-partitions")) {
    streams.out << "Valid replica already elected for partitions " << absl::StrJoin(needless, ", ")
                << '\n';
  }
  for (const auto& [name, why] : failed) {
    streams.out << "Error completing leader election (" << kind << ") for partition: " << name
                << ": " << why << '\n';
  }
  if (failed.empty()) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(failed.size(), " replica(s) could not be elected"));
}

}  // namespace

int leader_election(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = with_common({
      {"admin.config", Takes::kValue, "", "command-config"},
      {"election-type", Takes::kValue, "preferred or unclean"},
      {"all-topic-partitions", Takes::kNothing, "Every partition for which it applies"},
      {"topic", Takes::kValue, "With --partition"},
      {"partition", Takes::kValue, "With --topic"},
      {"path-to-json-file", Takes::kValue, "Which partitions"},
  });
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  for (const char* needed : {"bootstrap-server", "election-type"}) {
    if (!arguments->has(needed)) {
      return misuse(streams, absl::StrCat("Missing required option(s): ", needed), kPurpose, flags);
    }
  }
  const std::string type = absl::AsciiStrToLower(arguments->value_or("election-type", ""));
  if (type != "preferred" && type != "unclean") {
    return misuse(streams, absl::StrCat(type, " is no election type: preferred or unclean"),
                  kPurpose, flags);
  }
  const int scopes = (arguments->has("all-topic-partitions") ? 1 : 0) +
                     (arguments->has("topic") ? 1 : 0) +
                     (arguments->has("path-to-json-file") ? 1 : 0);
  if (scopes != 1 || arguments->has("topic") != arguments->has("partition")) {
    return misuse(streams,
                  "One and only one of the following options is required: --topic with "
                  "--partition, --all-topic-partitions, --path-to-json-file",
                  kPurpose, flags);
  }
  const absl::Status status = run(*arguments, type == "unclean", streams);
  if (status.ok()) return 0;
  streams.err << status.message() << '\n';
  return 1;
}

}  // namespace barnabas::cli::kafka_tools

// kafka-log-dirs: what lies in the brokers' directories, as one line of JSON.

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <map>

#include "cli/json_text.h"
#include "cli/kafka_tools/offsets.h"
#include "cli/kafka_tools/setting.h"
#include "kafka/messages/describe_log_dirs.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] = "Shows what lies in the brokers' log directories.";

std::string partition_json(std::string_view topic,
                           const kafka::DescribeLogDirsResponse::DescribeLogDirsPartition& in) {
  return absl::StrCat(
      "{\"partition\":", json_string(absl::StrCat(std::string(topic), "-", in.partition_index)),
      ",\"size\":", in.partition_size, ",\"offsetLag\":", in.offset_lag,
      ",\"isFuture\":", in.is_future_key ? "true" : "false", "}");
}

std::string directory_json(const kafka::DescribeLogDirsResponse::DescribeLogDirsResult& in) {
  std::vector<std::string> partitions;
  for (const auto& topic : in.topics) {
    for (const auto& partition : topic.partitions) {
      partitions.push_back(partition_json(topic.name, partition));
    }
  }
  const std::string error =
      in.error_code == 0 ? "null" : json_string(exception(in.error_code, std::nullopt));
  return absl::StrCat("{\"partitions\":[", absl::StrJoin(partitions, ","), "],\"error\":", error,
                      ",\"logDir\":", json_string(in.log_dir), "}");
}

absl::Status run(const Arguments& arguments, Streams streams) {
  const auto cluster = find_cluster(arguments);
  if (!cluster.ok()) return cluster.status();
  std::vector<int32_t> brokers;
  for (const absl::string_view word :
       absl::StrSplit(arguments.value_or("broker-list", ""), ',', absl::SkipWhitespace())) {
    int32_t id = 0;
    if (!absl::SimpleAtoi(word, &id) || (*cluster)->node(id) == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("The given brokers do not exist from --broker-list: ", std::string(word),
                       " is not the id of a live broker"));
    }
    brokers.push_back(id);
  }
  if (brokers.empty()) {
    for (const wire::Node& node : (*cluster)->nodes()) brokers.push_back(node.id);
  }
  const std::vector<std::string> names =
      absl::StrSplit(arguments.value_or("topic-list", ""), ',', absl::SkipEmpty());
  kafka::DescribeLogDirsRequest request;
  request.topics.reset();
  std::map<std::string, std::vector<int32_t>> wanted;
  if (!names.empty()) {
    const auto partitions = partitions_of(**cluster, names);
    if (!partitions.ok()) return partitions.status();
    for (const auto& [topic, index] : *partitions) wanted[topic].push_back(index);
    request.topics.emplace();
    for (const auto& [topic, indexes] : wanted) {
      auto& each = request.topics->emplace_back();
      each.topic = topic;
      each.partitions = indexes;
    }
  }
  streams.out << "Querying brokers for log directories information\n";
  std::vector<std::string> answers;
  for (const int32_t broker : brokers) {
    const auto answer = (*cluster)->ask_broker<kafka::DescribeLogDirsResponse>(broker, request);
    if (!answer.ok()) return answer.status();
    std::vector<std::string> directories;
    for (const auto& directory : answer->body.results) {
      directories.push_back(directory_json(directory));
    }
    answers.push_back(absl::StrCat("{\"broker\":", broker, ",\"logDirs\":[",
                                   absl::StrJoin(directories, ","), "]}"));
  }
  streams.out << "Received log directory information from brokers " << absl::StrJoin(brokers, ",")
              << "\n{\"brokers\":[" << absl::StrJoin(answers, ",") << "],\"version\":1}\n";
  return absl::OkStatus();
}

}  // namespace

int log_dirs(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = with_common({
      {"describe", Takes::kNothing, "Shows the directories"},
      {"topic-list", Takes::kValue, "Comma separated topics; else all"},
      {"broker-list", Takes::kValue, "Comma separated ids; else all"},
  });
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  for (const char* needed : {"bootstrap-server", "describe"}) {
    if (!arguments->has(needed)) {
      return misuse(streams, absl::StrCat("Missing required argument \"[", needed, "]\""), kPurpose,
                    flags);
    }
  }
  const absl::Status status = run(*arguments, streams);
  if (status.ok()) return 0;
  streams.err << status.message() << '\n';
  return 1;
}

}  // namespace barnabas::cli::kafka_tools

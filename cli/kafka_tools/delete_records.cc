// kafka-delete-records: everything below an offset is let go.

#include "kafka/messages/delete_records.h"

#include <absl/strings/str_cat.h>

#include <map>

#include "cli/kafka_tools/json_input.h"
#include "cli/kafka_tools/setting.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] = "Deletes the records of partitions below given offsets.";

absl::Status run(const Arguments& arguments, Streams streams) {
  const auto named =
      read_partitions(arguments.value_or("offset-json-file", ""), /*with_offsets=*/true);
  if (!named.ok()) return named.status();
  const auto cluster = find_cluster(arguments);
  if (!cluster.ok()) return cluster.status();
  std::vector<TopicPartition> ids;
  for (const NamedPartition& each : *named) ids.push_back(each.id);
  const auto leaders = leaders_of(**cluster, ids);
  if (!leaders.ok()) return leaders.status();
  streams.out << "Executing records delete operation\n";
  std::map<int32_t, kafka::DeleteRecordsRequest> by_leader;
  std::map<TopicPartition, std::string> outcome;
  for (const NamedPartition& each : *named) {
    const auto leader = leaders->find(each.id);
    if (leader == leaders->end()) {
      outcome[each.id] = "error: the partition does not exist or has no leader";
      continue;
    }
    kafka::DeleteRecordsRequest& request = by_leader[leader->second];
    request.timeout_ms = 30'000;
    auto& topic = request.topics.emplace_back();
    topic.name = each.id.first;
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = each.id.second;
    partition.offset = each.offset;
  }
  for (const auto& [leader, request] : by_leader) {
    const auto answer = (*cluster)->ask_broker<kafka::DeleteRecordsResponse>(leader, request);
    if (!answer.ok()) return answer.status();
    for (const auto& topic : answer->body.topics) {
      for (const auto& partition : topic.partitions) {
        outcome[{std::string(topic.name), partition.partition_index}] =
            partition.error_code == 0
                ? absl::StrCat("low_watermark: ", partition.low_watermark)
                : absl::StrCat("error: ", exception(partition.error_code, std::nullopt));
      }
    }
  }
  streams.out << "Records delete operation completed:\n";
  for (const auto& [id, text] : outcome) {
    streams.out << "partition: " << id.first << '-' << id.second << '\t' << text << '\n';
  }
  return absl::OkStatus();
}

}  // namespace

int delete_records(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = with_common({
      {"offset-json-file", Takes::kValue, "Which partitions, and below which offsets"},
  });
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  for (const char* needed : {"bootstrap-server", "offset-json-file"}) {
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

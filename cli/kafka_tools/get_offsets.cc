// kafka-get-offsets: TOPIC:PARTITION:OFFSET lines.

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <limits>

#include "cli/kafka_tools/offsets.h"
#include "cli/kafka_tools/setting.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] = "Shows the offsets of partitions.";

// "3", "1-4" (without 4), "-4", "2-"; in `end` the first index that is not meant.
struct Range {
  int32_t begin = 0;
  int32_t end = std::numeric_limits<int32_t>::max();
  bool has(int32_t index) const { return index >= begin && index < end; }
};

absl::StatusOr<Range> parse_range(const std::string& text) {
  Range out;
  const size_t dash = text.find('-');
  const std::string from = text.substr(0, dash);
  if (!from.empty() && !absl::SimpleAtoi(from, &out.begin)) {
    return absl::InvalidArgumentError(absl::StrCat("Invalid partition range: ", text));
  }
  if (dash == std::string::npos) {
    out.end = out.begin + 1;
  } else if (const std::string to = text.substr(dash + 1);
             !to.empty() && !absl::SimpleAtoi(to, &out.end)) {
    return absl::InvalidArgumentError(absl::StrCat("Invalid partition range: ", text));
  }
  return out;
}

struct Rule {
  NamePattern topic;
  std::vector<Range> partitions;  // empty: all
  bool matches(const TopicPartition& id) const {
    if (!topic.matches(id.first)) return false;
    return partitions.empty() || std::any_of(partitions.begin(), partitions.end(),
                                             [&](const Range& r) { return r.has(id.second); });
  }
};

absl::StatusOr<std::vector<Rule>> rules_of(const Arguments& arguments) {
  std::vector<Rule> out;
  if (const auto text = arguments.value("topic-partitions")) {
    for (const absl::string_view piece : absl::StrSplit(*text, ',', absl::SkipWhitespace())) {
      const std::vector<std::string> parts = absl::StrSplit(piece, absl::MaxSplits(':', 1));
      auto topic = NamePattern::compile(parts[0].empty() ? ".*" : parts[0]);
      if (!topic.ok()) return topic.status();
      Rule& rule = out.emplace_back(Rule{*std::move(topic), {}});
      if (parts.size() < 2 || parts[1].empty()) continue;
      auto range = parse_range(parts[1]);
      if (!range.ok()) return range.status();
      rule.partitions.push_back(*range);
    }
    return out;
  }
  auto topic = NamePattern::compile(arguments.value_or("topic", ".*"));
  if (!topic.ok()) return topic.status();
  Rule& rule = out.emplace_back(Rule{*std::move(topic), {}});
  for (const absl::string_view piece :
       absl::StrSplit(arguments.value_or("partitions", ""), ',', absl::SkipWhitespace())) {
    auto range = parse_range(std::string(piece));
    if (!range.ok()) return range.status();
    rule.partitions.push_back(*range);
  }
  return out;
}

absl::StatusOr<int64_t> time_of(const Arguments& arguments) {
  const std::string text = arguments.value_or("time", "latest");
  if (text == "latest") return kLatest;
  if (text == "earliest") return kEarliest;
  if (text == "max-timestamp") return kMaxTimestamp;
  int64_t when = 0;
  if (absl::SimpleAtoi(text, &when)) return when;
  return absl::InvalidArgumentError(absl::StrCat(
      "Malformed time argument ", text,
      ". Please use -1 or latest / -2 or earliest / -3 or max-timestamp, or a timestamp in ms"));
}

absl::Status run(const Arguments& arguments, Streams streams) {
  const auto rules = rules_of(arguments);
  if (!rules.ok()) return rules.status();
  const auto when = time_of(arguments);
  if (!when.ok()) return when.status();
  const auto cluster = find_cluster(arguments);
  if (!cluster.ok()) return cluster.status();
  const auto known = (*cluster)->metadata(std::nullopt);
  if (!known.ok()) return known.status();
  std::vector<TopicPartition> meant;
  for (const auto& topic : known->body.topics) {
    const std::string name(topic.name.value_or(""));
    if (arguments.has("exclude-internal-topics") && is_internal_topic(name)) continue;
    for (const auto& partition : topic.partitions) {
      const TopicPartition id(name, partition.partition_index);
      const bool wanted = std::any_of(rules->begin(), rules->end(),
                                      [&](const Rule& rule) { return rule.matches(id); });
      if (!wanted) continue;
      if (partition.leader_id < 0) {
        streams.err << "Error: topic-partition " << name << "-" << partition.partition_index
                    << " does not have a leader. Skip getting offsets\n";
        continue;
      }
      meant.push_back(id);
    }
  }
  if (meant.empty()) {
    return absl::NotFoundError("Could not match any topic-partitions with the specified filters");
  }
  const auto offsets = list_offsets(**cluster, meant, *when);
  if (!offsets.ok()) return offsets.status();
  for (const auto& [id, found] : *offsets) {
    streams.out << id.first << ':' << id.second << ':';
    if (found.offset >= 0) streams.out << found.offset;
    streams.out << '\n';
  }
  return absl::OkStatus();
}

}  // namespace

int get_offsets(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = with_common({
      {"broker-list", Takes::kValue, "", "bootstrap-server"},
      {"topic", Takes::kValue, "A name or pattern"},
      {"partitions", Takes::kValue, "Comma separated partition ids"},
      {"topic-partitions", Takes::kValue, "topic:0,other:1-3,.*:2-"},
      {"time", Takes::kValue, "latest, earliest, max-timestamp, or milliseconds since 1970"},
      {"exclude-internal-topics", Takes::kNothing, "Leaves the cluster's own topics out"},
  });
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  if (!arguments->has("bootstrap-server")) {
    return misuse(streams, "Missing required argument \"[bootstrap-server]\"", kPurpose, flags);
  }
  if (arguments->has("topic-partitions") &&
      (arguments->has("topic") || arguments->has("partitions"))) {
    return misuse(streams, "--topic-partitions cannot be used with --topic or --partitions",
                  kPurpose, flags);
  }
  const absl::Status status = run(*arguments, streams);
  if (status.ok()) return 0;
  streams.err << "Error occurred: " << status.message() << '\n';
  return 1;
}

}  // namespace barnabas::cli::kafka_tools

// kafka-consumer-groups --reset-offsets and --delete-offsets.

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/time/time.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "cli/kafka_tools/consumer_groups.h"
#include "cli/kafka_tools/duration_text.h"
#include "cli/kafka_tools/groups.h"
#include "kafka/errors.h"
#include "kafka/messages/offset_delete.h"

namespace barnabas::cli::kafka_tools {
namespace {

using Offsets = std::map<TopicPartition, int64_t>;

// "topic" or "topic:0,1", as often as it was said.
absl::StatusOr<std::vector<TopicPartition>> meant_partitions(wire::Cluster& cluster,
                                                             const Arguments& arguments) {
  std::vector<TopicPartition> out;
  for (const std::string& word : arguments.values("topic")) {
    const std::vector<std::string> parts = absl::StrSplit(word, absl::MaxSplits(':', 1));
    if (parts.size() < 2) {
      const auto all = partitions_of(cluster, {parts[0]});
      if (!all.ok()) return all.status();
      out.insert(out.end(), all->begin(), all->end());
      continue;
    }
    for (const absl::string_view piece : absl::StrSplit(parts[1], ',')) {
      int32_t index = 0;
      if (!absl::SimpleAtoi(piece, &index)) {
        return absl::InvalidArgumentError(
            absl::StrCat("Invalid partition number '", piece, "' in ", word));
      }
      out.emplace_back(parts[0], index);
    }
  }
  return out;
}

// Lines of topic,partition,offset or group,topic,partition,offset.
absl::StatusOr<Offsets> read_file(const std::string& file, const std::string& group) {
  std::ifstream in(file);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", file));
  Offsets out;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    std::vector<std::string> fields = absl::StrSplit(line, ',');
    if (fields.size() == 4) {
      if (fields[0] != group) continue;
      fields.erase(fields.begin());
    }
    int32_t index = 0;
    int64_t offset = 0;
    if (fields.size() != 3 || !absl::SimpleAtoi(fields[1], &index) ||
        !absl::SimpleAtoi(fields[2], &offset)) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ":", number, ": not topic,partition,offset: ", line));
    }
    out[{fields[0], index}] = offset;
  }
  return out;
}

absl::StatusOr<int64_t> time_of(const Arguments& arguments) {
  if (const auto text = arguments.value("to-datetime")) {
    absl::Time time;
    std::string error;
    // Without a zone it is UTC, as in Kafka.
    if (!absl::ParseTime("%Y-%m-%dT%H:%M:%E*S%Ez", *text, &time, &error) &&
        !absl::ParseTime("%Y-%m-%dT%H:%M:%E*S", *text, &time, &error)) {
      return absl::InvalidArgumentError(
          absl::StrCat(*text, " is not YYYY-MM-DDTHH:mm:SS.sss: ", error));
    }
    return absl::ToUnixMillis(time);
  }
  const auto duration = parse_iso_duration(arguments.value_or("by-duration", ""));
  if (!duration.ok()) return duration.status();
  return absl::ToUnixMillis(absl::Now()) - duration->count();
}

// What a wish comes to within what there is.
Offsets within(const Offsets& wishes, const std::map<TopicPartition, OffsetFound>& first,
               const std::map<TopicPartition, OffsetFound>& last, Streams streams) {
  Offsets out;
  for (const auto& [id, wish] : wishes) {
    const int64_t low = first.at(id).offset, high = last.at(id).offset;
    out[id] = std::clamp(wish, low, high);
    if (wish == out[id]) continue;
    streams.err << "New offset (" << wish << ") is "
                << (wish < low ? "lower than earliest offset for topic partition "
                               : "higher than latest offset for topic partition ")
                << id.first << '-' << id.second << ". Value will be set to " << out[id] << '\n';
  }
  return out;
}

absl::StatusOr<Offsets> wanted_offsets(wire::Cluster& cluster, const Arguments& arguments,
                                       const Group& group, Streams streams) {
  const auto committed = committed_offsets(cluster, group);
  if (!committed.ok()) return committed.status();
  std::vector<TopicPartition> ids;
  Offsets wishes;
  if (const auto file = arguments.value("from-file")) {
    auto read = read_file(*file, group.name);
    if (!read.ok()) return read.status();
    wishes = *std::move(read);
    for (const auto& [id, offset] : wishes) ids.push_back(id);
  } else if (arguments.has("all-topics")) {
    for (const auto& [id, offset] : *committed) ids.push_back(id);
  } else {
    auto meant = meant_partitions(cluster, arguments);
    if (!meant.ok()) return meant.status();
    ids = *std::move(meant);
  }
  if (ids.empty()) return Offsets();
  const auto first = list_offsets(cluster, ids, kEarliest);
  if (!first.ok()) return first.status();
  const auto last = list_offsets(cluster, ids, kLatest);
  if (!last.ok()) return last.status();
  if (arguments.has("to-datetime") || arguments.has("by-duration")) {
    const auto when = time_of(arguments);
    if (!when.ok()) return when.status();
    const auto found = list_offsets(cluster, ids, *when);
    if (!found.ok()) return found.status();
    for (const auto& [id, at] : *found) {
      wishes[id] = at.offset >= 0 ? at.offset : last->at(id).offset;
    }
  }
  for (const TopicPartition& id : ids) {
    if (arguments.has("to-earliest")) wishes[id] = first->at(id).offset;
    if (arguments.has("to-latest")) wishes[id] = last->at(id).offset;
    const auto present = committed->find(id);
    if (arguments.has("to-offset")) {
      const auto offset = arguments.number("to-offset");
      if (!offset.ok()) return offset.status();
      wishes[id] = *offset;
    }
    if (arguments.has("to-current")) {
      wishes[id] = present != committed->end() ? present->second : last->at(id).offset;
    }
    if (arguments.has("shift-by")) {
      const auto by = arguments.number("shift-by");
      if (!by.ok()) return by.status();
      if (present == committed->end()) {
        return absl::FailedPreconditionError(
            absl::StrCat("Cannot shift offset for partition ", id.first, "-", id.second,
                         " since there is no current committed offset"));
      }
      wishes[id] = present->second + *by;
    }
  }
  return within(wishes, *first, *last, streams);
}

void print_head(Streams streams) {
  streams.out << '\n'
              << pad("GROUP", 15) << ' ' << pad("TOPIC", 15) << ' ' << pad("PARTITION", 10)
              << " NEW-OFFSET\n";
}

}  // namespace

absl::Status reset_offsets(wire::Cluster& cluster, const Arguments& arguments, Streams streams) {
  const auto names = meant_groups(cluster, arguments);
  if (!names.ok()) return names.status();
  std::map<std::string, Offsets> outcome;
  for (const std::string& name : *names) {
    const auto group = describe_group(cluster, name);
    if (!group.ok()) return group.status();
    // A group that does not exist yet comes into being by its first offsets.
    if (group->state != "Empty" && group->exists()) {
      streams.out << "\nError: Assignments can only be reset if the group '" << name
                  << "' is inactive, but the current state is " << group->state << ".\n";
      continue;
    }
    auto offsets = wanted_offsets(cluster, arguments, *group, streams);
    if (!offsets.ok()) return offsets.status();
    if (arguments.has("execute") && !offsets->empty()) {
      if (absl::Status status = commit_offsets(cluster, *group, *offsets); !status.ok()) {
        return status;
      }
    }
    outcome[name] = *std::move(offsets);
  }
  if (!arguments.has("execute") && !arguments.has("dry-run") && !arguments.has("export")) {
    streams.err << "WARN: No action will be performed as the --execute option is missing.\n";
  }
  if (arguments.has("export")) {
    for (const auto& [name, offsets] : outcome) {
      for (const auto& [id, offset] : offsets) {
        if (names->size() > 1) streams.out << name << ',';
        streams.out << id.first << ',' << id.second << ',' << offset << '\n';
      }
    }
    streams.out << '\n';
    return absl::OkStatus();
  }
  print_head(streams);
  for (const auto& [name, offsets] : outcome) {
    for (const auto& [id, offset] : offsets) {
      streams.out << pad(name, 15) << ' ' << pad(id.first, 15) << ' '
                  << pad(absl::StrCat(id.second), 10) << ' ' << offset << '\n';
    }
  }
  return absl::OkStatus();
}

absl::Status delete_offsets(wire::Cluster& cluster, const Arguments& arguments, Streams streams) {
  const std::string name = arguments.value_or("group", "");
  const auto ids = meant_partitions(cluster, arguments);
  if (!ids.ok()) return ids.status();
  const auto coordinator = cluster.coordinator(name);
  if (!coordinator.ok()) return coordinator.status();
  kafka::OffsetDeleteRequest request;
  request.group_id = name;
  for (const auto& [topic, index] : *ids) {
    if (request.topics.empty() || request.topics.back().name != topic) {
      request.topics.emplace_back().name = topic;
    }
    request.topics.back().partitions.emplace_back().partition_index = index;
  }
  const auto answer = cluster.ask_broker<kafka::OffsetDeleteResponse>(coordinator->id, request);
  if (!answer.ok()) return answer.status();
  if (answer->body.error_code != 0) {
    streams.out << "Encountered some unknown error: "
                << exception(answer->body.error_code, std::nullopt) << '\n';
    return absl::AbortedError(exception(answer->body.error_code, std::nullopt));
  }
  bool all = true;
  for (const auto& topic : answer->body.topics) {
    for (const auto& partition : topic.partitions) all = all && partition.error_code == 0;
  }
  streams.out << (all ? "Request succeeded for deleting offsets from group "
                      : "Encounter some partition level error, see the follow-up details of group ")
              << name << ".\n\n"
              << pad("TOPIC", 15) << ' ' << pad("PARTITION", 10) << ' ' << pad("STATUS", 15)
              << '\n';
  for (const auto& topic : answer->body.topics) {
    for (const auto& partition : topic.partitions) {
      const std::string status =
          partition.error_code == 0
              ? "Successful"
              : absl::StrCat("Error: ", sentence(partition.error_code, std::nullopt));
      streams.out << pad(topic.name, 15) << ' ' << pad(absl::StrCat(partition.partition_index), 10)
                  << ' ' << pad(status, 15) << '\n';
    }
  }
  return absl::OkStatus();
}

}  // namespace barnabas::cli::kafka_tools

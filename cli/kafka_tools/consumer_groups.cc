#include "cli/kafka_tools/consumer_groups.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <map>

#include "cli/kafka_tools/groups.h"
#include "kafka/messages/delete_groups.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] =
    "Lists consumer groups, describes them, deletes them, and sets their offsets.";

std::vector<Flag> group_flags() {
  return with_common({
      {"list", Takes::kNothing, "Lists all groups"},
      {"describe", Takes::kNothing, "Shows a group: its offsets and lag, or --members, --state"},
      {"delete", Takes::kNothing, "Deletes empty groups"},
      {"reset-offsets", Takes::kNothing, "Sets the offsets of a group without members"},
      {"delete-offsets", Takes::kNothing, "Forgets a group's offsets of topics"},
      {"group", Takes::kValue, "The group; several times for several"},
      {"all-groups", Takes::kNothing, "All of them"},
      {"topic", Takes::kValue, "A topic, or topic:0,1 with partitions"},
      {"all-topics", Takes::kNothing, "All topics of which the group has offsets"},
      {"members", Takes::kNothing, "Shows the members (with --describe)"},
      {"offsets", Takes::kNothing, "Shows offsets and lag (with --describe; the default)"},
      {"state", Takes::kMaybe, "Shows states; with --list also: only groups in these states"},
      {"type", Takes::kMaybe, "Shows types (with --list)"},
      {"verbose", Takes::kNothing, "More of it"},
      {"timeout", Takes::kValue, "How long to wait, in milliseconds (5000)"},
      {"dry-run", Takes::kNothing, "Shows what --reset-offsets would do (the default)"},
      {"execute", Takes::kNothing, "Does it"},
      {"export", Takes::kNothing, "Prints the offsets as CSV"},
      {"to-earliest", Takes::kNothing, "To the beginning"},
      {"to-latest", Takes::kNothing, "To the end"},
      {"to-current", Takes::kNothing, "To where it is"},
      {"to-offset", Takes::kValue, "To this offset"},
      {"shift-by", Takes::kValue, "So many records on, or back (negative)"},
      {"to-datetime", Takes::kValue, "To the first record since YYYY-MM-DDTHH:mm:SS.sss"},
      {"by-duration", Takes::kValue, "To the first record of the last PnDTnHnMnS"},
      {"from-file", Takes::kValue, "To what a CSV file says"},
      {"validate-regex", Takes::kValue, "Says whether a pattern is valid"},
  });
}

absl::Status list(wire::Cluster& cluster, const Arguments& arguments, Streams streams) {
  const auto groups = list_groups(cluster);
  if (!groups.ok()) return groups.status();
  const bool states = arguments.has("state"), types = arguments.has("type");
  const auto wanted = [](const std::optional<std::string>& words, const std::string& value) {
    if (!words.has_value()) return true;
    for (const absl::string_view word : absl::StrSplit(*words, ',', absl::SkipWhitespace())) {
      if (absl::AsciiStrToLower(absl::StripAsciiWhitespace(word)) == absl::AsciiStrToLower(value)) {
        return true;
      }
    }
    return false;
  };
  size_t width = 15;
  for (const ListedGroup& group : *groups) width = std::max(width, group.name.size());
  const auto row = [&](const std::string& name, const std::string& type, const std::string& state) {
    streams.out << pad(name, width + 10);
    if (types) streams.out << ' ' << pad(type, 20);
    if (states) streams.out << ' ' << pad(state, 20);
    streams.out << '\n';
  };
  if (states || types) row("GROUP", "TYPE", "STATE");
  for (const ListedGroup& group : *groups) {
    if (!wanted(arguments.value("state"), group.state)) continue;
    if (!wanted(arguments.value("type"), group.type)) continue;
    if (states || types) {
      row(group.name, group.type, group.state);
    } else {
      streams.out << group.name << '\n';
    }
  }
  return absl::OkStatus();
}

absl::Status remove(wire::Cluster& cluster, const Arguments& arguments, Streams streams) {
  const auto names = meant_groups(cluster, arguments);
  if (!names.ok()) return names.status();
  std::vector<std::string> deleted;
  std::map<std::string, std::string> failed;
  for (const std::string& name : *names) {
    const auto coordinator = cluster.coordinator(name);
    if (!coordinator.ok()) return coordinator.status();
    kafka::DeleteGroupsRequest request;
    request.groups_names.push_back(name);
    const auto answer = cluster.ask_broker<kafka::DeleteGroupsResponse>(coordinator->id, request);
    if (!answer.ok()) return answer.status();
    for (const auto& result : answer->body.results) {
      if (result.error_code == 0) {
        deleted.push_back(absl::StrCat("'", name, "'"));
      } else {
        failed[name] = exception(result.error_code, result.error_message);
      }
    }
  }
  if (failed.empty()) {
    streams.out << "Deletion of requested consumer groups (" << absl::StrJoin(deleted, ", ")
                << ") was successful.\n";
    return absl::OkStatus();
  }
  streams.out << "\nError: Deletion of some consumer groups failed:\n";
  for (const auto& [name, why] : failed) {
    streams.out << "* Group '" << name << "' could not be deleted due to: " << why << '\n';
  }
  if (!deleted.empty()) {
    streams.out << "\nThese consumer groups were deleted successfully: "
                << absl::StrJoin(deleted, ", ") << '\n';
  }
  return absl::OkStatus();
}

std::string contradiction(const Arguments& arguments) {
  const bool groups = arguments.has("group") || arguments.has("all-groups");
  if (arguments.has("describe") && !groups) {
    return "Option [describe] takes one of these options: [all-groups], [group]";
  }
  if (arguments.has("delete") && !groups) {
    return "Option [delete] takes one of these options: [all-groups], [group]";
  }
  if (arguments.has("delete") && arguments.has("topic")) {
    return "The consumer does not support topic-specific offset deletion from a consumer group "
           "with --delete: use --delete-offsets";
  }
  if (arguments.has("delete-offsets") && !(arguments.has("group") && arguments.has("topic"))) {
    return "Option [delete-offsets] takes the following options: [group], [topic]";
  }
  if (!arguments.has("reset-offsets")) return "";
  if (!groups) return "Option [reset-offsets] takes one of these options: [all-groups], [group]";
  if (arguments.has("dry-run") && arguments.has("execute")) {
    return "Option [reset-offsets] only accepts one of [dry-run] and [execute]";
  }
  if (!arguments.has("topic") && !arguments.has("all-topics") && !arguments.has("from-file")) {
    return "One of the reset scopes should be defined: --all-topics, --topic, or --from-file";
  }
  int targets = 0;
  for (const char* target : {"to-earliest", "to-latest", "to-current", "to-offset", "shift-by",
                             "to-datetime", "by-duration", "from-file"}) {
    targets += arguments.has(target) ? 1 : 0;
  }
  if (targets != 1) {
    return "Option [reset-offsets] takes exactly one of: --to-earliest, --to-latest, --to-current, "
           "--to-offset, --shift-by, --to-datetime, --by-duration, --from-file";
  }
  return "";
}

}  // namespace

absl::StatusOr<std::vector<std::string>> meant_groups(wire::Cluster& cluster,
                                                      const Arguments& arguments) {
  if (!arguments.has("all-groups")) return arguments.values("group");
  const auto groups = list_groups(cluster);
  if (!groups.ok()) return groups.status();
  std::vector<std::string> out;
  for (const ListedGroup& group : *groups) out.push_back(group.name);
  return out;
}

int consumer_groups(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = group_flags();
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  if (const auto pattern = arguments->value("validate-regex")) {
    const auto compiled = NamePattern::compile(*pattern);
    streams.out << (compiled.ok() ? "Validated successfully"
                                  : std::string(compiled.status().message()))
                << '\n';
    return compiled.ok() ? 0 : 1;
  }
  int actions = 0;
  for (const char* action : {"list", "describe", "delete", "reset-offsets", "delete-offsets"}) {
    actions += arguments->has(action) ? 1 : 0;
  }
  if (actions != 1) {
    return misuse(streams,
                  "Command must include exactly one action: --list, --describe, --delete, "
                  "--reset-offsets, --delete-offsets",
                  kPurpose, flags);
  }
  if (!arguments->has("bootstrap-server")) {
    return misuse(streams, "Missing required argument \"[bootstrap-server]\"", kPurpose, flags);
  }
  if (const std::string wrong = contradiction(*arguments); !wrong.empty()) {
    return misuse(streams, wrong, kPurpose, flags);
  }
  const auto patience = arguments->number_or("timeout", 5000);
  if (!patience.ok()) {
    return misuse(streams, std::string(patience.status().message()), kPurpose, flags);
  }
  const auto cluster = find_cluster(*arguments, std::chrono::milliseconds(*patience));
  absl::Status status = cluster.status();
  if (status.ok()) {
    if (arguments->has("list")) status = list(**cluster, *arguments, streams);
    if (arguments->has("describe")) status = describe_groups(**cluster, *arguments, streams);
    if (arguments->has("delete")) status = remove(**cluster, *arguments, streams);
    if (arguments->has("reset-offsets")) status = reset_offsets(**cluster, *arguments, streams);
    if (arguments->has("delete-offsets")) status = delete_offsets(**cluster, *arguments, streams);
  }
  if (status.ok()) return 0;
  streams.out << "\nError: Executing consumer group command failed due to " << status.message()
              << '\n';
  // Kafka's own tool leaves with 0 here; scripts that look at the exit code want to know.
  return 1;
}

}  // namespace barnabas::cli::kafka_tools

// The verbs on consumer groups and on nodes, and what names topics with partitions.

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "cli/grammar.h"

namespace barnabas::cli {
namespace {

// "board", "board:0,3"
std::optional<TopicChoice> choice_of(const std::string& word) {
  const size_t colon = word.rfind(':');
  TopicChoice choice{word.substr(0, colon), {}};
  if (choice.topic.empty()) return std::nullopt;
  if (colon == std::string::npos) return choice;
  for (const auto& text : absl::StrSplit(word.substr(colon + 1), ',')) {
    int32_t partition = 0;
    if (!absl::SimpleAtoi(text, &partition) || partition < 0) return std::nullopt;
    choice.partitions.push_back(partition);
  }
  return choice;
}

Problem not_a_choice(const std::string& word) {
  return usage_problem(absl::StrCat(word, " is neither TOPIC nor TOPIC:PARTITION,..."), "",
                       "--topic board   or   --topic board:0,3");
}

}  // namespace

void Grammar::groups() {
  CLI::App* groups = group("group", "consumer groups: who reads what, and how far it is");
  CLI::App* list = verb(*groups, "list", "all groups", Verb::kGroupList);
  list->add_option("--state", line_.group_list.states,
                   "only those in this state: Stable, Empty, PreparingRebalance, ...")
      ->allow_extra_args(false);
  CLI::App* describe =
      verb(*groups, "describe", "state, members, assignments, offsets, lag", Verb::kGroupDescribe);
  describe->add_option("groups", line_.groups.names, "names; none: all");
  CLI::App* lag =
      verb(*groups, "lag", "how far behind, in records and in seconds", Verb::kGroupLag);
  lag->add_option("groups", line_.groups.names, "names; none: all");
  CLI::App* seek = verb(*groups, "seek", "set a group's offsets", Verb::kGroupSeek);
  seek->add_option("group", line_.seek.group, "name")->required();
  seek->add_option("--topic", raw_.choices, "TOPIC or TOPIC:PARTITION,... (all it has committed)")
      ->allow_extra_args(false);
  seek->add_option("--to", raw_.to,
                   "start, end, 1200, @2026-11-20T14:00, @-5m; -10, +10: from where it is now")
      ->required();
  auto* execute = seek->add_flag("--execute", raw_.execute, "do it");
  seek->add_flag("--dry-run", raw_.dry_run, "only show it (the default)")->excludes(execute);
  CLI::App* remove =
      verb(*groups, "delete", "delete groups with their offsets", Verb::kGroupDelete);
  remove->add_option("groups", line_.groups.names, "names")->required();
  CLI::App* forget = verb(*groups, "offset-delete", "delete a group's offsets of some topics",
                          Verb::kGroupOffsetDelete);
  forget->add_option("group", line_.offset_delete.group, "name")->required();
  forget->add_option("--topic", raw_.choices, "TOPIC or TOPIC:PARTITION,...")
      ->required()
      ->allow_extra_args(false);
}

void Grammar::nodes() {
  CLI::App* nodes = group("node", "brokers: list them, take their leaderships away");
  verb(*nodes, "list", "all brokers", Verb::kNodeList);
  CLI::App* drain =
      verb(*nodes, "drain", "move its leaderships away, and keep them away", Verb::kNodeDrain);
  drain->add_option("node", line_.node.node, "id")->required();
  drain->add_flag("--no-wait", raw_.no_wait, "do not stay until all have moved");
  CLI::App* undrain = verb(*nodes, "undrain", "let it lead again", Verb::kNodeUndrain);
  undrain->add_option("node", line_.node.node, "id")->required();
}

std::optional<Problem> Grammar::finish_group(int64_t now_ms) {
  for (const std::string& word : raw_.choices) {
    auto choice = choice_of(word);
    if (!choice.has_value()) return not_a_choice(word);
    line_.seek.topics.push_back(*choice);
    line_.offset_delete.topics.push_back(std::move(*choice));
  }
  if (!raw_.choice.empty()) {
    auto choice = choice_of(raw_.choice);
    if (!choice.has_value()) return not_a_choice(raw_.choice);
    line_.trim.topic = std::move(*choice);
  }
  line_.seek.execute = raw_.execute;
  line_.node.wait = !raw_.no_wait;
  if (!raw_.to.empty()) {
    if (auto problem = place("--to", raw_.to, now_ms, true, line_.seek.to)) return problem;
  }
  if (!raw_.before.empty()) {
    return place("--before", raw_.before, now_ms, false, line_.trim.before);
  }
  return std::nullopt;
}

}  // namespace barnabas::cli

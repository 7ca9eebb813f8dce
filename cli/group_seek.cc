// barnabas group seek: shows what would be committed, and commits it with --execute. Never while
// the group has members: they would overwrite it with their own offsets at the next commit.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "cli/group_facts.h"
#include "cli/group_verbs.h"
#include "cli/places.h"
#include "cli/tally.h"

namespace barnabas::cli {
namespace {

constexpr int kNonEmptyGroup = 68;
constexpr int kGroupIdNotFound = 69;

// Why a group cannot be set, if it has members.
std::optional<Problem> active(const GroupView& group, const std::string& tried) {
  if (group.members.empty() || group.code != 0) return std::nullopt;
  const std::string who =
      absl::StrJoin(group.members, ", ", [](std::string* out, const GroupMember& member) {
        absl::StrAppend(out, member.client_id, " (", member.host, ")");
      });
  Problem problem = problem_of(
      kNonEmptyGroup,
      absl::StrCat("group ", group.id, " is ", group.state, " with ",
                   counted(static_cast<int64_t>(group.members.size()), "member", "members"), ": ",
                   who),
      tried, group.id);
  problem.cause = "its members would overwrite the offsets with their own at the next commit";
  return problem;
}

std::string plan_json(const GroupSeekOptions& options, const std::map<TopicPartition, Place>& plan,
                      const std::map<TopicPartition, int64_t>& from,
                      const std::map<TopicPartition, int>& codes) {
  std::vector<std::string> rows;
  for (const auto& [one, place] : plan) {
    JsonObject object;
    object.add("topic", one.topic).add("partition", one.partition);
    const auto before = from.find(one);
    add_number(object, "from", before == from.end() ? kUnknown : before->second);
    add_number(object, "to", place.offset);
    add_number(object, "start", place.start);
    add_number(object, "end", place.end);
    const auto code = codes.find(one);
    rows.push_back(object
                       .add("error_code", place.code != 0       ? place.code
                                          : code == codes.end() ? 0
                                                                : code->second)
                       .text());
  }
  return JsonObject()
      .add("group", options.group)
      .add("executed", options.execute)
      .add_json("offsets", json_list(rows))
      .text();
}

void print_plan(const Output& output, const std::map<TopicPartition, Place>& plan,
                const std::map<TopicPartition, int64_t>& from) {
  Table table({{"topic"},
               {"partition", Align::kRight},
               {"from", Align::kRight},
               {"to", Align::kRight},
               {"start", Align::kRight},
               {"end", Align::kRight},
               {"lag then", Align::kRight}});
  for (const auto& [one, place] : plan) {
    const auto before = from.find(one);
    table.add({one.topic, absl::StrCat(one.partition),
               before == from.end() ? "-" : number_text(before->second), number_text(place.offset),
               number_text(place.start), number_text(place.end),
               place.code == 0 ? absl::StrCat(place.end - place.offset) : code_text(place.code)});
  }
  output.print(table);
}

}  // namespace

int group_seek(ClusterPort& brokers, const Output& output, const GroupSeekOptions& options) {
  const std::string tried = absl::StrCat("set the offsets of group ", options.group);
  auto described = brokers.describe_groups({options.group});
  if (!described.ok()) return output.fail(described.problem());
  const GroupView& group = described.value().front();
  if (group.code != 0 && group.code != kGroupIdNotFound) {
    return output.fail(problem_of(group.code, group.message, tried, options.group));
  }
  const auto refusal = active(group, tried);
  if (refusal.has_value() && options.execute) return output.fail(*refusal);

  auto committed = brokers.committed(options.group);
  std::map<TopicPartition, int64_t> from;
  if (committed.ok()) {
    for (const auto& [one, offset] : committed.value()) from[one] = offset.offset;
  } else if (committed.problem().exit != ExitCode::kNotFound) {
    return output.fail(committed.problem());
  }
  std::set<TopicPartition> wanted;
  if (options.topics.empty()) {
    for (const auto& [one, offset] : from) wanted.insert(one);
  } else {
    auto expanded = expand(brokers, options.topics, tried);
    if (!expanded.ok()) return output.fail(expanded.problem());
    wanted = std::move(expanded.value());
  }
  if (wanted.empty()) {
    return output.fail(
        {ExitCode::kNotFound, tried,
         absl::StrCat("group ", options.group, " has committed nothing"),
         "without --topic its own partitions are meant, and it has none yet",
         absl::StrCat("barnabas group seek ", options.group, " --topic NAME --to ...")});
  }
  auto plan = places_of(brokers, wanted, options.to, from);
  if (!plan.ok()) return output.fail(plan.problem());

  Tally tally(output);
  std::map<TopicPartition, int64_t> offsets;
  for (const auto& [one, place] : plan.value()) {
    if (place.code == 0) offsets[one] = place.offset;
  }
  std::map<TopicPartition, int> codes;
  if (options.execute && !offsets.empty()) {
    auto done = brokers.commit(options.group, offsets);
    if (!done.ok()) return output.fail(done.problem());
    codes = std::move(done.value());
  }
  if (output.data()) {
    output.print_data(plan_json(options, plan.value(), from, codes), "offsets");
  } else if (!output.quiet) {
    print_plan(output, plan.value(), from);
  }
  for (const auto& [one, place] : plan.value()) {
    const auto code = codes.find(one);
    const int failed = place.code != 0 ? place.code : code == codes.end() ? 0 : code->second;
    if (failed == 0) {
      tally.done();
    } else {
      tally.failed(problem_of(
          failed, "",
          absl::StrCat("set group ", options.group, " on ", one.topic, ":", one.partition),
          failed == kNonEmptyGroup ? options.group : one.topic));
    }
  }
  if (!options.execute) {
    output.note(refusal.has_value()
                    ? absl::StrCat("nothing was changed, and would not be: ", refusal->came_back)
                    : "nothing was changed; --execute does it");
  }
  return tally.exit();
}

}  // namespace barnabas::cli

// barnabas group list.

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/group_verbs.h"
#include "cli/json_text.h"

namespace barnabas::cli {
namespace {

bool same_word(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

int group_list(ClusterPort& brokers, const Output& output, const GroupListOptions& options) {
  auto listed = brokers.list_groups();
  if (!listed.ok()) return output.fail(listed.problem());
  std::vector<GroupListing>& groups = listed.value();
  if (!options.states.empty()) {
    std::erase_if(groups, [&](const GroupListing& group) {
      return std::none_of(options.states.begin(), options.states.end(),
                          [&](const std::string& state) { return same_word(state, group.state); });
    });
  }
  std::sort(groups.begin(), groups.end(),
            [](const GroupListing& a, const GroupListing& b) { return a.id < b.id; });
  if (output.data()) {
    std::vector<std::string> rows;
    for (const GroupListing& group : groups) {
      rows.push_back(JsonObject()
                         .add("group", group.id)
                         .add("state", group.state)
                         .add("protocol_type", group.protocol_type)
                         .add("type", group.type)
                         .add("coordinator", group.coordinator)
                         .text());
    }
    output.print_data(JsonObject().add_json("groups", json_list(rows)).text(), "groups");
    return 0;
  }
  if (output.quiet) {
    for (const GroupListing& group : groups) output.out << group.id << '\n';
    return 0;
  }
  if (groups.empty()) {
    output.note(options.states.empty()
                    ? "there are no groups; one begins with its first member or its first commit"
                    : "no group is in this state; barnabas group list   shows all");
    return 0;
  }
  Table table({{"group"}, {"state"}, {"protocol"}, {"type"}, {"coordinator", Align::kRight}});
  for (const GroupListing& group : groups) {
    table.add({group.id, group.state, group.protocol_type.empty() ? "-" : group.protocol_type,
               group.type, absl::StrCat(group.coordinator)});
  }
  output.print(table);
  return 0;
}

}  // namespace barnabas::cli

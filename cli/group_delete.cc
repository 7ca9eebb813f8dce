// barnabas group delete, barnabas group offset-delete.

#include <absl/strings/str_cat.h>

#include "cli/group_verbs.h"
#include "cli/json_text.h"
#include "cli/places.h"
#include "cli/tally.h"

namespace barnabas::cli {

int group_delete(ClusterPort& brokers, const Output& output, const GroupNames& options) {
  auto codes = brokers.delete_groups(options.names);
  if (!codes.ok()) return output.fail(codes.problem());
  Tally tally(output);
  std::vector<std::string> rows;
  for (const std::string& name : options.names) {
    const int code = codes.value()[name];
    if (output.data()) {
      rows.push_back(JsonObject().add("group", name).add("error_code", code).text());
    }
    if (code != 0) {
      tally.failed(problem_of(code, "", absl::StrCat("delete group ", name), name));
      continue;
    }
    tally.done();
    if (!output.data() && !output.quiet) output.out << "deleted group " << name << '\n';
  }
  if (output.data()) {
    output.print_data(JsonObject().add_json("groups", json_list(rows)).text(), "groups");
  }
  return tally.exit();
}

int group_offset_delete(ClusterPort& brokers, const Output& output,
                        const OffsetDeleteOptions& options) {
  const std::string tried = absl::StrCat("delete offsets of group ", options.group);
  auto wanted = expand(brokers, options.topics, tried);
  if (!wanted.ok()) return output.fail(wanted.problem());
  auto codes = brokers.delete_offsets(options.group, wanted.value());
  if (!codes.ok()) return output.fail(codes.problem());
  Tally tally(output);
  std::vector<std::string> rows;
  for (const TopicPartition& one : wanted.value()) {
    const int code = codes.value()[one];
    if (output.data()) {
      rows.push_back(JsonObject()
                         .add("topic", one.topic)
                         .add("partition", one.partition)
                         .add("error_code", code)
                         .text());
    }
    const std::string what =
        absl::StrCat("of group ", options.group, " on ", one.topic, ":", one.partition);
    if (code != 0) {
      Problem problem = problem_of(code, "", absl::StrCat("delete the offset ", what), one.topic);
      tally.failed(problem);
      continue;
    }
    tally.done();
    if (!output.data() && !output.quiet) output.out << "deleted the offset " << what << '\n';
  }
  if (output.data()) {
    output.print_data(
        JsonObject().add("group", options.group).add_json("offsets", json_list(rows)).text(),
        "offsets");
  }
  return tally.exit();
}

}  // namespace barnabas::cli

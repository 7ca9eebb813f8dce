// barnabas topic trim: deletes a topic's oldest records.

#include <absl/strings/str_cat.h>

#include "cli/group_verbs.h"
#include "cli/json_text.h"
#include "cli/places.h"
#include "cli/tally.h"

namespace barnabas::cli {

int topic_trim(ClusterPort& brokers, const Output& output, const TopicTrimOptions& options) {
  const std::string tried = absl::StrCat("trim ", options.topic.topic);
  auto wanted = expand(brokers, {options.topic}, tried);
  if (!wanted.ok()) return output.fail(wanted.problem());
  auto found = places_of(brokers, wanted.value(), options.before, {});
  if (!found.ok()) return output.fail(found.problem());
  std::map<TopicPartition, Place>& places = found.value();
  std::map<TopicPartition, int64_t> before;
  for (const auto& [one, place] : places) {
    if (place.code == 0 && place.offset > place.start) before[one] = place.offset;
  }
  std::map<TopicPartition, OffsetAnswer> done;
  if (!options.dry_run && !before.empty()) {
    auto deleted = brokers.delete_records(before);
    if (!deleted.ok()) return output.fail(deleted.problem());
    done = std::move(deleted.value());
  }
  Tally tally(output);
  std::vector<std::string> rows;
  Table table({{"partition", Align::kRight},
               {"start", Align::kRight},
               {"start then", Align::kRight},
               {"end", Align::kRight},
               {options.dry_run ? "would go" : "deleted", Align::kRight}});
  for (const auto& [one, place] : places) {
    const auto answer = done.find(one);
    const int code = place.code != 0 ? place.code : answer == done.end() ? 0 : answer->second.code;
    if (code != 0) {
      tally.failed(problem_of(code, "", absl::StrCat(tried, ":", one.partition), one.topic));
      continue;
    }
    tally.done();
    const int64_t then = answer == done.end() ? place.offset : answer->second.offset;
    rows.push_back(JsonObject()
                       .add("topic", one.topic)
                       .add("partition", one.partition)
                       .add("start", place.start)
                       .add("start_then", then)
                       .add("end", place.end)
                       .add("deleted", then - place.start)
                       .text());
    table.add({absl::StrCat(one.partition), absl::StrCat(place.start), absl::StrCat(then),
               absl::StrCat(place.end), absl::StrCat(then - place.start)});
  }
  if (output.data()) {
    output.print_data(JsonObject()
                          .add("topic", options.topic.topic)
                          .add("executed", !options.dry_run)
                          .add_json("partitions", json_list(rows))
                          .text(),
                      "partitions");
  } else if (!output.quiet && !rows.empty()) {
    output.print(table);
  }
  if (options.dry_run) output.note("nothing was deleted; the same without --dry-run does it");
  return tally.exit();
}

}  // namespace barnabas::cli

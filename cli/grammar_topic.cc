// The verbs on topics.

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "cli/grammar.h"

namespace barnabas::cli {
namespace {

// "0=1,2" "1=2,3": the brokers of each partition, which are to be named once each, from 0.
std::optional<std::vector<std::vector<int32_t>>> assignment_of(
    const std::vector<std::string>& words) {
  std::vector<std::vector<int32_t>> assignment(words.size());
  for (const std::string& word : words) {
    const auto pair = key_value(word);
    int32_t partition = 0;
    if (!pair || !absl::SimpleAtoi(pair->first, &partition) || partition < 0 ||
        partition >= static_cast<int32_t>(words.size()) ||
        !assignment[static_cast<size_t>(partition)].empty()) {
      return std::nullopt;
    }
    for (const auto& text : absl::StrSplit(pair->second, ',')) {
      int32_t broker = 0;
      if (!absl::SimpleAtoi(text, &broker)) return std::nullopt;
      assignment[static_cast<size_t>(partition)].push_back(broker);
    }
  }
  return assignment;
}

}  // namespace

void Grammar::topic() {
  CLI::App* topic = group("topic", "create, list, describe, change, trim, delete topics");
  CLI::App* create = verb(*topic, "create", "make topics", Verb::kTopicCreate);
  create->add_option("names", line_.create.names, "names")->required();
  create->add_option("-p,--partitions", line_.create.partitions, "how many (cluster's default)")
      ->check(CLI::PositiveNumber);
  create
      ->add_option("-r,--replicas,--replication-factor", line_.create.replicas,
                   "copies of each partition (cluster's default)")
      ->check(CLI::PositiveNumber);
  create->add_option("-c,--config", raw_.configs, "a setting of the topic: key=value")
      ->allow_extra_args(false);
  create
      ->add_option("--assign", raw_.assignment,
                   "brokers of one partition: 0=1,2,3; then for each partition")
      ->allow_extra_args(false);
  create->add_flag("--if-not-exists", line_.create.if_not_exists, "a topic that exists is fine");
  create->add_flag("--validate-only", line_.create.validate_only, "only say whether it could be");
  CLI::App* list = verb(*topic, "list", "all topics", Verb::kTopicList);
  list->add_flag("--internal", line_.list.internal, "also those the cluster keeps for itself");
  CLI::App* describe =
      verb(*topic, "describe", "settings, partitions, leaders, offsets, sizes, followers' lag",
           Verb::kTopicDescribe);
  describe->add_option("topics", line_.describe.names, "names; none: all");
  CLI::App* alter = verb(*topic, "alter", "change settings of topics", Verb::kTopicAlter);
  alter->add_option("topics", line_.alter.names, "names")->required();
  alter->add_option("-c,--config", raw_.configs, "a setting: key=value")->allow_extra_args(false);
  alter->add_option("--unset", line_.alter.unset, "a key that goes back to its default")
      ->allow_extra_args(false);
  alter->add_flag("--validate-only", line_.alter.validate_only, "only say whether it could be");
  CLI::App* more =
      verb(*topic, "add-partitions", "more partitions for a topic", Verb::kTopicAddPartitions);
  more->add_option("topic", line_.add_partitions.name, "name")->required();
  more->add_option("-p,--partitions", line_.add_partitions.total, "how many it has then")
      ->check(CLI::PositiveNumber);
  more->add_option("--add", line_.add_partitions.more, "how many more than now")
      ->check(CLI::PositiveNumber);
  more->add_flag("--validate-only", line_.add_partitions.validate_only,
                 "only say whether it could be");
  CLI::App* trim = verb(*topic, "trim", "delete a topic's oldest records", Verb::kTopicTrim);
  trim->add_option("topic", raw_.choice, "name, or name:partition,...")->required();
  trim->add_option("--before", raw_.before,
                   "end (all), 1200, -10 (all but the last ten), @2026-11-20T14:00, @-5m")
      ->required();
  trim->add_flag("--dry-run", line_.trim.dry_run, "only say what would go");
  CLI::App* remove = verb(*topic, "delete", "delete topics with their records", Verb::kTopicDelete);
  remove->add_option("topics", line_.remove.names, "names")->required();
  remove->add_flag("--if-exists", line_.remove.if_exists, "a topic that is not there is fine");
}

std::optional<Problem> Grammar::finish_topic() {
  auto& configs = line_.verb == Verb::kTopicAlter ? line_.alter.configs : line_.create.configs;
  if (auto problem = pairs("--config", raw_.configs, configs)) return problem;
  const auto assignment = assignment_of(raw_.assignment);
  if (!assignment.has_value()) {
    return usage_problem(
        "--assign is not PARTITION=BROKER,BROKER,...",
        "each partition from 0 on is named once, its first broker is the preferred leader",
        "--assign 0=1,2,3 --assign 1=2,3,1");
  }
  line_.create.assignment = *assignment;
  if (!assignment->empty() && (line_.create.partitions != -1 || line_.create.replicas != -1)) {
    return usage_problem("--assign together with --partitions or --replicas",
                         "an assignment says both already", "one of the two");
  }
  if (line_.verb == Verb::kTopicAlter && line_.alter.configs.empty() && line_.alter.unset.empty()) {
    return usage_problem("nothing to change", "neither -c nor --unset is there",
                         "barnabas topic alter NAME -c retention.ms=86400000");
  }
  if (line_.verb == Verb::kTopicAddPartitions &&
      (line_.add_partitions.total < 0) == (line_.add_partitions.more < 0)) {
    return usage_problem("how many partitions is not said, or said twice",
                         "--partitions is how many there are then, --add how many more",
                         "barnabas topic add-partitions NAME --add 3");
  }
  return std::nullopt;
}

}  // namespace barnabas::cli

// The verbs on settings.

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include "cli/grammar.h"

namespace barnabas::cli {

void Grammar::target(CLI::App* app, bool cluster) {
  app->add_option("--topic", raw_.of_topics, "of this topic")->allow_extra_args(false);
  app->add_option("--node", raw_.of_nodes, "of this broker")->allow_extra_args(false);
  if (cluster) app->add_flag("--cluster", raw_.of_cluster, "what holds for all brokers");
}

void Grammar::configs() {
  CLI::App* config = group("config", "settings of topics, of brokers, of the cluster");
  CLI::App* get =
      verb(*config, "get", "values that hold, and where each is from", Verb::kConfigGet);
  target(get, true);
  get->add_option("keys", line_.config.keys, "keys; none: all");
  CLI::App* describe =
      verb(*config, "describe", "values with type, default and meaning", Verb::kConfigDescribe);
  target(describe, true);
  describe->add_option("keys", line_.config.keys, "keys; none: all");
  CLI::App* set = verb(*config, "set", "change settings while everything runs", Verb::kConfigSet);
  target(set, true);
  set->add_option("changes", raw_.changes, "key=value ...");
  set->add_option("--unset", line_.config.unset, "a key that goes back to its default")
      ->allow_extra_args(false);
  set->add_flag("--validate-only", line_.config.validate_only, "only say whether it could be");
  CLI::App* diff =
      verb(*config, "diff", "what is not at its default; of two topics or nodes: what differs",
           Verb::kConfigDiff);
  target(diff, true);
  CLI::App* list = verb(*config, "list", "all keys there are", Verb::kConfigList);
  target(list, true);
  config_check(config);
  CLI::App* explain = verb(*config, "explain", "what a key means", Verb::kConfigExplain);
  explain->add_option("key", line_.word, "retention.ms")->required();
}

std::optional<Problem> Grammar::finish_config() {
  for (const std::string& topic : raw_.of_topics) {
    line_.config.targets.push_back({ConfigTarget::Kind::kTopic, topic});
  }
  for (const std::string& node : raw_.of_nodes) {
    int32_t id = 0;
    if (!absl::SimpleAtoi(node, &id) || id < 0) {
      return usage_problem(absl::StrCat("--node ", node, " is not the id of a broker"), "",
                           "barnabas node list");
    }
    line_.config.targets.push_back({ConfigTarget::Kind::kNode, node});
  }
  if (raw_.of_cluster) line_.config.targets.push_back({ConfigTarget::Kind::kCluster, ""});
  const size_t targets = line_.config.targets.size();
  const bool one = line_.verb == Verb::kConfigGet || line_.verb == Verb::kConfigSet ||
                   line_.verb == Verb::kConfigDescribe;
  if ((one && targets != 1) || (line_.verb == Verb::kConfigDiff && (targets < 1 || targets > 2))) {
    return usage_problem(
        targets == 0 ? "whose settings is not said" : "more is named than this verb takes",
        "settings belong to a topic, to a broker, or to all brokers",
        "--topic NAME   or   --node ID   or   --cluster");
  }
  if (line_.verb == Verb::kConfigSet && raw_.changes.empty() && line_.config.unset.empty()) {
    return usage_problem("nothing to set", "neither key=value nor --unset is there",
                         "barnabas config set --topic NAME retention.ms=86400000");
  }
  return pairs("", raw_.changes, line_.config.changes);
}

}  // namespace barnabas::cli

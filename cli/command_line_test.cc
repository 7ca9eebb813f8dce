#include "cli/command_line.h"

#include <gtest/gtest.h>

#include <map>

#include "cli/completion_words.h"

namespace barnabas::cli {
namespace {

Parsed parsed(const std::vector<std::string>& words,
              const std::map<std::string, std::string>& variables = {}) {
  return parse(
      words,
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      },
      1'000'000'000);
}

CommandLine understood(const std::vector<std::string>& words) {
  Parsed result = parsed(words);
  EXPECT_TRUE(result.line.has_value())
      << (result.problem.has_value() ? to_text(*result.problem) : result.help);
  return result.line.value_or(CommandLine{});
}

Problem refused(const std::vector<std::string>& words) {
  Parsed result = parsed(words);
  EXPECT_FALSE(result.line.has_value());
  EXPECT_TRUE(result.problem.has_value()) << result.help;
  return result.problem.value_or(Problem{});
}

TEST(CommandLine, TakesTopicCreateWithAllThatBelongsToIt) {
  const CommandLine line =
      understood({"topic", "create", "a", "b", "-p", "3", "-r", "2", "-c", "retention.ms=5", "-c",
                  "x=y=z", "--if-not-exists", "--validate-only"});
  EXPECT_EQ(line.verb, Verb::kTopicCreate);
  EXPECT_EQ(line.create.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(line.create.partitions, 3);
  EXPECT_EQ(line.create.replicas, 2);
  ASSERT_EQ(line.create.configs.size(), 2U);
  EXPECT_EQ(line.create.configs[1], std::make_pair(std::string("x"), std::string("y=z")));
  EXPECT_TRUE(line.create.if_not_exists);
  EXPECT_TRUE(line.create.validate_only);
}

TEST(CommandLine, WatchIsForVerbsThatOnlyShow) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"status"},
                                                                 {"quorum", "status"},
                                                                 {"topic", "list"},
                                                                 {"topic", "describe", "a"},
                                                                 {"group", "list"},
                                                                 {"group", "describe", "g"},
                                                                 {"group", "lag"},
                                                                 {"node", "list"}}) {
    EXPECT_FALSE(understood(words).common.watch);
    auto watched = words;
    watched.emplace_back("--watch");
    EXPECT_TRUE(understood(watched).common.watch) << words[0];
  }
  EXPECT_EQ(refused({"topic", "delete", "a", "--watch"}).exit, ExitCode::kUsage);
}

TEST(CommandLine, TakesAnAssignmentPerPartition) {
  const CommandLine line =
      understood({"topic", "create", "a", "--assign", "1=2,3", "--assign", "0=1,2"});
  EXPECT_EQ(line.create.assignment, (std::vector<std::vector<int32_t>>{{1, 2}, {2, 3}}));
}

TEST(CommandLine, TakesGlobalFlagsBeforeAndAfterTheVerb) {
  for (const auto& words :
       {std::vector<std::string>{"--format", "json", "topic", "list", "-q"},
        std::vector<std::string>{"topic", "list", "-q", "--format", "json"},
        std::vector<std::string>{"topic", "list", "--quiet", "--format=json"}}) {
    const CommandLine line = understood(words);
    EXPECT_EQ(line.verb, Verb::kTopicList);
    EXPECT_EQ(line.common.format, Format::kJson);
    EXPECT_TRUE(line.common.quiet);
  }
}

TEST(CommandLine, TakesConsumeAndProduce) {
  const CommandLine consume =
      understood({"consume", "board", "-o", "-10", "-n", "5", "--exit-at-end", "-f", "%k %v\\n",
                  "-X", "fetch.wait.max.ms=10", "--bootstrap", "h:1"});
  EXPECT_EQ(consume.consume.from.kind, Position::Kind::kLast);
  EXPECT_EQ(consume.consume.from.value, 10);
  EXPECT_EQ(consume.consume.count, 5);
  EXPECT_TRUE(consume.consume.exit_at_end);
  EXPECT_EQ(consume.consume.stream.bootstrap, "h:1");
  ASSERT_EQ(consume.consume.stream.properties.size(), 1U);
  const CommandLine produce =
      understood({"produce", "board", "-k", ":", "-z", "zstd", "--acks", "1"});
  EXPECT_EQ(produce.produce.key_separator, ":");
  EXPECT_EQ(produce.produce.codec, "zstd");
  EXPECT_EQ(produce.produce.acks, "1");
}

TEST(CommandLine, TakesTheVerbsOnTopics) {
  const CommandLine alter =
      understood({"topic", "alter", "a", "b", "-c", "retention.ms=5", "--unset", "cleanup.policy"});
  EXPECT_EQ(alter.verb, Verb::kTopicAlter);
  EXPECT_EQ(alter.alter.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(alter.alter.configs[0].second, "5");
  EXPECT_EQ(alter.alter.unset, (std::vector<std::string>{"cleanup.policy"}));
  EXPECT_EQ(understood({"topic", "add-partitions", "a", "--add", "3"}).add_partitions.more, 3);
  EXPECT_EQ(understood({"topic", "add-partitions", "a", "-p", "6"}).add_partitions.total, 6);
  const CommandLine trim = understood({"topic", "trim", "a:0,2", "--before", "-10", "--dry-run"});
  EXPECT_EQ(trim.trim.topic.topic, "a");
  EXPECT_EQ(trim.trim.topic.partitions, (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(trim.trim.before.kind, Position::Kind::kLast);
  EXPECT_EQ(trim.trim.before.value, 10);
  EXPECT_TRUE(trim.trim.dry_run);
}

TEST(CommandLine, TakesTheVerbsOnGroups) {
  EXPECT_EQ(understood({"group", "list", "--state", "Empty"}).group_list.states[0], "Empty");
  EXPECT_EQ(understood({"group", "lag", "g"}).groups.names[0], "g");
  const CommandLine seek = understood(
      {"group", "seek", "g", "--topic", "a", "--topic", "b:1", "--to", "-5", "--execute"});
  EXPECT_EQ(seek.seek.group, "g");
  ASSERT_EQ(seek.seek.topics.size(), 2U);
  EXPECT_EQ(seek.seek.topics[1].partitions, (std::vector<int32_t>{1}));
  EXPECT_EQ(seek.seek.to.kind, Position::Kind::kShift);
  EXPECT_EQ(seek.seek.to.value, -5);
  EXPECT_TRUE(seek.seek.execute);
  const auto to = [](const std::string& place) {
    return understood({"group", "seek", "g", "--to", place}).seek.to;
  };
  EXPECT_EQ(to("+7").kind, Position::Kind::kShift);
  EXPECT_EQ(to("+7").value, 7);
  EXPECT_EQ(to("7").kind, Position::Kind::kOffset);
  EXPECT_EQ(to("start").kind, Position::Kind::kStart);
  EXPECT_EQ(to("@-1s").value, 999'999'000);
  EXPECT_FALSE(understood({"group", "seek", "g", "--to", "end", "--dry-run"}).seek.execute);
  EXPECT_EQ(understood({"group", "offset-delete", "g", "--topic", "t"}).offset_delete.group, "g");
}

TEST(CommandLine, TakesTheVerbsOnNodesAndSettings) {
  EXPECT_EQ(understood({"node", "drain", "3"}).node.node, 3);
  EXPECT_EQ(understood({"node", "drain", "3"}).common.timeout, std::chrono::minutes(1));
  EXPECT_FALSE(understood({"node", "drain", "3", "--no-wait"}).node.wait);
  const CommandLine set =
      understood({"config", "set", "--topic", "t", "a=1", "b=x=y", "--unset", "c"});
  EXPECT_EQ(set.config.targets[0].kind, ConfigTarget::Kind::kTopic);
  EXPECT_EQ(set.config.changes[1].second, "x=y");
  EXPECT_EQ(set.config.unset[0], "c");
  const CommandLine diff = understood({"config", "diff", "--node", "1", "--node", "2"});
  ASSERT_EQ(diff.config.targets.size(), 2U);
  EXPECT_EQ(diff.config.targets[1].name, "2");
  EXPECT_EQ(understood({"config", "get", "--cluster", "k"}).config.keys[0], "k");
  EXPECT_EQ(understood({"explain", "19"}).word, "19");
  EXPECT_EQ(understood({"explain", "-1"}).word, "-1");
  EXPECT_EQ(understood({"completion", "zsh"}).word, "zsh");
}

TEST(CommandLine, TakesEachForm) {
  EXPECT_EQ(understood({"topic", "list", "--format", "wide"}).common.format, Format::kWide);
  EXPECT_EQ(understood({"topic", "list", "--format", "yaml"}).common.format, Format::kYaml);
  EXPECT_EQ(understood({"topic", "list", "--format", "jsonl"}).common.format, Format::kJsonl);
  EXPECT_FALSE(understood({"topic", "list", "--no-headers"}).common.headers);
}

std::vector<std::string> completed(const std::vector<std::string>& words) {
  return completion_of(words).words;
}

TEST(Completion, KnowsVerbsFlagsAndFixedValues) {
  EXPECT_EQ(completed({"top"}), (std::vector<std::string>{"topic"}));
  EXPECT_EQ(completed({"topic", "de"}), (std::vector<std::string>{"delete", "describe"}));
  EXPECT_EQ(completed({"topic", "list", "--no"}), (std::vector<std::string>{"--no-headers"}));
  EXPECT_EQ(completed({"topic", "list", "--format", "json"}),
            (std::vector<std::string>{"json", "jsonl"}));
  EXPECT_EQ(completed({"completion", ""}), (std::vector<std::string>{"bash", "fish", "zsh"}));
  EXPECT_TRUE(completed({"nonsense", ""}).empty());
  EXPECT_TRUE(completed({}).empty());
}

TEST(Completion, KnowsWhatKindOfNameComesNext) {
  using Names = Completion::Names;
  const std::vector<std::pair<std::vector<std::string>, Names>> cases = {
      {{"topic", "describe", "a", "b"}, Names::kTopics},
      {{"consume", ""}, Names::kTopics},
      {{"consume", "board", ""}, Names::kNone},
      {{"-q", "--timeout", "5s", "group", "lag", ""}, Names::kGroups},
      {{"group", "seek", "g", "--topic", ""}, Names::kTopics},
      {{"node", "drain", ""}, Names::kNodes},
      {{"config", "get", "--node", ""}, Names::kNodes},
      {{"config", "get", "--node", "1", ""}, Names::kBrokerKeys},
      {{"config", "get", "--topic", "t", ""}, Names::kTopicKeys},
      {{"config", "explain", ""}, Names::kAllKeys},
      {{"explain", ""}, Names::kErrors},
      {{"topic", "create", ""}, Names::kNone},
  };
  for (const auto& [words, kind] : cases) {
    EXPECT_EQ(completion_of(words).names, kind) << words.front() << " ... " << words.back();
  }
  EXPECT_EQ(completion_of({"config", "set", "--topic", "t", "reten"}).behind, "=");
  EXPECT_EQ(completion_of({"config", "set", "--topic", "t", "reten"}).begun, "reten");
}

TEST(CommandLine, FindsTheClusterInTheEnvironmentUnlessItIsNamed) {
  const std::map<std::string, std::string> variables = {{"BARNABAS_CONTROLLERS", "a:1, b:2"},
                                                        {"BARNABAS_BROKERS", "c:3"}};
  EXPECT_EQ(parsed({"topic", "list"}, variables).line->common.controllers,
            (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(parsed({"topic", "list", "--controllers", "d:4"}, variables).line->common.controllers,
            (std::vector<std::string>{"d:4"}));
  EXPECT_EQ(parsed({"consume", "t"}, variables).line->consume.stream.bootstrap, "c:3");
  EXPECT_EQ(parsed({"topic", "list"}).line->common.controllers.size(), 3U);
}

TEST(CommandLine, GivesEachVerbATimeThatSuitsIt) {
  EXPECT_EQ(understood({"topic", "list"}).common.timeout, std::chrono::seconds(10));
  EXPECT_EQ(understood({"status"}).common.timeout, std::chrono::seconds(3));
  EXPECT_EQ(understood({"status", "--timeout", "250ms"}).common.timeout,
            std::chrono::milliseconds(250));
}

TEST(CommandLine, NamesTheVerbThatWasProbablyMeant) {
  EXPECT_EQ(refused({"stauts"}).cause, "perhaps status was meant");
  EXPECT_EQ(refused({"topic", "crate", "x"}).next, "barnabas topic create");
  EXPECT_EQ(refused({"topic", "frobnicate"}).next, "barnabas topic --help");
}

TEST(CommandLine, NamesTheFlagThatWasProbablyMeant) {
  EXPECT_EQ(refused({"topic", "create", "x", "--partions", "3"}).cause,
            "perhaps --partitions was meant");
  EXPECT_EQ(refused({"topic", "list", "--fromat", "json"}).cause, "perhaps --format was meant");
}

TEST(CommandLine, RefusesWhatMakesNoSense) {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"topic"},
      {"topic", "create"},
      {"topic", "delete"},
      {"topic", "create", "x", "-p", "0"},
      {"topic", "create", "x", "-p", "many"},
      {"topic", "create", "x", "-c", "novalue"},
      {"topic", "create", "x", "--assign", "1=1"},
      {"topic", "create", "x", "--assign", "0=1", "--assign", "0=2"},
      {"topic", "create", "x", "--assign", "0=a"},
      {"topic", "create", "x", "--assign", "0=1", "-p", "1"},
      {"topic", "list", "--format", "xml"},
      {"topic", "list", "--timeout", "soon"},
      {"topic", "list", "--timeout", "0s"},
      {"topic", "list", "--controllers", "nohost"},
      {"topic", "list", "--controllers", "h:99999"},
      {"topic", "list", "--controllers", ","},
      {"produce"},
      {"produce", "t", "-z", "rar"},
      {"produce", "t", "--acks", "2"},
      {"consume", "t", "-o", "middle"},
      {"consume", "t", "-f", "%x"},
      {"consume", "t", "-n", "-3"},
      {"consume", "t", "-X", "novalue"},
      {"produce", "t", "-f", "%k%v"},
      {"produce", "t", "-f", "%k %v", "-k", ":"},
      {"produce", "t", "-H", "novalue"},
      {"topic", "alter", "t"},
      {"topic", "add-partitions", "t"},
      {"topic", "add-partitions", "t", "-p", "3", "--add", "1"},
      {"topic", "trim", "t"},
      {"topic", "trim", "t:x", "--before", "end"},
      {"topic", "trim", "t", "--before", "middle"},
      {"group", "seek", "g"},
      {"group", "seek", "g", "--to", "there"},
      {"group", "seek", "g", "--to", "end", "--topic", ":1"},
      {"group", "seek", "g", "--to", "end", "--execute", "--dry-run"},
      {"group", "delete"},
      {"group", "offset-delete", "g"},
      {"node", "drain"},
      {"node", "drain", "one"},
      {"config", "get"},
      {"config", "get", "--topic", "a", "--topic", "b"},
      {"config", "get", "--node", "one"},
      {"config", "set", "--topic", "a"},
      {"config", "set", "--topic", "a", "novalue"},
      {"config", "diff", "--topic", "a", "--topic", "b", "--cluster"},
      {"completion", "tcsh"},
      {"explain"},
  };
  for (const auto& words : cases) {
    std::string text;
    for (const std::string& word : words) text += word + " ";
    const Parsed result = parsed(words);
    ASSERT_TRUE(result.problem.has_value()) << text;
    EXPECT_EQ(result.problem->exit, ExitCode::kUsage) << text;
    EXPECT_EQ(result.usage_exit, 2) << text;
    EXPECT_FALSE(result.problem->came_back.empty()) << text;
    EXPECT_FALSE(result.problem->next.empty()) << text;
  }
}

TEST(CommandLine, AMistakeInStatusDoesNotLookLikeACluserThatIsDown) {
  EXPECT_EQ(parsed({"status", "--nonsense"}).usage_exit, 64);
  EXPECT_EQ(parsed({"--timeout", "soon", "status"}).usage_exit, 64);
  EXPECT_EQ(parsed({"quorum", "status", "--nonsense"}).usage_exit, 2);
}

TEST(CommandLine, HelpIsThatOfTheVerb) {
  EXPECT_NE(parsed({"--help"}).help.find("exit codes"), std::string::npos);
  EXPECT_NE(parsed({"topic", "create", "--help"}).help.find("--if-not-exists"), std::string::npos);
  EXPECT_NE(parsed({"group", "seek", "-h"}).help.find("Usage: barnabas group seek [OPTIONS] group"),
            std::string::npos);
}

TEST(CommandLine, QuorumVerbsNameAControllerByItsIdAlone) {
  EXPECT_EQ(understood({"quorum", "add", "4"}).quorum.id, 4);
  EXPECT_EQ(understood({"quorum", "add", "4"}).common.timeout, std::chrono::minutes(10));
  const CommandLine remove =
      understood({"quorum", "remove", "3", "--directory", "MDEyMzQ1Njc4OWFiY2RlZg"});
  EXPECT_EQ(remove.verb, Verb::kQuorumRemove);
  EXPECT_EQ(remove.quorum.directory, "0123456789abcdef");
  EXPECT_EQ(understood({"quorum", "transfer"}).quorum.to, std::nullopt);
  EXPECT_EQ(understood({"quorum", "transfer", "--to", "2"}).quorum.to, 2);
  EXPECT_EQ(understood({"quorum", "replace", "3"}).verb, Verb::kQuorumReplace);
}

TEST(CommandLine, ADirectoryIsTwentyTwoCharacters) {
  const Problem problem = refused({"quorum", "remove", "3", "--directory", "/data"});
  EXPECT_EQ(problem.exit, ExitCode::kUsage);
  EXPECT_NE(problem.next.find("--format wide"), std::string::npos);
}

}  // namespace
}  // namespace barnabas::cli

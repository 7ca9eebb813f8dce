#include "cli/command_line.h"

#include <gtest/gtest.h>

#include <map>

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
}

}  // namespace
}  // namespace barnabas::cli

#include "cli/kafka_tools/arguments.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/kafka_tools/duration_text.h"
#include "cli/kafka_tools/setting.h"
#include "cli/kafka_tools/tools.h"

namespace barnabas::cli::kafka_tools {
namespace {

const std::vector<Flag> kFlags = {
    {"topic"},
    {"topic-id"},
    {"create", Takes::kNothing},
    {"state", Takes::kMaybe},
    {"config"},
    {"formatter-property"},
    {"property", Takes::kValue, "", "formatter-property"},
};

Arguments parsed(const std::vector<std::string>& words) {
  auto out = Arguments::parse(kFlags, words);
  EXPECT_TRUE(out.ok()) << out.status();
  return out.value_or(Arguments());
}

std::string refused(const std::vector<std::string>& words) {
  return std::string(Arguments::parse(kFlags, words).status().message());
}

TEST(ToolArguments, ValuesStandBehindTheFlagOrAnEqualsSign) {
  EXPECT_EQ(parsed({"--topic", "a"}).value("topic"), "a");
  EXPECT_EQ(parsed({"--topic=a=b"}).value("topic"), "a=b");
  EXPECT_EQ(parsed({"--config", "x=1", "--config", "y=2"}).values("config"),
            (std::vector<std::string>{"x=1", "y=2"}));
  EXPECT_EQ(parsed({"--topic", "a", "--topic", "b"}).value("topic"), "b");
}

TEST(ToolArguments, ANegativeNumberIsAValue) {
  EXPECT_EQ(*parsed({"--topic", "-1"}).number("topic"), -1);
}

TEST(ToolArguments, AFlagMayBeCutShortWhereOnlyOneIsMeant) {
  EXPECT_TRUE(parsed({"--crea"}).has("create"));
  EXPECT_EQ(parsed({"--topic", "a"}).value("topic"), "a") << "a whole name is never ambiguous";
  EXPECT_EQ(refused({"--to", "a"}), "to is ambiguous: it could be topic, topic-id");
}

TEST(ToolArguments, OldNamesStandForNewOnes) {
  EXPECT_EQ(
      parsed({"--property", "a=b", "--formatter-property", "c=d"}).values("formatter-property"),
      (std::vector<std::string>{"a=b", "c=d"}));
}

TEST(ToolArguments, AValueMayBeLeftOutWhereItIsOptional) {
  const Arguments without = parsed({"--state", "--create"});
  EXPECT_TRUE(without.has("state"));
  EXPECT_EQ(without.value("state"), std::nullopt);
  EXPECT_EQ(parsed({"--state", "Stable"}).value("state"), "Stable");
}

TEST(ToolArguments, WhatIsWrongIsNamed) {
  EXPECT_EQ(refused({"--tpoic", "a"}), "tpoic is not a recognized option");
  EXPECT_EQ(refused({"--topic"}), "Option topic requires an argument");
  EXPECT_EQ(refused({"--topic", "--create"}), "Option topic requires an argument");
  EXPECT_EQ(refused({"--create=yes"}), "Option create takes no argument");
  EXPECT_FALSE(parsed({"--topic", "many"}).number("topic").ok());
}

TEST(ToolNames, AToolIsFoundByTheLastPartOfItsPathWithOrWithoutSh) {
  EXPECT_STREQ(find_tool("/usr/bin/kafka-topics.sh")->name, "kafka-topics");
  EXPECT_STREQ(find_tool("kafka-configs")->name, "kafka-configs");
  EXPECT_EQ(find_tool("/usr/bin/barnabas"), nullptr);
  EXPECT_EQ(find_tool("kafka-topics.py"), nullptr);
}

TEST(ToolNames, EachSaysWhatIsMissingAndWhatItsFlagsAre) {
  for (const Tool& tool : all_tools()) {
    std::istringstream in;
    std::ostringstream out, err;
    EXPECT_EQ(tool.run({}, {in, out, err}), 1) << tool.name;
    EXPECT_NE(err.str().find("--bootstrap-server"), std::string::npos) << tool.name;
    EXPECT_EQ(out.str(), "") << tool.name;
    std::ostringstream version;
    EXPECT_EQ(tool.run({"--version"}, {in, version, err}), 0) << tool.name;
    EXPECT_EQ(version.str().substr(0, 9), "barnabas ") << tool.name;
  }
}

TEST(Patterns, ACommaMeansOrAndTheWholeNameMustMatch) {
  const auto pattern = NamePattern::compile("alpha, b.*");
  ASSERT_TRUE(pattern.ok());
  EXPECT_TRUE(pattern->matches("alpha"));
  EXPECT_TRUE(pattern->matches("beta"));
  EXPECT_FALSE(pattern->matches("alphabet"));
  EXPECT_FALSE(NamePattern::compile("*x").ok());
}

TEST(Durations, AreTakenInJavasForm) {
  EXPECT_EQ(parse_iso_duration("P1DT2H3M4.5S")->count(), ((26 * 60 + 3) * 60 + 4) * 1000 + 500);
  EXPECT_EQ(parse_iso_duration("PT0S")->count(), 0);
  EXPECT_EQ(parse_iso_duration("P7D")->count(), 7 * 24 * 3600 * 1000);
  for (const char* wrong : {"", "P", "PT", "1h", "P1H", "PT-1S"}) {
    EXPECT_FALSE(parse_iso_duration(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace barnabas::cli::kafka_tools

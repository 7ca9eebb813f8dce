#include "common/properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace barnabas {
namespace {

using testing::HasSubstr;

std::string value(std::string_view text, std::string_view key) {
  const auto parsed = Properties::parse(text, "test.properties");
  if (!parsed.ok()) return parsed.status().ToString();
  const auto* entry = parsed->find(key);
  return entry == nullptr ? "(none)" : entry->value;
}

std::string error(std::string_view text) {
  return std::string(Properties::parse(text, "test.properties").status().message());
}

TEST(Properties, KeysEndAtEqualsColonOrBlank) {
  EXPECT_EQ(value("a=1", "a"), "1");
  EXPECT_EQ(value("a: 1", "a"), "1");
  EXPECT_EQ(value("a 1", "a"), "1");
  EXPECT_EQ(value("  a  =  1  ", "a"), "1");
  EXPECT_EQ(value("a = b = c", "a"), "b = c");
  EXPECT_EQ(value("listeners=PLAINTEXT://:9092", "listeners"), "PLAINTEXT://:9092");
  EXPECT_EQ(value("a\n", "a"), "");
  EXPECT_EQ(value("a=", "a"), "");
}

TEST(Properties, CommentsAndBlankLinesSayNothing) {
  const auto parsed = Properties::parse("# a=1\n\n   ! b=2\r\nc=3 # part of the value\r\n", "t");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->entries().size(), 1u);
  EXPECT_EQ(parsed->find("c")->value, "3 # part of the value");
}

TEST(Properties, ALineThatEndsInABackslashGoesOnInTheNext) {
  EXPECT_EQ(value("a=one,\\\n   two\nb=3", "a"), "one,two");
  EXPECT_EQ(value("a=one,\\\n   two\nb=3", "b"), "3");
  EXPECT_EQ(value("a=one\\\\\nb=3", "a"), "one\\");
  EXPECT_EQ(value("a=one\\\n# two", "a"), "one# two");
}

TEST(Properties, EscapesAreJavas) {
  EXPECT_EQ(value("a\\=b\\:c\\ d=1", "a=b:c d"), "1");
  EXPECT_EQ(value("a=x\\ty\\nz\\\\\\u00e9\\u20AC", "a"), "x\ty\nz\\\xc3\xa9\xe2\x82\xac");
  EXPECT_THAT(error("a=1\nb=\\u00g0"), HasSubstr("test.properties:2: b=\\u00g0"));
  EXPECT_THAT(error("b=\\u00"), HasSubstr("four hexadecimal digits"));
}

TEST(Properties, LineNumbersCountRealLines) {
  const auto parsed = Properties::parse("#\na=1,\\\n2\n\nb=3\n", "t");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->find("a")->line, 2);
  EXPECT_EQ(parsed->find("b")->line, 5);
  EXPECT_EQ(parsed->where("b"), "t:5: b=3");
}

TEST(Properties, AKeySetTwiceIsAnErrorThatQuotesBothLines) {
  const std::string message = error("node.id=1\nx=2\nnode.id = 3\n");
  EXPECT_THAT(message, HasSubstr("'node.id' is set twice"));
  EXPECT_THAT(message, HasSubstr("test.properties:1: node.id=1"));
  EXPECT_THAT(message, HasSubstr("test.properties:3: node.id = 3"));
}

TEST(Properties, AValueWithoutKeyIsAnError) { EXPECT_THAT(error("=1"), HasSubstr("no key")); }

TEST(Properties, AFileThatWasCutIsNamedWithItsLine) {
  EXPECT_THAT(error("a=1\nb=2,\\"), HasSubstr("test.properties:2: b=2,\\"));
  EXPECT_THAT(error("a=1\nb=2,\\\n"), HasSubstr("the file ends inside this line"));
  EXPECT_THAT(error("node.id=1\nlog.di"), HasSubstr("test.properties:2: log.di"));
  EXPECT_EQ(value("node.id=1\nlog.dirs=/d", "log.dirs"), "/d");  // no end of the line: well
  EXPECT_THAT(error(std::string_view("a=1\nb\0\0\0", 8)), HasSubstr("test.properties:2"));
  EXPECT_THAT(error(std::string_view("a=1\nb\0\0\0", 8)), HasSubstr("zero bytes"));
}

TEST(Properties, AllThatIsWrongIsFoundAtOnce) {
  std::vector<ConfigFinding> findings;
  const Properties read = Properties::parse_all("a=1\nb=\\u00g0\na=2\n=3\nc=4\n", "t", findings);
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].line, 2);
  EXPECT_EQ(findings[1].line, 3);
  EXPECT_EQ(findings[1].key, "a");
  EXPECT_EQ(findings[2].line, 4);
  EXPECT_EQ(read.find("a")->value, "1");
  EXPECT_EQ(read.find("c")->value, "4");
  const std::string all(first_errors(findings).message());
  EXPECT_THAT(all, HasSubstr("t:2"));
  EXPECT_THAT(all, HasSubstr("t:4"));
}

TEST(Properties, VariablesAreNamedAsKafkasImagesNameThem) {
  EXPECT_EQ(key_of_variable("KAFKA_NODE_ID"), "node.id");
  EXPECT_EQ(key_of_variable("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"),
            "listener.security.protocol.map");
  EXPECT_EQ(key_of_variable("KAFKA_A__B_C___D"), "a_b.c-d");
  EXPECT_EQ(key_of_variable("KAFKA_HEAP_OPTS"), "");
  EXPECT_EQ(key_of_variable("KAFKA_JMX_PORT"), "");
  EXPECT_EQ(key_of_variable("KAFKA_"), "");
  EXPECT_EQ(key_of_variable("PATH"), "");
}

TEST(Properties, TheEnvironmentCountsMoreThanTheFileAndSaysSo) {
  Properties properties = Properties::parse("node.id=1\nlog.dirs=/d\n", "t").value();
  const auto remarks =
      properties.take_environment({"HOME=/root", "KAFKA_NODE_ID=7", "KAFKA_NUM_PARTITIONS=3"});
  EXPECT_EQ(properties.find("node.id")->value, "7");
  EXPECT_EQ(properties.find("num.partitions")->value, "3");
  EXPECT_EQ(properties.find("log.dirs")->value, "/d");
  EXPECT_EQ(properties.where("node.id"), "environment: KAFKA_NODE_ID=7");
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_THAT(remarks[0], HasSubstr("KAFKA_NODE_ID"));
  EXPECT_THAT(remarks[0], HasSubstr("t:1"));
}

TEST(Properties, WhatIsSetOnTheCommandLineWins) {
  Properties properties = Properties::parse("a=1", "t").value();
  properties.set("a", "2");
  EXPECT_EQ(properties.find("a")->value, "2");
  EXPECT_EQ(properties.where("a"), "command line: a=2");
}

TEST(Properties, AFileThatIsNotThereIsAnErrorWithItsPath) {
  const auto missing = Properties::read_file("/does/not/exist");
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("/does/not/exist"));
  const std::string path = testing::TempDir() + "/p.properties";
  std::ofstream(path) << "a=1\n";
  EXPECT_EQ(Properties::read_file(path).value().find("a")->value, "1");
}

}  // namespace
}  // namespace barnabas

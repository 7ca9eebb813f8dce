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
  EXPECT_EQ(value("a", "a"), "");
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
  EXPECT_EQ(value("a=end\\", "a"), "end");
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

TEST(Properties, AnUnknownKeyNamesTheNearestKnownOne) {
  const std::vector<std::string> known = {"node.id", "listeners", "log.dirs", "log.retention.ms"};
  const auto message = [&](std::string_view text) {
    return std::string(Properties::parse(text, "t").value().check_known(known).message());
  };
  EXPECT_THAT(message("nodeid=1"), HasSubstr("did you mean 'node.id'?"));
  EXPECT_THAT(message("log.dir=/x"), HasSubstr("t:1: log.dir=/x"));
  EXPECT_THAT(message("log.dir=/x"), HasSubstr("did you mean 'log.dirs'?"));
  EXPECT_THAT(message("quite.different=1"), testing::Not(HasSubstr("did you mean")));
  EXPECT_EQ(message("node.id=1\nlisteners=x"), "");
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

TEST(EditDistance, CountsSingleEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("ab", "ba"), 1u);
  EXPECT_EQ(edit_distance("ab", "ba"), edit_distance("ba", "ab"));
}

}  // namespace
}  // namespace barnabas

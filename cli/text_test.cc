// The small parts of text: times, sizes, nearest words, layouts, positions, JSON, tables.

#include <gtest/gtest.h>

#include "cli/data_text.h"
#include "cli/duration.h"
#include "cli/input_layout.h"
#include "cli/json_text.h"
#include "cli/nearest.h"
#include "cli/record_layout.h"
#include "cli/table.h"

namespace barnabas::cli {
namespace {

using std::chrono::milliseconds;

TEST(Duration, IsANumberWithAUnitAndSecondsWithout) {
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("3"), milliseconds(3000));
  EXPECT_EQ(parse_duration("1d"), milliseconds(86'400'000));
}

TEST(Duration, RefusesWhatIsNotATime) {
  for (const char* text : {"", "s", "ms", "-1s", "+1s", "1x", "1 s", "1e9d", "9999999999999d",
                           "nan", "inf", "0x10s"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(Time, IsMillisecondsOrADateInUtcOrSomethingBeforeNow) {
  EXPECT_EQ(parse_time("1700000000000", 0), 1'700'000'000'000);
  EXPECT_EQ(parse_time("-5m", 1'000'000), 700'000);
  EXPECT_EQ(parse_time("1970-01-02", 0), 86'400'000);
  EXPECT_EQ(parse_time("1970-01-01T01:00", 0), 3'600'000);
  EXPECT_EQ(parse_time("1970-01-01T00:00:07", 0), 7000);
  EXPECT_FALSE(parse_time("yesterday", 0).has_value());
  EXPECT_FALSE(parse_time("-", 0).has_value());
}

TEST(Sizes, AreHumanised) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(uint64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(text_of(milliseconds(850)), "850 ms");
  EXPECT_EQ(text_of(milliseconds(3200)), "3.2 s");
  EXPECT_EQ(text_of(milliseconds(240'000)), "4 min");
}

TEST(Nearest, IsTheWordWithTheFewestEdits) {
  const std::vector<std::string> verbs = {"status", "topic", "quorum", "produce", "consume"};
  EXPECT_EQ(nearest("stauts", verbs), "status");
  EXPECT_EQ(nearest("topics", verbs), "topic");
  EXPECT_EQ(nearest("prodcue", verbs), "produce");
  EXPECT_EQ(nearest("comsume", verbs), "consume");
}

TEST(Nearest, IsNothingWhereNoWordIsNear) {
  const std::vector<std::string> verbs = {"status", "topic", "quorum"};
  EXPECT_EQ(nearest("explode", verbs), "");
  EXPECT_EQ(nearest("x", verbs), "");
  EXPECT_EQ(nearest("-z", {"-k", "-q"}), "-k");  // one edit: worth naming
}

RecordView record() { return {"board", 2, 17, 1'700'000'000'000, "k", "v\tw", {}}; }

TEST(Layout, PrintsTheFieldsThatItNames) {
  EXPECT_EQ(laid_out("%t/%p/%o %k=%v @%T%%\\n", record()), "board/2/17 k=v\tw @1700000000000%\n");
}

TEST(Layout, PrintsNothingForAnAbsentKeyOrValue) {
  EXPECT_EQ(laid_out("[%k][%v]", RecordView{"t", 0, 0, -1, {}, {}, {}}), "[][]");
}

TEST(Layout, PrintsHeadersDatesAndSizes) {
  RecordView with = record();
  with.headers = {{"a", "1"}, {"b", {}}};
  EXPECT_EQ(laid_out("%h %d %K/%V", with), "a=1,b= 2023-11-14T22:13:20.000Z 1/3");
  EXPECT_EQ(laid_out("%h|%d %K/%V", RecordView{"t", 0, 0, -1, {}, {}, {}}), "|- -1/-1");
}

TEST(InputLayout, TakesALineApartByWhatStandsBetweenTheFields) {
  EXPECT_EQ(check_input_layout("%k:%v\\n"), "");
  const auto plain = InputLayout("%k:%v\\n").read("key:value:more");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->key, "key");
  EXPECT_EQ(plain->value, "value:more");
  const auto all = InputLayout("%p %T [%h] 100%% %k\\t%v.").read("3 1700 [a=1,b=] 100% k\tv.");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->partition, 3);
  EXPECT_EQ(all->timestamp_ms, 1700);
  EXPECT_EQ(all->key, "k");
  EXPECT_EQ(all->value, "v");
  EXPECT_EQ(all->headers,
            (std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", ""}}));
  EXPECT_EQ(InputLayout("").read("a:b")->value, "a:b");
  EXPECT_FALSE(InputLayout("").read("a:b")->key.has_value());
}

TEST(InputLayout, RefusesALineThatDoesNotFit) {
  EXPECT_FALSE(InputLayout("%k:%v").read("no separator").has_value());
  EXPECT_FALSE(InputLayout("<%v>").read("<half").has_value());
  EXPECT_FALSE(InputLayout("%p %v").read("one v").has_value());
  EXPECT_FALSE(InputLayout("%p %v").read("-1 v").has_value());
  EXPECT_FALSE(InputLayout("%h %v").read("=1 v").has_value());
}

TEST(InputLayout, NamesItsFirstMistake) {
  EXPECT_NE(check_input_layout("%k%v").find("nothing stands before %v"), std::string::npos);
  EXPECT_NE(check_input_layout("%k %k").find("twice"), std::string::npos);
  EXPECT_NE(check_input_layout("%o").find("cannot be read"), std::string::npos);
  EXPECT_NE(check_input_layout("none").find("no field"), std::string::npos);
  EXPECT_NE(check_input_layout("%v\\q").find("\\q is nothing"), std::string::npos);
  EXPECT_NE(check_input_layout("%").find("ends in the middle"), std::string::npos);
}

TEST(Data, IsTheSameInYamlAndInLines) {
  const std::string json =
      R"({"topics":[{"name":"a","count":1,"empty":[],"list":[1,"x: y"]},{"name":"null","count":"2"}],"z":{"k":true}})";
  EXPECT_EQ(
      yaml_of(json),
      "topics:\n  - name: a\n    count: 1\n    empty: []\n    list:\n      - 1\n      - \"x: y\"\n"
      "  - name: \"null\"\n    count: \"2\"\nz:\n  k: true\n");
  EXPECT_EQ(json_lines_of(json, "topics"),
            "{\"name\":\"a\",\"count\":1,\"empty\":[],\"list\":[1,\"x: y\"]}\n"
            "{\"name\":\"null\",\"count\":\"2\"}\n");
  EXPECT_EQ(json_lines_of(json, "nothing"), json + "\n");
}

TEST(Data, ObjectsAreWrittenFieldByField) {
  EXPECT_EQ(JsonObject()
                .add("text", "a\"b")
                .add("number", int64_t{-5})
                .add("flag", true)
                .add_null("none")
                .add_json("list", json_strings({"x", "y"}))
                .text(),
            R"({"text":"a\"b","number":-5,"flag":true,"none":null,"list":["x","y"]})");
  EXPECT_EQ(JsonObject().text(), "{}");
}

TEST(Layout, NamesItsFirstMistake) {
  EXPECT_EQ(check_layout("%t %p %o %k %v %T %% \\n \\t \\\\"), "");
  EXPECT_NE(check_layout("%x").find("%x is nothing"), std::string::npos);
  EXPECT_NE(check_layout("100%").find("ends in the middle"), std::string::npos);
  EXPECT_NE(check_layout("\\q").find("\\q is nothing"), std::string::npos);
}

TEST(Position, IsStartEndACountAnOffsetOrATime) {
  EXPECT_EQ(parse_position("start", 0)->kind, Position::Kind::kStart);
  EXPECT_EQ(parse_position("end", 0)->kind, Position::Kind::kEnd);
  EXPECT_EQ(parse_position("-10", 0)->kind, Position::Kind::kLast);
  EXPECT_EQ(parse_position("-10", 0)->value, 10);
  EXPECT_EQ(parse_position("1200", 0)->kind, Position::Kind::kOffset);
  EXPECT_EQ(parse_position("@-5m", 600'000)->value, 300'000);
  EXPECT_FALSE(parse_position("middle", 0).has_value());
  EXPECT_FALSE(parse_position("", 0).has_value());
  EXPECT_FALSE(parse_position("@", 0).has_value());
}

TEST(Json, EscapesWhatWouldEndAStringAndControlCharacters) {
  EXPECT_EQ(json_string("a\"b\\c\n\t\r\x01z"), "\"a\\\"b\\\\c\\n\\t\\r\\u0001z\"");
}

TEST(Json, SaysWhereBytesAreNotText) {
  EXPECT_EQ(json_bytes_field("value", "käse"), "\"value\":\"käse\"");
  EXPECT_EQ(json_bytes_field("value", "\xff\x00\x01"), "\"value_base64\":\"/w==\"");
  EXPECT_EQ(record_json({"t", 0, 1, 5, {}, "v", {{"h", "x"}, {"n", {}}}}),
            R"({"topic":"t","partition":0,"offset":1,"timestamp_ms":5,"key":null,"value":"v",)"
            R"("headers":[{"key":"h","value":"x"},{"key":"n","value":null}]})");
}

TEST(Json, KnowsWhatUtf8Is) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
  for (const char* bytes : {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80",
                            "\xf0\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bytes)) << bytes;
  }
}

TEST(Table, PutsNumbersRightAndTextLeft) {
  Table table({{"name"}, {"n", Align::kRight}, {"note"}});
  table.add({"a", "7", "x"});
  table.add({"longer", "1234", ""});
  EXPECT_EQ(table.render(0, false),
            "name       n  note\n"
            "a          7  x\n"
            "longer  1234\n");
}

TEST(Table, LeavesOutAColumnThatHasNothingInIt) {
  Table table({{"name"}, {"rack"}, {"n", Align::kRight}});
  table.add({"a", "", "7"});
  EXPECT_EQ(table.render(0, false), "name  n\na     7\n");
}

TEST(Table, CutsTheWidestTextAndNeverANumberToFitTheTerminal) {
  Table table({{"name"}, {"n", Align::kRight}});
  table.add({"abcdefghijklmnop", "1234567890"});
  const std::string text = table.render(22, false);
  EXPECT_EQ(text,
            "name                 n\n"
            "abcdefghi~  1234567890\n");
}

TEST(Table, CountsCharactersAndNotBytes) {
  Table table({{"a"}, {"b"}});
  table.add({"\xc3\xa4\xc3\xb6", "x"});
  table.add({"abc", "y"});
  EXPECT_EQ(table.render(0, false), "a    b\n\xc3\xa4\xc3\xb6   x\nabc  y\n");
}

TEST(Table, IsBoldOnlyWhereThereAreColours) {
  Table table({{"a"}});
  table.add({"x"});
  EXPECT_EQ(table.render(0, true), "\033[1ma\033[0m\nx\n");
}

}  // namespace
}  // namespace barnabas::cli

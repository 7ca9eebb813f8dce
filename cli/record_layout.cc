#include "cli/record_layout.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

#include "cli/duration.h"
#include "cli/json_text.h"

namespace barnabas::cli {
namespace {

constexpr std::string_view kFields = "tpokvhTdKV%";

// "name=value,name=value"
std::string headers_text(const RecordView& record) {
  std::string out;
  for (const auto& [name, value] : record.headers) {
    if (!out.empty()) out += ',';
    out += name;
    out += '=';
    out += value.value_or("");
  }
  return out;
}

std::string field(char name, const RecordView& record) {
  switch (name) {
    case 't':
      return std::string(record.topic);
    case 'p':
      return std::to_string(record.partition);
    case 'o':
      return std::to_string(record.offset);
    case 'k':
      return std::string(record.key.value_or(""));
    case 'v':
      return std::string(record.value.value_or(""));
    case 'h':
      return headers_text(record);
    case 'T':
      return std::to_string(record.timestamp_ms);
    case 'd':
      return date_text(record.timestamp_ms);
    case 'K':
      return record.key ? std::to_string(record.key->size()) : "-1";
    case 'V':
      return record.value ? std::to_string(record.value->size()) : "-1";
    default:
      return "%";
  }
}

}  // namespace

std::optional<char> unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case '0':
      return '\0';
    case '\\':
      return '\\';
    default:
      return std::nullopt;
  }
}

std::string date_text(int64_t ms) {
  if (ms < 0) return "-";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

std::string check_layout(std::string_view layout) {
  for (size_t i = 0; i < layout.size(); ++i) {
    if (layout[i] != '%' && layout[i] != '\\') continue;
    const char kind = layout[i];
    if (++i == layout.size())
      return absl::StrCat("it ends in the middle of a ", std::string(1, kind));
    if (kind == '%' && kFields.find(layout[i]) == std::string_view::npos) {
      return absl::StrCat("%", std::string(1, layout[i]),
                          " is nothing; %t topic, %p partition, %o offset, %k key, %v value, "
                          "%h headers, %T time in ms, %d date, %K and %V sizes of key and value, "
                          "%% a percent sign");
    }
    if (kind == '\\' && !unescaped(layout[i]).has_value()) {
      return absl::StrCat("\\", std::string(1, layout[i]), " is nothing; \\n \\t \\r \\0 \\\\ are");
    }
  }
  return "";
}

std::string laid_out(std::string_view layout, const RecordView& record) {
  std::string out;
  for (size_t i = 0; i < layout.size(); ++i) {
    if (layout[i] == '%' && i + 1 < layout.size()) {
      out += field(layout[++i], record);
    } else if (layout[i] == '\\' && i + 1 < layout.size()) {
      out += unescaped(layout[++i]).value_or('?');
    } else {
      out += layout[i];
    }
  }
  return out;
}

std::string record_json(const RecordView& record) {
  std::string out =
      absl::StrCat("{\"topic\":", json_string(record.topic), ",\"partition\":", record.partition,
                   ",\"offset\":", record.offset, ",\"timestamp_ms\":", record.timestamp_ms, ",");
  absl::StrAppend(&out, record.key ? json_bytes_field("key", *record.key) : "\"key\":null", ",");
  absl::StrAppend(&out, record.value ? json_bytes_field("value", *record.value) : "\"value\":null",
                  ",\"headers\":[");
  const char* comma = "";
  for (const auto& [name, value] : record.headers) {
    absl::StrAppend(&out, comma, "{", json_bytes_field("key", name), ",",
                    value ? json_bytes_field("value", *value) : "\"value\":null", "}");
    comma = ",";
  }
  return out + "]}";
}

std::optional<Position> parse_position(std::string_view text, int64_t now_ms) {
  if (text == "start" || text == "beginning") return Position{Position::Kind::kStart, 0};
  if (text == "end") return Position{Position::Kind::kEnd, 0};
  if (!text.empty() && text.front() == '@') {
    const auto time = parse_time(text.substr(1), now_ms);
    if (!time.has_value()) return std::nullopt;
    return Position{Position::Kind::kTime, *time};
  }
  int64_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number)) return std::nullopt;
  if (text.front() == '-') return Position{Position::Kind::kLast, -number};
  return Position{Position::Kind::kOffset, number};
}

}  // namespace barnabas::cli

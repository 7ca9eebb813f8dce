// How consume prints a record: "%t %p %o %k %v %h %T %d %K %V %%", with \n and \t.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/options.h"

namespace barnabas::cli {

struct RecordView {
  std::string_view topic;
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = -1;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  // An absent value is one that is null.
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
};

// The character behind a backslash: n, t, r, 0 or a backslash.
std::optional<char> unescaped(char c);
// The first mistake in a layout as a sentence; empty if there is none.
std::string check_layout(std::string_view layout);
// `layout` has been checked. An absent key or value prints as nothing.
std::string laid_out(std::string_view layout, const RecordView& record);
std::string record_json(const RecordView& record);

// "2026-11-20T14:00:05.250Z"; "-" for a time that is not known.
std::string date_text(int64_t ms);
// "start", "end", "-10", "1200", "@2026-11-20T14:00", "@-5m".
std::optional<Position> parse_position(std::string_view text, int64_t now_ms);

}  // namespace barnabas::cli

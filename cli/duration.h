// Times as people type them.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace barnabas::cli {

// "500ms", "10s", "2m", "1h", "7d"; a bare number is seconds. Nothing else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// Milliseconds since 1970: a bare number is that, "-5m" is five minutes before `now_ms`, and
// "2026-11-20", "2026-11-20T14:00", "2026-11-20T14:00:05" are in UTC.
std::optional<int64_t> parse_time(std::string_view text, int64_t now_ms);

std::string text_of(std::chrono::milliseconds duration);  // "850 ms", "3.2 s", "4 min", "5 h"
std::string size_text(uint64_t bytes);                    // "512 B", "1.5 KiB"

}  // namespace barnabas::cli

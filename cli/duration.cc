#include "cli/duration.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

#include <cstdio>

namespace barnabas::cli {
namespace {

absl::string_view view(std::string_view text) { return {text.data(), text.size()}; }

std::string one_decimal(double value, const char* unit) {
  char out[40];
  std::snprintf(out, sizeof out, "%.1f %s", value, unit);
  return out;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    double milliseconds;
  };
  // "ms" before "s": the longer suffix first.
  static constexpr Unit kUnits[] = {{"ms", 1},        {"s", 1000},       {"m", 60'000},
                                    {"h", 3'600'000}, {"d", 86'400'000}, {"", 1000}};
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const std::string_view number = text.substr(0, text.size() - unit.suffix.size());
    double value = 0;
    if (number.empty() || number.find_first_not_of("0123456789.") != std::string_view::npos ||
        !absl::SimpleAtod(view(number), &value) || value * unit.milliseconds > 1e14) {
      return std::nullopt;
    }
    return std::chrono::milliseconds(static_cast<int64_t>(value * unit.milliseconds));
  }
  return std::nullopt;
}

std::optional<int64_t> parse_time(std::string_view text, int64_t now_ms) {
  int64_t number = 0;
  if (!text.empty() && text.front() == '-') {
    const auto before = parse_duration(text.substr(1));
    if (!before.has_value()) return std::nullopt;
    return now_ms - before->count();
  }
  if (absl::SimpleAtoi(view(text), &number)) return number;
  for (const char* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    absl::Time time;
    std::string error;
    if (absl::ParseTime(form, view(text), &time, &error)) return absl::ToUnixMillis(time);
  }
  return std::nullopt;
}

std::string text_of(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 1000) return absl::StrCat(ms, " ms");
  if (ms < 120'000) return one_decimal(static_cast<double>(ms) / 1000, "s");
  if (ms < 7'200'000) return absl::StrCat(ms / 60'000, " min");
  return absl::StrCat(ms / 3'600'000, " h");
}

std::string size_text(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit < 4) value /= 1024, ++unit;
  return one_decimal(value, kUnits[unit]);
}

}  // namespace barnabas::cli

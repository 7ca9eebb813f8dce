#include "common/config_reader.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

namespace barnabas {
namespace {

absl::string_view view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string ConfigReader::text(std::string_view key, std::string_view otherwise) const {
  const Properties::Entry* entry = properties_.find(key);
  if (entry == nullptr) return std::string(otherwise);
  return std::string(absl::StripAsciiWhitespace(entry->value));
}

std::vector<std::string> ConfigReader::list(std::string_view key) const {
  std::vector<std::string> out;
  for (absl::string_view part : absl::StrSplit(text(key, ""), ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (!part.empty()) out.emplace_back(part);
  }
  return out;
}

int64_t ConfigReader::number(std::string_view key, int64_t otherwise, int64_t min, int64_t max) {
  if (!has(key)) return otherwise;
  int64_t value = 0;
  if (!absl::SimpleAtoi(text(key, ""), &value)) {
    fail(key, "not a whole number");
    return otherwise;
  }
  if (value < min || value > max) {
    fail(key, absl::StrCat("must lie between ", min, " and ", max));
    return otherwise;
  }
  return value;
}

bool ConfigReader::boolean(std::string_view key, bool otherwise) {
  if (!has(key)) return otherwise;
  const std::string value = text(key, "");
  if (absl::EqualsIgnoreCase(value, "true")) return true;  // in any case, as in Kafka
  if (absl::EqualsIgnoreCase(value, "false")) return false;
  fail(key, "must be true or false");
  return otherwise;
}

std::optional<std::string> ConfigReader::in_unit(std::string_view key, int64_t factor) {
  if (!has(key)) return std::nullopt;
  const int64_t value = number(key, 0, -1, INT32_MAX);
  return std::to_string(value > 0 ? value * factor : value);
}

void ConfigReader::add(std::string_view key, std::string text, bool is_error) {
  const Properties::Entry* entry = properties_.find(key);
  findings_.push_back(
      {entry == nullptr ? 0 : entry->line, std::string(key), std::move(text), is_error});
}

void ConfigReader::remark(std::string_view key, std::string why) {
  add(key, std::move(why), /*is_error=*/false);
}

void ConfigReader::fail(std::string_view key, std::string_view why) {
  add(key, absl::StrCat(properties_.where(key), ": ", view(why)));
}

void ConfigReader::fail_hidden(std::string_view key, std::string_view why) {
  const Properties::Entry* entry = properties_.find(key);
  const bool in_file = entry != nullptr && entry->origin.empty();
  add(key, absl::StrCat(in_file            ? absl::StrCat(properties_.source(), ":", entry->line)
                        : entry == nullptr ? properties_.source()
                                           : entry->origin,
                        ": ", view(key), ": ", view(why)));
}

void ConfigReader::contradict(std::string_view one, std::string_view other, std::string_view why) {
  add(one, absl::StrCat(properties_.where(one), " contradicts ", properties_.where(other), ": ",
                        view(why)));
}

void ConfigReader::fail_whole(std::string_view why) {
  add("", absl::StrCat(properties_.source(), ": ", view(why)));
}

}  // namespace barnabas

#include "cli/kafka_tools/arguments.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

namespace barnabas::cli::kafka_tools {
namespace {

// By its whole name, or by a beginning that no other flag has.
absl::StatusOr<const Flag*> find_flag(const std::vector<Flag>& flags, const std::string& name) {
  std::vector<const Flag*> near;
  for (const Flag& flag : flags) {
    if (name == flag.name) return &flag;
    if (absl::StartsWith(flag.name, name)) near.push_back(&flag);
  }
  if (near.size() == 1) return near[0];
  if (near.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is not a recognized option"));
  }
  std::vector<std::string> names;
  for (const Flag* flag : near) names.emplace_back(flag->name);
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ambiguous: it could be ", absl::StrJoin(names, ", ")));
}

}  // namespace

absl::StatusOr<Arguments> Arguments::parse(const std::vector<Flag>& flags,
                                           const std::vector<std::string>& words) {
  Arguments out;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!absl::StartsWith(word, "-") || word.size() < 2) {
      out.rest_.push_back(word);
      continue;
    }
    std::string name = word.substr(absl::StartsWith(word, "--") ? 2 : 1);
    std::optional<std::string> value;
    if (const size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const auto flag = find_flag(flags, name);
    if (!flag.ok()) return flag.status();
    const Takes takes = (*flag)->takes;
    const bool next_is_value = i + 1 < words.size() && !absl::StartsWith(words[i + 1], "--");
    if (takes == Takes::kNothing && value.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("Option ", name, " takes no argument"));
    }
    if (takes != Takes::kNothing && !value.has_value()) {
      if (next_is_value) {
        value = words[++i];
      } else if (takes == Takes::kValue) {
        return absl::InvalidArgumentError(absl::StrCat("Option ", name, " requires an argument"));
      }
    }
    const char* const known_as =
        (*flag)->stands_for == nullptr ? (*flag)->name : (*flag)->stands_for;
    std::vector<std::string>& values = out.values_[known_as];
    if (value.has_value()) values.push_back(*std::move(value));
  }
  return out;
}

std::optional<std::string> Arguments::value(const std::string& flag) const {
  const auto found = values_.find(flag);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::string Arguments::value_or(const std::string& flag, std::string otherwise) const {
  return value(flag).value_or(std::move(otherwise));
}

std::vector<std::string> Arguments::values(const std::string& flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

absl::StatusOr<int64_t> Arguments::number(const std::string& flag) const {
  const std::string text = value_or(flag, "");
  int64_t out = 0;
  if (absl::SimpleAtoi(text, &out)) return out;
  return absl::InvalidArgumentError(
      absl::StrCat("Cannot parse argument '", text, "' of option ", flag));
}

absl::StatusOr<int64_t> Arguments::number_or(const std::string& flag, int64_t otherwise) const {
  if (!has(flag)) return otherwise;
  return number(flag);
}

std::string help_text(const std::string& purpose, const std::vector<Flag>& flags) {
  size_t width = 0;
  for (const Flag& flag : flags) width = std::max(width, std::string_view(flag.name).size());
  std::string out = purpose + "\n";
  for (const Flag& flag : flags) {
    if (flag.stands_for != nullptr) continue;
    std::string name = absl::StrCat("--", flag.name);
    name.resize(width + 4, ' ');
    absl::StrAppend(&out, name, flag.meaning, "\n");
  }
  return out;
}

}  // namespace barnabas::cli::kafka_tools

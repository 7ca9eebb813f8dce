#include "common/properties.h"

#include <absl/strings/str_cat.h>
#include <errno.h>
#include <string.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "common/status.h"

namespace barnabas {
namespace {

absl::string_view view(std::string_view text) { return {text.data(), text.size()}; }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

std::string_view trim_front(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

// An odd number of backslashes at the end: the line goes on in the next one.
bool continues(std::string_view line) {
  size_t backslashes = 0;
  while (backslashes < line.size() && line[line.size() - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xe0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

// `at` stands behind a backslash; moves it past the escape. False: a \u without four digits.
bool unescape(std::string_view text, size_t& at, std::string& out) {
  const char c = text[at++];
  switch (c) {
    case 't':
      out.push_back('\t');
      return true;
    case 'n':
      out.push_back('\n');
      return true;
    case 'r':
      out.push_back('\r');
      return true;
    case 'f':
      out.push_back('\f');
      return true;
    case 'u':
      break;
    default:
      out.push_back(c);
      return true;
  }
  if (text.size() - at < 4) return false;
  uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    const char digit = text[at++];
    code <<= 4;
    if (digit >= '0' && digit <= '9') {
      code |= static_cast<uint32_t>(digit - '0');
    } else if (digit >= 'a' && digit <= 'f') {
      code |= static_cast<uint32_t>(digit - 'a' + 10);
    } else if (digit >= 'A' && digit <= 'F') {
      code |= static_cast<uint32_t>(digit - 'A' + 10);
    } else {
      return false;
    }
  }
  append_utf8(out, code);
  return true;
}

// One logical line into key and value; false for a bad escape.
bool split(std::string_view line, std::string& key, std::string& value) {
  size_t at = 0;
  const auto take = [&](std::string& out, bool is_key) {
    while (at < line.size()) {
      const char c = line[at];
      if (is_key && (c == '=' || c == ':' || is_blank(c))) return true;
      ++at;
      if (c != '\\') {
        out.push_back(c);
      } else if (at < line.size() && !unescape(line, at, out)) {
        return false;
      }
    }
    return true;
  };
  if (!take(key, true)) return false;
  while (at < line.size() && is_blank(line[at])) ++at;
  if (at < line.size() && (line[at] == '=' || line[at] == ':')) ++at;
  while (at < line.size() && is_blank(line[at])) ++at;
  if (!take(value, false)) return false;
  // Kafka trims what it reads as a number or a word; a trailing blank is never meant.
  while (!value.empty() && is_blank(value.back())) value.pop_back();
  return true;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    out.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

absl::StatusOr<Properties> Properties::parse(std::string_view text, std::string source) {
  Properties out;
  out.source_ = std::move(source);
  const std::vector<std::string_view> lines = lines_of(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = trim_front(lines[i]);
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    const int number = static_cast<int>(i) + 1;
    const std::string_view shown = lines[i];
    std::string logical(line);
    while (continues(logical)) {
      logical.pop_back();
      if (++i == lines.size()) break;
      logical.append(trim_front(lines[i]));
    }
    std::string key;
    Entry entry{"", number, std::string(shown)};
    const std::string place = absl::StrCat(out.source_, ":", number, ": ");
    if (!split(logical, key, entry.value)) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, view(shown), "\n  \\u must be followed by four hexadecimal digits"));
    }
    if (key.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, view(shown), "\n  there is no key before the value"));
    }
    const auto [first, is_new] = out.entries_.emplace(key, std::move(entry));
    if (!is_new) {
      return absl::InvalidArgumentError(absl::StrCat("'", key, "' is set twice:\n  ",
                                                     out.where(key), "\n  ", place, view(shown),
                                                     "\n  Remove one of the two lines"));
    }
  }
  return out;
}

absl::StatusOr<Properties> Properties::read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in) {
    return absl::NotFoundError(absl::StrCat("cannot read the settings file ", path, ": ",
                                            ::strerror(errno), ". Check the path and its rights"));
  }
  return parse(text.str(), path);
}

const Properties::Entry* Properties::find(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

void Properties::set(std::string key, std::string value) {
  std::string text = absl::StrCat(key, "=", value);
  entries_[std::move(key)] = {std::move(value), 0, std::move(text)};
}

std::string Properties::where(std::string_view key) const {
  const Entry* const entry = find(key);
  if (entry == nullptr) return absl::StrCat(source_, ": ", view(key), " is not set");
  if (entry->line == 0) return absl::StrCat("command line: ", entry->text);
  return absl::StrCat(source_, ":", entry->line, ": ", entry->text);
}

absl::Status Properties::check_known(const std::vector<std::string>& known) const {
  for (const auto& [key, entry] : entries_) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const auto nearest = nearest_match(key, known);
    return absl::InvalidArgumentError(
        absl::StrCat(where(key), "\n  unknown setting '", key, "'",
                     nearest.has_value() ? absl::StrCat("; did you mean '", *nearest, "'?") : ""));
  }
  return absl::OkStatus();
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[b.size()];
}

std::optional<std::string> nearest_match(std::string_view word,
                                         const std::vector<std::string>& candidates) {
  std::optional<std::string> best;
  size_t least = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace barnabas

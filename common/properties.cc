#include "common/properties.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <errno.h>
#include <string.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

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
bool split(std::string_view line, std::string& key, std::string& value, bool& has_separator) {
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
  has_separator = at < line.size();
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
  std::vector<ConfigFinding> findings;
  Properties out = parse_all(text, std::move(source), findings);
  if (absl::Status status = first_errors(findings); !status.ok()) return status;
  return out;
}

Properties Properties::parse_all(std::string_view text, std::string source,
                                 std::vector<ConfigFinding>& findings) {
  Properties out;
  out.source_ = std::move(source);
  const std::vector<std::string_view> lines = lines_of(text);
  const bool is_cut = !text.empty() && text.back() != '\n';
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = trim_front(lines[i]);
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    const int number = static_cast<int>(i) + 1;
    const std::string_view shown = lines[i];
    const auto wrong = [&](std::string_view key, std::string_view why) {
      findings.push_back(
          {number, std::string(key),
           absl::StrCat(out.source_, ":", number, ": ", view(shown), "\n  ", view(why))});
    };
    if (line.find('\0') != std::string_view::npos) {
      findings.push_back({number, "",
                          absl::StrCat(out.source_, ":", number,
                                       ": the line holds zero bytes: the file was not written to "
                                       "the end before a crash. Write it anew")});
      continue;
    }
    std::string logical(line);
    bool ended = true;
    while (continues(logical)) {
      logical.pop_back();
      if (++i == lines.size()) {
        ended = false;
        break;
      }
      logical.append(trim_front(lines[i]));
    }
    std::string key;
    Entry entry{"", number, std::string(shown)};
    if (!ended) {
      wrong("", "the file ends inside this line: the line after the \\ is missing");
      continue;
    }
    bool has_separator = false;
    if (!split(logical, key, entry.value, has_separator)) {
      wrong(key, "\\u must be followed by four hexadecimal digits");
      continue;
    }
    if (key.empty()) {
      wrong("", "there is no key before the value");
      continue;
    }
    if (is_cut && i + 1 >= lines.size() && !has_separator) {
      wrong(key, "the file ends inside this line: there is no value, and no end of the line");
      continue;
    }
    const auto [first, is_new] = out.entries_.emplace(key, std::move(entry));
    if (is_new) continue;
    findings.push_back(
        {number, key,
         absl::StrCat("'", key, "' is set twice:\n  ", out.where(key), "\n  ", out.source_, ":",
                      number, ": ", view(shown), "\n  Remove one of the two lines")});
  }
  return out;
}

absl::StatusOr<Properties> Properties::read_file(const std::string& path) {
  std::vector<ConfigFinding> findings;
  const std::string text = read_whole_file(path, findings);
  if (!findings.empty()) return absl::NotFoundError(findings[0].text);
  return parse(text, path);
}

const Properties::Entry* Properties::find(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

void Properties::set(std::string key, std::string value) {
  std::string text = absl::StrCat(key, "=", value);
  entries_[std::move(key)] = {std::move(value), 0, std::move(text), "command line"};
}

std::string Properties::where(std::string_view key) const {
  const Entry* const entry = find(key);
  if (entry == nullptr) return absl::StrCat(source_, ": ", view(key), " is not set");
  if (!entry->origin.empty()) return absl::StrCat(entry->origin, ": ", entry->text);
  return absl::StrCat(source_, ":", entry->line, ": ", entry->text);
}

absl::Status first_errors(const std::vector<ConfigFinding>& findings) {
  std::vector<std::string> errors;
  for (const ConfigFinding& finding : findings) {
    if (finding.is_error) errors.push_back(finding.text);
  }
  if (errors.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
}

std::string read_whole_file(const std::string& path, std::vector<ConfigFinding>& findings) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in) {
    findings.push_back({0, "",
                        absl::StrCat("cannot read the settings file ", path, ": ",
                                     ::strerror(errno), ". Check the path and its rights")});
  }
  return text.str();
}

std::string key_of_variable(std::string_view name) {
  constexpr std::string_view kPrefix = "KAFKA_";
  // Of Kafka's start scripts and images.
  constexpr std::string_view kScripts[] = {
      "KAFKA_CLUSTERS", "KAFKA_DEBUG",  "KAFKA_GC_LOG_OPTS", "KAFKA_HEAP_OPTS",
      "KAFKA_HOME",     "KAFKA_JMX",    "KAFKA_JVM",         "KAFKA_LOG4J",
      "KAFKA_MODE",     "KAFKA_OPTS",   "KAFKA_PID",         "KAFKA_REST",
      "KAFKA_SCALA",    "KAFKA_SCRIPT", "KAFKA_TOOLS",       "KAFKA_VERSION"};
  if (name.substr(0, kPrefix.size()) != kPrefix || name.size() == kPrefix.size()) return "";
  for (const std::string_view script : kScripts) {
    if (name.substr(0, script.size()) == script) return "";
  }
  std::string out;
  std::string_view rest = name.substr(kPrefix.size());
  while (!rest.empty()) {
    const size_t run = std::min(rest.find_first_not_of('_'), rest.size());
    if (run == 0) {
      out.push_back(absl::ascii_tolower(static_cast<unsigned char>(rest.front())));
      rest.remove_prefix(1);
      continue;
    }
    out.push_back(run == 1 ? '.' : run == 2 ? '_' : '-');
    rest.remove_prefix(run);
  }
  return out;
}

std::vector<std::string> Properties::take_environment(const std::vector<std::string>& environment) {
  std::vector<std::string> remarks;
  for (const std::string& variable : environment) {
    const size_t sign = variable.find('=');
    if (sign == std::string::npos) continue;
    const std::string key = key_of_variable(std::string_view(variable).substr(0, sign));
    if (key.empty()) continue;
    if (const Entry* there = find(key); there != nullptr && there->origin.empty()) {
      remarks.push_back(absl::StrCat(variable.substr(0, sign), " (environment) counts instead of ",
                                     source_, ":", there->line, ": ", key));
    }
    entries_[key] = {variable.substr(sign + 1), 0, variable, "environment"};
  }
  return remarks;
}

}  // namespace barnabas

#include "cli/data_text.h"

#include <nlohmann/json.hpp>

namespace barnabas::cli {
namespace {

using Json = nlohmann::ordered_json;  // fields stay where they were

// What YAML would read as a number, a boolean, a null, or as syntax.
bool needs_quotes(const std::string& text) {
  static constexpr std::string_view kWords[] = {"null", "true", "false", "yes", "no",
                                                "on",   "off",  "y",     "n",   "~"};
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
  std::string lower;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '#' || c == ':' || c == '"' || c == '\\') return true;
    lower += static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
  }
  for (const std::string_view word : kWords) {
    if (lower == word) return true;
  }
  return std::string_view("0123456789+-.!&*?|>%@`'{}[],=<").find(text.front()) !=
         std::string_view::npos;
}

std::string scalar(const Json& value) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  return needs_quotes(text) ? value.dump() : text;
}

bool is_short(const Json& value) { return !value.is_structured() || value.empty(); }

std::string key_text(const std::string& key) { return needs_quotes(key) ? Json(key).dump() : key; }

// `indent` is for every line but the first, whose beginning the caller has written.
void write(const Json& value, size_t indent, std::string& out) {
  const std::string blanks(indent, ' ');
  bool first = true;
  const auto begin_line = [&] {
    if (!first) out += blanks;
    first = false;
  };
  if (is_short(value)) {
    out += scalar(value) + '\n';
  } else if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      begin_line();
      out += key_text(key) + ':';
      if (is_short(inner)) {
        out += ' ' + scalar(inner) + '\n';
      } else {
        out += '\n' + std::string(indent + 2, ' ');
        write(inner, indent + 2, out);
      }
    }
  } else {
    for (const Json& inner : value) {
      begin_line();
      out += "- ";
      write(inner, indent + 2, out);
    }
  }
}

}  // namespace

std::string yaml_of(std::string_view json) {
  const Json value = Json::parse(json, nullptr, false);
  std::string out;
  write(value, 0, out);
  return out;
}

std::string json_lines_of(std::string_view json, std::string_view list) {
  const Json value = Json::parse(json, nullptr, false);
  const auto found = value.is_object() ? value.find(std::string(list)) : value.end();
  if (found == value.end() || !found->is_array()) return std::string(json) + '\n';
  std::string out;
  for (const Json& element : *found) out += element.dump() + '\n';
  return out;
}

}  // namespace barnabas::cli

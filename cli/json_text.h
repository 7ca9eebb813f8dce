// JSON that is written by hand where no protobuf message exists: strings, objects, lists, and bytes
// that may not be UTF-8. One place, so that every verb escapes alike.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace barnabas::cli {

bool is_utf8(std::string_view bytes);
// With quotes; control characters, quotes and backslashes escaped. `text` must be UTF-8.
std::string json_string(std::string_view text);
// `"name":"text"`, or `"name_base64":"..."` where the bytes are not UTF-8.
std::string json_bytes_field(std::string_view name, std::string_view bytes);

// An object, field by field in the order in which they are added. Numbers are written as numbers.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, std::string_view text) {
    return add_json(name, json_string(text));
  }
  JsonObject& add(std::string_view name, const char* text) {
    return add(name, std::string_view(text));
  }
  JsonObject& add(std::string_view name, const std::string& text) {
    return add(name, std::string_view(text));
  }
  template <class T>
    requires std::is_arithmetic_v<T>
  JsonObject& add(std::string_view name, T value) {
    if constexpr (std::is_same_v<T, bool>) {
      return add_json(name, value ? "true" : "false");
    } else {
      return add_json(name, std::to_string(value));
    }
  }
  JsonObject& add_null(std::string_view name) { return add_json(name, "null"); }
  // `json` is an object, a list, or whatever else is JSON already.
  JsonObject& add_json(std::string_view name, std::string_view json);

  std::string text() const { return text_.empty() ? "{}" : text_ + "}"; }

 private:
  std::string text_;
};

// `[a,b]` of elements that are JSON already.
std::string json_list(const std::vector<std::string>& elements);
std::string json_strings(const std::vector<std::string>& texts);

}  // namespace barnabas::cli

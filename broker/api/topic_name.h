// Which names a topic can have: 1 to 249 of [a-zA-Z0-9._-], and neither "." nor "..". Names become
// directories, so nothing else may ever get through.

#pragma once

#include <algorithm>
#include <string_view>

namespace barnabas::api {

inline bool is_topic_name(std::string_view name) {
  constexpr size_t kMaxLength = 249;
  if (name.empty() || name.size() > kMaxLength || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace barnabas::api

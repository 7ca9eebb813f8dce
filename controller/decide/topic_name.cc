#include "controller/decide/topic_name.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

namespace barnabas::controller {

namespace {

bool is_legal(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

std::string shown(std::string_view name) {
  return absl::CHexEscape(
      absl::string_view(name.data(), std::min(name.size(), kMaxTopicNameLength + 1)));
}

}  // namespace

Failure check_topic_name(std::string_view name) {
  if (name.empty()) {
    return {ErrorCode::kInvalidTopic, "Topic name is invalid: the empty string is not allowed."};
  }
  if (name == "." || name == "..") {
    return {ErrorCode::kInvalidTopic, "Topic name is invalid: '.' or '..' is not allowed."};
  }
  if (name.size() > kMaxTopicNameLength) {
    return {ErrorCode::kInvalidTopic,
            absl::StrCat("Topic name is invalid: the length of '", shown(name), "' is ",
                         name.size(), ", longer than the maximum, ", kMaxTopicNameLength, ".")};
  }
  if (!std::all_of(name.begin(), name.end(), is_legal)) {
    return {ErrorCode::kInvalidTopic,
            absl::StrCat("Topic name is invalid: '", shown(name),
                         "' contains characters other than ASCII letters, digits, '.', '_' and "
                         "'-'.")};
  }
  if (name == "__cluster_metadata") {
    return {ErrorCode::kInvalidRequest,
            "Topic name is invalid: '__cluster_metadata' is the name of the controllers' own log."};
  }
  return {};
}

std::string collision_key(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '.', '_');
  return key;
}

}  // namespace barnabas::controller

// Typed access to settings, for parse_config: the first thing that is wrong sticks, as a sentence
// with the line, what is allowed, and what to do.

#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/properties.h"

namespace barnabas::broker {

class ConfigReader {
 public:
  explicit ConfigReader(const Properties& properties) : properties_(properties) {}

  const absl::Status& status() const { return status_; }
  bool has(std::string_view key) const { return properties_.find(key) != nullptr; }
  // Without blanks around it; `otherwise` if the key is absent.
  std::string text(std::string_view key, std::string_view otherwise) const;
  int64_t number(std::string_view key, int64_t otherwise, int64_t min, int64_t max);
  bool boolean(std::string_view key, bool otherwise);
  // Separated by commas, without blanks and empty ones.
  std::vector<std::string> list(std::string_view key) const;

  // "FILE:LINE: KEY=VALUE: why"
  void fail(std::string_view key, std::string_view why);
  // Likewise, for settings that may be secrets: their values are not shown.
  void fail_hidden(std::string_view key, std::string_view why);
  // Quotes both lines.
  void contradict(std::string_view one, std::string_view other, std::string_view why);
  void fail_whole(std::string_view why);

 private:
  const Properties& properties_;
  absl::Status status_;
};

}  // namespace barnabas::broker

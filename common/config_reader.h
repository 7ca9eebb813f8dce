// Typed access to settings, for the daemons' parse_config: everything that is wrong is kept, as a
// sentence with the line, what is allowed, and what to do.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/properties.h"

namespace barnabas {

class ConfigReader {
 public:
  explicit ConfigReader(const Properties& properties) : properties_(properties) {}

  const std::vector<ConfigFinding>& findings() const { return findings_; }
  bool has(std::string_view key) const { return properties_.find(key) != nullptr; }
  // Without blanks around it; `otherwise` if the key is absent.
  std::string text(std::string_view key, std::string_view otherwise) const;
  int64_t number(std::string_view key, int64_t otherwise, int64_t min, int64_t max);
  bool boolean(std::string_view key, bool otherwise);
  // A number that is given in another unit: times `factor`, where it is positive; nullopt if
  // absent.
  std::optional<std::string> in_unit(std::string_view key, int64_t factor);
  // Separated by commas, without blanks and empty ones.
  std::vector<std::string> list(std::string_view key) const;

  // Something worth knowing, which stops nothing.
  void remark(std::string_view key, std::string why);
  // "FILE:LINE: KEY=VALUE: why"
  void fail(std::string_view key, std::string_view why);
  // Likewise, for settings that may be secrets: their values are not shown.
  void fail_hidden(std::string_view key, std::string_view why);
  // Quotes both lines.
  void contradict(std::string_view one, std::string_view other, std::string_view why);
  void fail_whole(std::string_view why);

 private:
  void add(std::string_view key, std::string text, bool is_error = true);

  const Properties& properties_;
  std::vector<ConfigFinding> findings_;
};

}  // namespace barnabas

// The command lines of Kafka's tools: `--flag`, `--flag value`, `--flag=value`, flags that come
// several times, unique abbreviations, and old names beside new ones.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace barnabas::cli::kafka_tools {

enum class Takes { kNothing, kValue, kMaybe };  // kMaybe: a value, or none (--state)

struct Flag {
  const char* name;  // without the dashes
  Takes takes = Takes::kValue;
  const char* meaning = "";
  const char* stands_for = nullptr;  // an older name of this flag
};

class Arguments {
 public:
  // An error is one sentence in the words that Kafka's own parser uses.
  static absl::StatusOr<Arguments> parse(const std::vector<Flag>& flags,
                                         const std::vector<std::string>& words);

  bool has(const std::string& flag) const { return values_.count(flag) != 0; }
  // The last one that was given.
  std::optional<std::string> value(const std::string& flag) const;
  std::string value_or(const std::string& flag, std::string otherwise) const;
  std::vector<std::string> values(const std::string& flag) const;
  // Neither flag nor value.
  const std::vector<std::string>& rest() const { return rest_; }
  // A whole number; an error names the flag.
  absl::StatusOr<int64_t> number(const std::string& flag) const;
  absl::StatusOr<int64_t> number_or(const std::string& flag, int64_t otherwise) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> rest_;
};

// "name  meaning" lines for --help.
std::string help_text(const std::string& purpose, const std::vector<Flag>& flags);

}  // namespace barnabas::cli::kafka_tools

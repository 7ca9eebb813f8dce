// What all tools have in common: --bootstrap-server, --command-config, --help, --version, and how
// they fail.

#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/kafka_tools/arguments.h"
#include "cli/kafka_tools/tools.h"
#include "cli/wire/cluster.h"

namespace barnabas::cli::kafka_tools {

using Settings = std::vector<std::pair<std::string, std::string>>;

// The tool's own flags and the common ones.
std::vector<Flag> with_common(std::vector<Flag> flags);

// nullopt: go on. Else the exit code: --help and --version were answered, or the words are wrong.
std::optional<int> settle(const absl::StatusOr<Arguments>& arguments,
                          const std::vector<Flag>& flags, const std::string& purpose,
                          Streams streams);

// Where a flag is missing or two contradict: the sentence, then the help, exit code 1.
int misuse(Streams streams, const std::string& sentence, const std::string& purpose,
           const std::vector<Flag>& flags);

// The cluster named by --bootstrap-server. --command-config is read for settings that this command
// cannot honour (a security protocol), which are refused with a sentence.
absl::StatusOr<std::unique_ptr<wire::Cluster>> find_cluster(
    const Arguments& arguments,
    std::chrono::milliseconds patience = std::chrono::milliseconds(60'000));

// "key=value" lines of a properties file, and "key=value" words.
absl::StatusOr<Settings> read_settings(const std::string& file);
absl::StatusOr<std::pair<std::string, std::string>> split_setting(std::string_view word);

// What went wrong on the wire, as one sentence: the broker's own, else the meaning of the code.
std::string sentence(int16_t code, std::optional<std::string_view> message);
// The same behind the name of Kafka's exception, as its tools print it.
std::string exception(int16_t code, std::optional<std::string_view> message);

// Names that a pattern with ',' for "or" matches, as Kafka's IncludeList does.
class NamePattern {
 public:
  static absl::StatusOr<NamePattern> compile(const std::string& pattern);
  bool matches(std::string_view name) const;

 private:
  explicit NamePattern(std::function<bool(std::string_view)> match) : match_(std::move(match)) {}
  std::function<bool(std::string_view)> match_;
};

std::string pad(std::string_view text, size_t width);  // with spaces on the right
inline bool is_internal_topic(std::string_view name) {
  return name == "__consumer_offsets" || name == "__transaction_state" ||
         name == "__share_group_state";
}

}  // namespace barnabas::cli::kafka_tools

#include "cli/kafka_tools/json_input.h"

#include <absl/strings/str_cat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

namespace barnabas::cli::kafka_tools {

absl::StatusOr<std::vector<NamedPartition>> read_partitions(const std::string& file,
                                                            bool with_offsets) {
  std::ifstream in(file);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", file));
  const auto json = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  const auto wrong = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat(
        file, ": ", what, "; it has the form {\"partitions\": [{\"topic\": \"t\", \"partition\": 0",
        with_offsets ? ", \"offset\": 5" : "", "}]}"));
  };
  if (json.is_discarded() || !json.is_object()) return wrong("not a JSON object");
  if (json.contains("version") && json["version"] != 1) return wrong("not version 1");
  if (!json.contains("partitions") || !json["partitions"].is_array()) {
    return wrong("no list \"partitions\"");
  }
  std::vector<NamedPartition> out;
  std::set<TopicPartition> seen;
  for (const auto& entry : json["partitions"]) {
    const bool sound =
        entry.is_object() && entry.contains("topic") && entry["topic"].is_string() &&
        entry.contains("partition") && entry["partition"].is_number_integer() &&
        (!with_offsets || (entry.contains("offset") && entry["offset"].is_number_integer()));
    if (!sound) return wrong(absl::StrCat("entry ", out.size(), " is not complete"));
    NamedPartition& named = out.emplace_back();
    named.id = {entry["topic"].get<std::string>(), entry["partition"].get<int32_t>()};
    if (with_offsets) named.offset = entry["offset"].get<int64_t>();
    if (!seen.insert(named.id).second) {
      return wrong(absl::StrCat(named.id.first, "-", named.id.second, " stands there twice"));
    }
  }
  return out;
}

}  // namespace barnabas::cli::kafka_tools

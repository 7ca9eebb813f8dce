// kafka-broker-api-versions: what each broker speaks.

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/kafka_tools/setting.h"
#include "kafka/api_table.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] = "Shows which APIs, in which versions, each broker has.";

std::string range(int16_t min, int16_t max) {
  return min == max ? absl::StrCat(min) : absl::StrCat(min, " to ", max);
}

std::vector<std::string> lines_of(const std::map<int16_t, wire::Versions>& apis) {
  std::vector<std::string> out;
  for (const kafka::ApiInfo& api : kafka::all_apis()) {
    const auto key = static_cast<int16_t>(api.key);
    const auto found = apis.find(key);
    if (found == apis.end()) {
      if (!api.on_broker || api.inter_broker_only) continue;
      out.push_back(absl::StrCat(std::string(api.name), "(", key, "): UNSUPPORTED"));
      continue;
    }
    const int16_t usable = std::min(found->second.max, api.max_version);
    const std::string use = usable >= std::max(found->second.min, api.min_version)
                                ? absl::StrCat("usable: ", usable)
                                : "unusable: node too new";
    out.push_back(absl::StrCat(std::string(api.name), "(", key,
                               "): ", range(found->second.min, found->second.max), " [", use, "]"));
  }
  for (const auto& [key, versions] : apis) {
    if (kafka::find_api(key) != nullptr) continue;
    out.push_back(absl::StrCat("UNKNOWN(", key, "): ", range(versions.min, versions.max)));
  }
  return out;
}

}  // namespace

int broker_api_versions(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = with_common({});
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  if (!arguments->has("bootstrap-server")) {
    return misuse(streams, "Missing required argument \"[bootstrap-server]\"", kPurpose, flags);
  }
  const auto cluster = find_cluster(*arguments);
  if (!cluster.ok()) {
    streams.err << cluster.status().message() << '\n';
    return 1;
  }
  int exit = 0;
  for (const wire::Node& node : (*cluster)->nodes()) {
    streams.out << to_string(node.at) << " (id: " << node.id
                << " rack: " << node.rack.value_or("null") << " isFenced: false) -> ";
    const auto connection = (*cluster)->broker(node.id);
    if (!connection.ok()) {
      streams.out << "ERROR: " << connection.status().message() << '\n';
      exit = 1;
      continue;
    }
    streams.out << '(';
    const char* separator = "\n\t";
    for (const std::string& line : lines_of((*connection)->apis())) {
      streams.out << separator << line;
      separator = ",\n\t";
    }
    streams.out << "\n)\n";
  }
  return exit;
}

}  // namespace barnabas::cli::kafka_tools

// What the two console tools share: settings for librdkafka out of Kafka's flags and files.

#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

#include "cli/kafka_tools/setting.h"
#include "cli/options.h"

namespace barnabas::cli::kafka_tools {

// --command-config (or its older name) and then --command-property on top. Settings that only the
// Java client knows (serializers, partitioner classes) are left out.
absl::StatusOr<Settings> client_settings(const Arguments& arguments);

// "k=v" words of a flag as a map.
absl::StatusOr<std::map<std::string, std::string>> properties_of(const Arguments& arguments,
                                                                 const std::string& flag,
                                                                 const std::string& file_flag);

StreamOptions stream_of(const Arguments& arguments, Settings settings);

// "\t" and "\n" as they are typed.
std::string unescaped(std::string_view text);

}  // namespace barnabas::cli::kafka_tools

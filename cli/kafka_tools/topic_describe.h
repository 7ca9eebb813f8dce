// kafka-topics --describe, and which topics a --topic pattern means.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

#include "cli/kafka_tools/setting.h"

namespace barnabas::cli::kafka_tools {

// In alphabetical order; all of them without --topic.
absl::StatusOr<std::vector<std::string>> topic_names(wire::Cluster& cluster,
                                                     const Arguments& arguments);

// One line a topic and one a partition, as the filters among the flags ask.
absl::Status describe_topics(wire::Cluster& cluster, const Arguments& arguments,
                             const std::vector<std::string>& names, Streams streams);

}  // namespace barnabas::cli::kafka_tools

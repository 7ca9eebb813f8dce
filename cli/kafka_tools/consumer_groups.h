// The actions of kafka-consumer-groups, one function each. Messages that Kafka's tool prints to
// stdout although something went wrong go there here too.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "cli/kafka_tools/setting.h"

namespace barnabas::cli::kafka_tools {

// --group, or all for --all-groups.
absl::StatusOr<std::vector<std::string>> meant_groups(wire::Cluster& cluster,
                                                      const Arguments& arguments);

absl::Status describe_groups(wire::Cluster& cluster, const Arguments& arguments, Streams streams);
absl::Status reset_offsets(wire::Cluster& cluster, const Arguments& arguments, Streams streams);
absl::Status delete_offsets(wire::Cluster& cluster, const Arguments& arguments, Streams streams);

}  // namespace barnabas::cli::kafka_tools

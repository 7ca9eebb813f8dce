// What the cluster knows of consumer groups, put together from all brokers.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/kafka_tools/offsets.h"
#include "cli/wire/cluster.h"

namespace barnabas::cli::kafka_tools {

struct ListedGroup {
  std::string name, state, type, protocol_type;
};

struct GroupMember {
  std::string id, client_id, host;
  std::optional<std::string> instance;
  std::map<std::string, std::vector<int32_t>> assignment;  // of consumers
};

struct Group {
  std::string name, state, assignor;
  wire::Node coordinator;
  std::vector<GroupMember> members;
  std::string missing;  // why there is no such group, in the broker's words
  bool exists() const { return state != "Dead"; }
};

// Of every broker; one that cannot be asked is an error, as groups would be missing.
absl::StatusOr<std::vector<ListedGroup>> list_groups(wire::Cluster& cluster);
absl::StatusOr<Group> describe_group(wire::Cluster& cluster, const std::string& name);
// Committed offsets, all of the group's.
absl::StatusOr<std::map<TopicPartition, int64_t>> committed_offsets(wire::Cluster& cluster,
                                                                    const Group& group);
absl::Status commit_offsets(wire::Cluster& cluster, const Group& group,
                            const std::map<TopicPartition, int64_t>& offsets);

}  // namespace barnabas::cli::kafka_tools

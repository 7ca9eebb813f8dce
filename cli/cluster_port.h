// What verbs ask of brokers, in plain values: the seam between what a verb decides and how brokers
// are reached. wire_cluster.h is the real one; tests bring their own.
//
// A Result that is a problem concerns the whole question. What concerns one group or one partition
// comes as Kafka's error code beside it (0: none).

#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/problem.h"
#include "kafka/extensions/last_rebalance.h"

namespace barnabas::cli {

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

struct Node {
  int32_t id = -1;
  std::string endpoint;  // HOST:PORT
};

struct GroupListing {
  std::string id;
  std::string state;          // "Stable", "Empty", ...
  std::string protocol_type;  // "consumer"; empty: offsets only
  std::string type;           // "classic"
  int32_t coordinator = -1;
};

struct GroupMember {
  std::string id;
  std::optional<std::string> instance;  // static membership
  std::string client_id;
  std::string host;
  std::vector<TopicPartition> assigned;
};

struct GroupView {
  std::string id;
  int code = 0;
  std::string message;
  std::string state;
  std::string protocol_type;
  std::string assignor;
  Node coordinator;
  std::vector<GroupMember> members;
  std::optional<kafka::LastRebalance> last_rebalance;  // Kafka's brokers do not say
};

struct CommittedOffset {
  int64_t offset = -1;
  std::string metadata;
  int code = 0;
};

struct OffsetAnswer {
  int64_t offset = -1;  // -1: there is no such record
  int code = 0;
};

inline constexpr int64_t kAtEnd = -1;  // as ListOffsets numbers them
inline constexpr int64_t kAtStart = -2;

struct ReplicaOnDisk {
  TopicPartition partition;
  int32_t node = -1;
  std::string directory;
  int64_t bytes = 0;
  int64_t lag = 0;  // records behind the high watermark
};

struct Disk {
  int32_t node = -1;
  std::string directory;
  int code = 0;
  int64_t total_bytes = -1;  // -1: not known
  int64_t usable_bytes = -1;
};

struct LogDirs {
  std::vector<ReplicaOnDisk> replicas;
  std::vector<Disk> disks;
};

struct ConfigValue {
  std::string key;
  std::optional<std::string> value;  // absent: none, or a secret
  int8_t source = 5;                 // as DescribeConfigs numbers them
  bool read_only = false;
  bool sensitive = false;
  int8_t type = 0;
  std::string documentation;
};

class ClusterPort {
 public:
  virtual ~ClusterPort() = default;

  // The partitions of each; UNKNOWN_TOPIC_OR_PARTITION is a problem. Nothing is created.
  virtual Result<std::map<std::string, std::vector<int32_t>>> partitions(
      const std::set<std::string>& topics) = 0;

  virtual Result<std::vector<GroupListing>> list_groups() = 0;
  virtual Result<std::vector<GroupView>> describe_groups(const std::vector<std::string>& names) = 0;
  virtual Result<std::map<TopicPartition, CommittedOffset>> committed(const std::string& group) = 0;
  // From outside of the group: refused while it has members.
  virtual Result<std::map<TopicPartition, int>> commit(
      const std::string& group, const std::map<TopicPartition, int64_t>& offsets) = 0;
  virtual Result<std::map<std::string, int>> delete_groups(
      const std::vector<std::string>& names) = 0;
  virtual Result<std::map<TopicPartition, int>> delete_offsets(
      const std::string& group, const std::set<TopicPartition>& partitions) = 0;

  // For each partition kAtStart, kAtEnd, or a time in ms: the first record at it or later.
  virtual Result<std::map<TopicPartition, OffsetAnswer>> offsets(
      const std::map<TopicPartition, int64_t>& at) = 0;
  // When the record at an offset, or the first one behind it, was made; ms since 1970. Partitions
  // without such a record are left out.
  virtual Result<std::map<TopicPartition, int64_t>> record_times(
      const std::map<TopicPartition, int64_t>& at) = 0;
  // Deletes what is before an offset; -1: all. The answer is where each begins now.
  virtual Result<std::map<TopicPartition, OffsetAnswer>> delete_records(
      const std::map<TopicPartition, int64_t>& before) = 0;
  // What lies on the brokers' disks of `topics`; none named: of all.
  virtual Result<LogDirs> log_dirs(const std::set<std::string>& topics) = 0;
  // Of one broker, from its own mouth.
  virtual Result<std::vector<ConfigValue>> node_config(int32_t node) = 0;
};

}  // namespace barnabas::cli

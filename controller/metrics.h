// What a controller shows at /metrics: the cluster as its committed image has it, the quorum as
// this node sees it. Every controller shows both; what only the active one knows says so in its
// help.

#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/histogram.h"
#include "common/metrics.h"
#include "metadata/image.h"
#include "raft/node.h"

namespace barnabas::controller {

struct ClusterFacts {
  int64_t topics = 0;
  int64_t partitions = 0;
  int64_t leaderless = 0;
  int64_t not_preferred = 0;  // led, but not by the first of their replicas
  int64_t under_replicated = 0;
  int64_t brokers_alive = 0;
  int64_t brokers_fenced = 0;
  int64_t metadata_index = 0;
};

// Walks the image: on the loop that owns it.
ClusterFacts look_at_cluster(const metadata::Image& image);

// Unclean elections since this process has known of them. Each moves its partition's lineage on by
// one, so they are seen in the image, whoever decided them; a topic that goes takes nothing away.
class UncleanElections {
 public:
  void look(const metadata::Image& image);
  int64_t count() const { return count_; }

 private:
  std::map<metadata::TopicPartition, int64_t> lineages_;  // those that have moved
  bool first_ = true;
  int64_t count_ = 0;
};

struct ControllerFacts {
  bool started = false;
  bool active = false;
  int64_t sessions = 0;  // brokers that are attached
  int64_t unclean_elections = 0;
  ClusterFacts cluster;
  raft::Status quorum;
};

class ControllerMetrics {
 public:
  ControllerMetrics(ControllerId self, std::string directory)
      : self_(self), directory_(std::move(directory)) {}

  void collect(const ControllerFacts& facts, Instant now, Exposition& into);

 private:
  void show_quorum(const ControllerFacts& facts, Instant now, Exposition& into);

  const ControllerId self_;
  const std::string directory_;
  RecentHistogram commits_;
  std::optional<Instant> looked_at_;
  int64_t last_index_ = 0;
  double append_rate_ = 0;
};

// A voter that the leader has not heard of for so long counts as lost.
inline constexpr Duration kVoterLostAfter = std::chrono::seconds(2);

}  // namespace barnabas::controller

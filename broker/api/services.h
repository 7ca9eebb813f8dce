// What the handlers of one broker share. Everything here is thread-safe; a connection on any loop
// may use it.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/advertised_map.h"
#include "broker/api/networks.h"
#include "broker/api/request_metrics.h"
#include "broker/api/unreached_clients.h"
#include "broker/controller_session.h"
#include "broker/host_facts.h"
#include "broker/partition/partitions.h"
#include "broker/replication/lost_leaders.h"
#include "common/clock.h"
#include "common/ids.h"
#include "metadata/image.h"

namespace barnabas::group {
class Coordinator;
}

namespace barnabas::api {

class AutoCreation;
class FetchSessions;
class ProducerIds;

struct Options {
  BrokerId self;
  std::string cluster_id;
  bool auto_create_topics = true;  // auto.create.topics.enable
  bool delete_topics = true;       // delete.topic.enable
  bool advertise_reached = true;   // advertised.listeners=auto
  std::vector<broker::AdvertisedRule> advertised_map;
  broker::HostFacts host;
  std::shared_ptr<GuessLog> guesses = std::make_shared<GuessLog>();
  // Where the addresses that clients are told were written by hand.
  std::shared_ptr<UnreachedClients> unreached;
  size_t fetch_max_bytes = 57671680;  // fetch.max.bytes: the broker's own cap
  bool rack_aware_fetch = false;      // replica.selector.class=...RackAwareReplicaSelector
  std::string log_dir;                // log.dirs
  // What stands in this broker's file, and what was chosen where it says nothing and no constant
  // would be true: for DescribeConfigs.
  metadata::ConfigMap file;
  metadata::ConfigMap chosen;
  // A parked fetch is answered after this at the latest, whatever the client asks for.
  Duration fetch_wait_max{std::chrono::minutes(5)};
  // A parked produce or a forwarded request likewise.
  Duration request_timeout_max{std::chrono::minutes(10)};
};

// What the once-a-second look at the disk has found.
struct DiskState {
  std::atomic<bool> full{false};  // free space is below log.dirs.free.min.bytes
  std::atomic<uint64_t> free_bytes{0};
  std::atomic<uint64_t> total_bytes{0};
  std::atomic<uint64_t> free_min_bytes{0};
};

struct Services {
  const Options& options;
  broker::ControllerSession& session;
  partition::Partitions& partitions;
  const Clock& clock;
  FetchSessions& fetch_sessions;
  ProducerIds& producer_ids;
  AutoCreation& auto_creation;
  DiskState& disk;
  RequestMetrics& metrics;
  replication::LostLeaders& lost_leaders;
  group::Coordinator& groups;
};

}  // namespace barnabas::api

// One broker of the replication world: its disk, which survives it, and a replica with all that
// copies and serves it, which do not.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "broker/partition/partition_shell.h"
#include "broker/partition/testing/replica_port.h"
#include "broker/replication/leader_replication.h"
#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "storage/memory_disk.h"

namespace barnabas::partition::testing {

// The partition that the world is about.
metadata::TopicPartition world_partition();

class World;

class Node final : public Proposer, public LogStarts {
 public:
  Node(World& world, int32_t id);
  void start();
  void crash(bool power);
  void metadata(uint64_t version, const metadata::PartitionImage& state,
                const std::map<BrokerId, BrokerEpoch>& epochs);
  void propose(InSyncProposal proposal) override;
  void wanted(const metadata::TopicPartition& id) override;
  void tick();

  World& world_;
  const BrokerId id;
  const std::string name;
  storage::MemoryDisk disk;
  std::optional<Offset> written_start;  // a checkpoint, that every crash leaves as it is
  bool up = false;
  uint64_t incarnation = 0;
  uint64_t applied = 0;  // metadata version
  SimExecutor* loop = nullptr;
  std::unique_ptr<SimTransport> transport;
  std::unique_ptr<storage::FlushScheduler> flusher;
  std::shared_ptr<PartitionShell> shell;
  std::map<BrokerId, std::shared_ptr<replication::LeaderReplication>> leaders;
  BrokerId following = kNoBroker;
  LeaderEpoch following_epoch = kNoLeaderEpoch;
  std::unique_ptr<ReplicaPort> port;
  // Checks.
  Offset mark{0};
  Offset start_seen{0};
  Offset compared{0};
  LeaderEpoch led = kNoLeaderEpoch;
  LeaderEpoch seen = kNoLeaderEpoch;
};

}  // namespace barnabas::partition::testing

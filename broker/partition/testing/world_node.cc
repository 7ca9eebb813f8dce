#include "broker/partition/testing/world_node.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "broker/partition/testing/world.h"

namespace barnabas::partition::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

metadata::TopicPartition world_partition() {
  return {Uuid::from_bytes("0123456789abcdef").value(), PartitionIndex{0}};
}

Node::Node(World& world, int32_t number)
    : world_(world), id(number), name(absl::StrCat("b", number)) {
  disk.set_sync_latency(microseconds(200));
  CHECK(disk.make_directories("/data").ok());
  CHECK(disk.sync_and_wait({.files = {}, .directories = {"/"}}).ok());
}

void Node::start() {
  VLOG(1) << world_.told() << name << " starts";
  up = true;
  ++incarnation;
  applied = 0;
  mark = compared = Offset{0};
  start_seen = written_start.value_or(Offset{0});
  led = kNoLeaderEpoch;
  following = kNoBroker;
  following_epoch = kNoLeaderEpoch;
  loop = &world_.simulation.start_node(name);
  transport = std::make_unique<SimTransport>(world_.network, name);
  flusher = std::make_unique<storage::FlushScheduler>(disk, *loop);
  metadata::TopicSettings settings;
  settings.min_in_sync_replicas = 2;
  settings.segment_bytes = 4000;
  storage::RecoveryHints hints;
  hints.log_start = written_start;
  auto log = storage::Log::open(disk, "/data/t-0", {}, hints);
  CHECK(log.ok()) << log.status();
  Surroundings around{id, loop->clock(), *flusher, *this};
  around.replica_lag_max = milliseconds(400);
  around.flush_lag_max = milliseconds(150);
  around.log_starts = this;
  auto opened = PartitionShell::open(around, world_partition(), "t", *std::move(log), Offset{0},
                                     Lineage{0}, settings);
  CHECK(opened.ok()) << opened.status();
  shell = *std::move(opened);
  port = std::make_unique<ReplicaPort>(*transport, Endpoint{name, 9092}, *loop, shell);
  world_.registered(*this);
}

void Node::crash(bool power) {
  up = false;
  world_.simulation.kill(name, power ? Simulation::Death::kPower : Simulation::Death::kProcess);
  port.reset();
  leaders.clear();
  shell.reset();
  flusher.reset();
  transport.reset();
  if (power) {
    disk.crash(world_.disks());
  } else {
    disk.kill();
  }
  disk.fail_syncs(0);
}

void Node::metadata(uint64_t version, const metadata::PartitionImage& state,
                    const std::map<BrokerId, BrokerEpoch>& epochs) {
  if (!up || version <= applied) return;
  applied = version;
  const BrokerEpoch own = epochs.contains(id) ? epochs.at(id) : kNoBrokerEpoch;
  shell->update(state, own, epochs);
  for (auto& [leader, replication] : leaders) replication->set_epoch(own);
  if (following == state.leader && following_epoch == state.leader_epoch) return;
  if (following != kNoBroker && following != state.leader) {
    leaders.at(following)->unassign({world_partition()});
  }
  following = state.leader == id ? kNoBroker : state.leader;
  following_epoch = state.leader_epoch;
  if (following == kNoBroker) return;
  auto& replication = leaders[following];
  if (replication == nullptr) {
    replication = std::make_shared<replication::LeaderReplication>(
        replication::FetcherOptions{id, Uuid{}}, following, *transport, *loop,
        world_.disks().fork(name));
    replication->set_epoch(own);
    replication->connect(Endpoint{absl::StrCat("b", following.value()), 9092});
  }
  replication->assign({shell});
}

void Node::propose(InSyncProposal proposal) { world_.alter(*this, std::move(proposal)); }

// Written down a little later, and then carried out.
void Node::wanted(const metadata::TopicPartition&) {
  loop->after(milliseconds(1), [this, i = incarnation] {
    if (!up || incarnation != i) return;
    const std::optional<Offset> due = shell->start_due();
    if (!due.has_value()) return;
    written_start = std::max(written_start.value_or(Offset{0}), *due);
    loop->after(milliseconds(1), [this, i, due] {
      if (up && incarnation == i) shell->move_log_start(*due);
    });
  });
}

void Node::tick() { shell->tick(); }

}  // namespace barnabas::partition::testing

// The cluster of simulation.h: voters on simulated disks and a simulated network, who breaks what
// when, and what the checker is told. Split by what happens:
//   simulated_cluster.cc  nodes, their starts and crashes, the checker's view
//   simulated_disk.cc     what is written becomes durable, later; snapshots
//   simulated_unrest.cc   faults and work
//   simulated_members.cc  voters that come, go and lose their disks; leadership handed over
//   simulation.cc         the two phases

#pragma once

#include <absl/strings/str_cat.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/sim/sim_datagrams.h"
#include "common/sim/simulation.h"
#include "raft/testing/checker.h"
#include "raft/testing/simulation.h"
#include "raft/testing/test_node.h"
#include "raft/testing/weather.h"
#include "raft/wire.h"

namespace barnabas::raft::testing {

class Cluster {
 public:
  explicit Cluster(const SimulationOptions& options);

  SimulationResult run();

 private:
  struct Node {
    std::string name;
    std::unique_ptr<TestNode> bench;
    SimExecutor* executor = nullptr;
    uint64_t life = 0;  // counts starts and crashes: timers of before are void
    TimerId timer = 0;
    std::optional<LogIndex> fetching;
    LogIndex durable_applied;
    uint64_t digest = 0;
    std::map<uint64_t, LogIndex> reads;  // id -> what had been acknowledged when it was asked
    std::map<LogIndex, Term> proposals;
    std::map<LogIndex, uint64_t> snapshot_digests;
    bool doomed = false;
    bool log_sync_scheduled = false;
    bool vote_sync_scheduled = false;
    ConfigurationAt went_by;  // before the present step
    uint64_t disks = 0;       // that it has had
  };

  static Configuration founding(size_t voters, Random& random);
  void build();
  void build_bench(size_t i, const VoterId& self);
  TestNode::Hooks hooks(size_t i);

  // ---- What the checker is told ----
  const LogImage* leader_log(Term term) const;
  Checker::Images durable_images() const;
  void sent(Node& node, const Message& message);
  void role_changed(Node& node, const RoleChange& change);
  void stepped(Node& node);
  bool came_too_late(const Frame& frame) const;
  void commit_moved(Node& node, const EntryId& to);
  void applied(Node& node, const Entry& entry);
  void read(Node& node, const ReadOutcome& outcome);
  void mix(uint64_t value) { mixed_ = (mixed_ ^ value) * 0x100000001b3ULL; }

  // ---- Processes ----
  std::string name_of(const VoterId& id) const { return absl::StrCat("n", id.id.value()); }
  void start(size_t i);
  void crash(size_t i);
  void announce_close(size_t to, const VoterId& peer);
  void feed(size_t i, Event event);
  void after(size_t i, LogIndex last_before);
  void arm_timer(Node& node);

  // ---- The disk ----
  Duration draw_sync();
  void schedule_log_sync(size_t i);
  void schedule_vote_sync(size_t i);

  // ---- Snapshots ----
  void consider_snapshot(size_t i);
  void feed_quietly(size_t i, Event event);
  void begin_fetch(size_t i, const SnapshotFetch& fetch);
  void installed(Node& node, const SnapshotOffer& snapshot);

  // ---- Unrest and work ----
  void schedule_unrest();
  void unrest();
  // What makes logs diverge: a leader that appends and reaches few, while others elect the next.
  void flip();
  void schedule_workload();
  void work();

  // ---- Who votes ----
  void schedule_operator();
  void operate(size_t leader);
  void add_somebody(size_t leader);
  void remove_somebody(size_t leader);
  bool may_wipe(size_t i) const;
  void wipe(size_t i);
  bool changes_are_under_way() const;

  // ---- The second phase ----
  bool everybody_has(LogIndex goal) const;
  void recover();
  std::string standing() const;

  const SimulationOptions options_;
  Simulation simulation_;
  std::unique_ptr<Random> faults_;
  std::unique_ptr<Random> workload_;
  Weather weather_;
  SimDatagrams network_;
  const Configuration founding_;
  Checker checker_;
  // Whose disk is gone, and who may still be a voter; what was on it may be counted for a while.
  std::map<VoterId, LogImage> lost_;
  std::vector<Node> nodes_;
  Instant last_loss_;  // of a disk
  LogIndex acknowledged_;
  uint64_t last_proposal_ = 0;
  uint64_t last_read_ = 0;
  bool calm_ = false;
  uint64_t mixed_ = 0xcbf29ce484222325ULL;
  Happenings happened_;
};

}  // namespace barnabas::raft::testing

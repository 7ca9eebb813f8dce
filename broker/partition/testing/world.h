// What stands behind replication_world.h: the nodes, the controller's stand-in, producers and a
// client that deletes, faults, and checks. One file for each of them.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/partition/testing/replication_world.h"
#include "broker/partition/testing/world_node.h"
#include "common/random.h"

namespace barnabas::partition::testing {

inline constexpr int kReplicas = 3;

struct Producer {
  int64_t id = 0;
  int32_t next = 0;                         // sequence to send
  uint64_t attempt = 0;                     // answers to earlier ones are late
  std::map<int32_t, int64_t> acknowledged;  // sequence -> offset
};

class World {
 public:
  explicit World(const WorldOptions& options);
  WorldResult run();
  Node& node(BrokerId id) { return *nodes.at(static_cast<size_t>(id.value() - 1)); }
  Random& disks() { return *disks_; }
  Duration delay();
  std::string told() const;
  static std::string text(const std::vector<BrokerId>& brokers);

  // The controller
  void registered(Node& node);
  void fence(BrokerId broker);
  void elect();
  void publish();
  void push(Node& node);
  void alter(Node& from, InSyncProposal proposal);
  kafka::ErrorCode decide(BrokerId from, const InSyncProposal& proposal);

  // Producers: one batch at a time, sent again until it is acknowledged
  void send(size_t which);
  void deliver_batch(size_t which, int32_t sequence, uint64_t attempt);
  void retry(size_t which, uint64_t attempt);
  void on_answer(size_t which, int32_t sequence, uint64_t attempt, const ProduceAnswer& answer);
  void trim_now_and_then();

  // Faults
  void schedule_fault();
  void fault();
  void move_to(BrokerId leader);
  void stale_follower();
  void move_leadership(int times);
  void undo_later(uint64_t below_ms, std::function<void()> undo, Node* silent);
  void down(Node& node, bool power);
  void heal();
  void upkeep();

  // Checks
  void violate(std::string what);
  void run_checked(Instant until);
  void look_at(Node& node);
  // One line for each record.
  std::vector<std::string> read(Node& node, Offset from, Offset below);
  void compare(Node& node, const PartitionView& view);
  void check_complete(Node& node, Offset end);
  void judge();

  const WorldOptions options_;
  Simulation simulation;
  SimNetwork network;
  std::vector<std::unique_ptr<Node>> nodes;

 private:
  const std::unique_ptr<Random> faults_;
  const std::unique_ptr<Random> delays_;
  const std::unique_ptr<Random> disks_;
  const std::unique_ptr<Random> trimming_;
  metadata::PartitionImage state_;
  std::map<BrokerId, BrokerEpoch> epochs_;
  std::set<BrokerId> fenced_;
  std::set<BrokerId> isolated_;
  uint64_t version_ = 0;
  int64_t last_epoch_ = 100;
  std::vector<Producer> producers_;
  std::map<uint64_t, std::function<void()>> undos_;
  uint64_t undo_round_ = 0;
  bool calm_ = false;
  uint64_t trims_ = 0;
  uint64_t crashes_ = 0;
  uint64_t elections_ = 0;
  std::map<LeaderEpoch, BrokerId> leader_of_;
  // By offset; nothing: trimmed before anybody looked.
  std::vector<std::optional<std::string>> committed_;
  std::string violation_;
};

}  // namespace barnabas::partition::testing

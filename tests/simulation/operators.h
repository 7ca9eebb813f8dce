// What operators do to a cluster while programs use it and faults come: they drain brokers and take
// that back, have preferred leaders elected, change settings of topics, add partitions, move the
// controllers' leadership, and create and delete topics by commands that must take effect once.
//
// One command at a time, each until it is answered. At the end what stands in the way of a whole
// cluster is taken back.

#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/admin_calls.h"
#include "tests/simulation/cluster.h"

namespace barnabas::simulation {

enum class Operation {
  kDrain,
  kElectPreferred,
  kMinInSync,
  kAddPartitions,
  kTransfer,
  kCreateOnce,
  kChangeVoters,  // F53
};
inline constexpr int kOperationCount = 7;
const char* to_string(Operation operation);

struct OperatorOptions {
  std::vector<Operation> operations;
  Duration every = std::chrono::milliseconds(700);
  int partitions_most = 8;  // of a topic, with those that are added
  int replicas = 3;         // of each partition: min.insync.replicas is below that
};

class Operators {
 public:
  Operators(Cluster& cluster, OperatorOptions options, Findings& findings);
  ~Operators();

  void start(std::vector<std::string> topics, int partitions);
  void slow_down() { options_.every = 20 * options_.every; }
  void finish();
  // After finish(): nothing is under way, and no broker is drained.
  bool finished() const {
    return !started_ || (finishing_ && idle_ && drained_.empty() && !lacks_a_voter());
  }
  std::string unfinished() const;
  uint64_t done(Operation operation) const { return done_[static_cast<size_t>(operation)]; }
  uint64_t done() const;

 private:
  // What brings the voter back whose disk was wiped: the new one is added, then the old one
  // removed.
  std::optional<proto::AdminRequest> replacement() const;
  bool lacks_a_voter() const;
  void act_later();
  void act();
  void act(Operation operation);
  void drain(int broker, bool undo);
  void change_voters();
  void create_once();
  void delete_once(const std::string& name);
  void call(Operation operation, proto::AdminRequest request);
  void ended(Operation operation, bool done);
  void report(const char* invariant, const std::string& what);

  Cluster& cluster_;
  OperatorOptions options_;
  Findings& findings_;
  std::unique_ptr<Random> random_;
  AdminCalls calls_;
  std::vector<std::string> topics_;
  std::vector<int> partitions_;  // of each topic, as the last answer had it
  std::vector<int> drained_;
  int created_ = 0;
  bool started_ = false;
  bool finishing_ = false;
  bool idle_ = true;
  uint64_t turn_ = 0;  // of those that were planned only the last one comes
  std::array<uint64_t, kOperationCount> done_{};
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace barnabas::simulation

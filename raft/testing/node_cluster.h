// Whole nodes in one simulated thread: real Node, log, vote file and snapshots over MemoryDisk and
// SimTransport. For tests of what the parts do together.

#pragma once

#include <absl/functional/function_ref.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "raft/node.h"
#include "raft/testing/history.h"
#include "storage/memory_disk.h"

namespace barnabas::raft::testing {

struct Member {
  std::string name;
  Options options;
  storage::MemoryDisk disk;
  std::unique_ptr<History> machine = std::make_unique<History>();
  SimExecutor* loop = nullptr;
  std::unique_ptr<SimTransport> transport;
  std::unique_ptr<Listening> listening;
  std::unique_ptr<Node> node;
  absl::Status start_status;
  absl::Status fatal;
};

class NodeCluster {
 public:
  // `joiners` more name the others and themselves as peers; they found nothing.
  explicit NodeCluster(size_t members, uint64_t seed = 1, size_t joiners = 0);
  ~NodeCluster();

  Member& member(size_t i) { return *members_[i]; }
  size_t size() const { return members_.size(); }
  Simulation& simulation() { return simulation_; }
  SimNetwork& network() { return network_; }
  Random& random() { return *random_; }

  void start(size_t i);
  void start_all();
  // SIGKILL: the page cache survives. Or a power cut: it does not.
  void kill(size_t i);
  void cut_power(size_t i);
  // The disk is replaced by an empty one; the node id stays, the directory id does not.
  void wipe(size_t i);

  bool run_until(absl::AnyInvocable<bool()> done, Duration limit);
  void run_for(Duration time) { simulation_.run_for(time); }
  // The leader that has told its machine so; runs until there is one.
  std::optional<size_t> await_leader(Duration limit);
  std::optional<size_t> leader();
  // Proposes at the leader and runs until it is answered.
  absl::StatusOr<LogIndex> propose(const std::string& payload, Duration limit);
  // Asks the leader, and runs until it answers.
  absl::Status add_voter(size_t i, Duration limit);
  absl::Status remove_voter(size_t i, std::optional<Uuid> directory, Duration limit);
  absl::Status transfer(std::optional<size_t> to, Duration limit);
  std::string standing();  // one line for each member, for failure messages
  bool await_applied(size_t entries, Duration limit);  // by all that run

 private:
  void end_process(size_t i, Simulation::Death death);
  using Ask = absl::FunctionRef<void(Node&, Node::Changed)>;
  absl::Status ask_leader(Ask ask, Duration limit);

  Simulation simulation_;
  SimNetwork network_;
  std::unique_ptr<Random> random_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace barnabas::raft::testing

// The weakest network there is: messages between named nodes are delayed, lost, doubled and
// overtake each other. For consensus tests, which must hold on it although links keep order.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/random.h"
#include "common/sim/reachability.h"
#include "common/sim/simulation.h"

namespace barnabas {

struct DatagramOptions {
  Duration min_delay = std::chrono::microseconds(50);
  Duration max_delay = std::chrono::microseconds(500);
  uint32_t loss_percent = 0;
  uint32_t duplicate_percent = 0;
  // So many of a hundred take up to `slow_delay`.
  uint32_t slow_percent = 0;
  Duration slow_delay = std::chrono::milliseconds(50);
};

class SimDatagrams {
 public:
  using Receive = std::function<void(const std::string& from, std::string message)>;

  explicit SimDatagrams(Simulation& simulation, DatagramOptions options = {});

  // Messages for `node` are received on its executor, from now on in place of earlier ones.
  void attach(SimExecutor& node, Receive receive);
  void send(const std::string& from, const std::string& to, std::string message);

  // Takes effect for what is sent, and for what arrives, from now on.
  Reachability& reachability() { return reachability_; }
  DatagramOptions& options() { return options_; }
  uint64_t delivered() const { return delivered_; }

 private:
  struct Node {
    SimExecutor* executor = nullptr;
    std::shared_ptr<Receive> receive;
  };
  Duration draw_delay();
  void deliver(const std::string& from, const std::string& to, const std::string& message);

  Simulation& simulation_;
  DatagramOptions options_;
  const std::unique_ptr<Random> random_;
  Reachability reachability_;
  std::map<std::string, Node> nodes_;
  uint64_t delivered_ = 0;
};

}  // namespace barnabas

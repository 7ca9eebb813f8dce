// The Transport of one simulated node. All its executors must be the SimExecutor of that node.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/sim/sim_network.h"
#include "common/transport.h"

namespace barnabas {

class SimTransport final : public Transport {
 public:
  SimTransport(SimNetwork& network, std::string node) : network_(network), node_(std::move(node)) {}

  // Port 0 gets a free one. A port that a living listener has is an error.
  absl::StatusOr<std::unique_ptr<Listening>> listen(const Endpoint& at,
                                                    std::vector<Channel> channels,
                                                    std::vector<Executor*> loops,
                                                    Accept accept) override;
  LinkPtr dial(const Endpoint& to, Channel channel, Executor& loop, LinkSink& sink) override;
  void probe(const Endpoint& to, Executor& loop, ProbeDone done) override;

 private:
  SimNetwork& network_;
  const std::string node_;
};

}  // namespace barnabas

#include "common/sim/sim_transport.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <utility>

#include "common/sim/sim_connection.h"
#include "common/sim/sim_link.h"

namespace barnabas {
namespace {

SimExecutor& sim_executor(Executor& executor) {
  auto* sim = dynamic_cast<SimExecutor*>(&executor);
  CHECK(sim != nullptr) << "the simulated transport works on SimExecutors only";
  return *sim;
}

}  // namespace

// Identified by its accept function: the endpoint may have a new listener by then.
class SimListening final : public Listening {
 public:
  SimListening(SimNetwork& network, Endpoint endpoint, std::shared_ptr<Transport::Accept> accept)
      : network_(network), endpoint_(std::move(endpoint)), accept_(std::move(accept)) {}
  ~SimListening() override {
    const auto found = network_.listeners_.find(endpoint_);
    if (found != network_.listeners_.end() && found->second.accept == accept_) {
      network_.listeners_.erase(found);
    }
  }
  Endpoint endpoint() const override { return endpoint_; }

 private:
  SimNetwork& network_;
  const Endpoint endpoint_;
  const std::shared_ptr<Transport::Accept> accept_;
};

absl::StatusOr<std::unique_ptr<Listening>> SimTransport::listen(const Endpoint& at,
                                                                std::vector<Channel> channels,
                                                                std::vector<Executor*> loops,
                                                                Accept accept) {
  CHECK(!loops.empty() && !channels.empty());
  Endpoint endpoint = at;
  while (endpoint.port == 0 || (at.port == 0 && network_.owners_.count(endpoint) != 0)) {
    endpoint.port = network_.next_port_++;
  }
  SimNetwork::Listener listener;
  listener.node = node_;
  listener.channels = std::move(channels);
  for (Executor* loop : loops) listener.loops.push_back(&sim_executor(*loop));
  listener.accept = std::make_shared<Accept>(std::move(accept));
  const auto shared = listener.accept;
  const auto [existing, is_new] = network_.listeners_.emplace(endpoint, std::move(listener));
  if (!is_new) {
    return absl::AlreadyExistsError(absl::StrCat("cannot listen at ", to_string(endpoint),
                                                 ": the port is in use by node ",
                                                 existing->second.node));
  }
  network_.assign(endpoint, node_);
  return std::make_unique<SimListening>(network_, std::move(endpoint), shared);
}

LinkPtr SimTransport::dial(const Endpoint& to, Channel channel, Executor& loop, LinkSink& sink) {
  auto connection = std::make_shared<SimConnection>();
  connection->network = &network_;
  connection->id = ++network_.last_connection_;
  connection->channel = channel;
  connection->to = to;
  SimConnection::Side& dialler = connection->sides[0];
  dialler.node = node_;
  dialler.executor = &sim_executor(loop);
  dialler.sink = &sink;
  dialler.address = {node_, network_.next_port_++};
  connection->sides[1].address = to;
  network_.connections_.emplace(connection->id, connection);
  auto link = std::make_unique<SimLink>(connection, 0);
  const Duration timeout = network_.options().connect_timeout;
  loop.after(timeout, [connection] {
    if (connection->network != nullptr && !connection->sides[0].open) {
      connection->network->close_side(connection, 0, Close::kTimeout);
    }
  });
  network_.knock(connection, network_.simulation().now() + timeout);
  return link;
}

void SimTransport::probe(const Endpoint& to, Executor& loop, ProbeDone done) {
  SimExecutor* const executor = &sim_executor(loop);
  // Both endings share it; the first one takes it.
  auto shared = std::make_shared<ProbeDone>(std::move(done));
  const auto answer = [shared](Probe what) {
    if (*shared == nullptr) return;
    auto once = std::exchange(*shared, nullptr);
    once(what);
  };
  loop.after(network_.options().probe_timeout, [answer] { answer(Probe::kUnknown); });
  SimNetwork* const network = &network_;
  network->simulation().after(
      network->draw_latency(), [network, executor, to, answer, node = node_] {
        const auto owner = network->owners_.find(to);
        if (!network->answers(to)) return;
        if (owner != network->owners_.end() && !network->both_ways(node, owner->second)) return;
        const Probe what = network->listeners_.count(to) != 0 ? Probe::kAccepted : Probe::kRefused;
        network->simulation().after(network->draw_latency(), [executor, answer, what] {
          executor->post([answer, what] { answer(what); });
        });
      });
}

}  // namespace barnabas

#include "common/sim/sim_datagrams.h"

#include <utility>

namespace barnabas {

SimDatagrams::SimDatagrams(Simulation& simulation, DatagramOptions options)
    : simulation_(simulation),
      options_(options),
      random_(seeded_random(simulation.seed())->fork("datagrams")) {}

void SimDatagrams::attach(SimExecutor& node, Receive receive) {
  nodes_[node.name()] = {&node, std::make_shared<Receive>(std::move(receive))};
}

Duration SimDatagrams::draw_delay() {
  const bool slow = random_->chance(options_.slow_percent);
  const Duration limit = slow ? options_.slow_delay : options_.max_delay;
  const int64_t span = std::max<int64_t>((limit - options_.min_delay).count(), 0) + 1;
  return options_.min_delay +
         Duration(static_cast<int64_t>(random_->below(static_cast<uint64_t>(span))));
}

void SimDatagrams::send(const std::string& from, const std::string& to, std::string message) {
  // All draws are made whether they are needed or not: a fault then shifts nothing but itself.
  const bool lost = random_->chance(options_.loss_percent);
  const bool doubled = random_->chance(options_.duplicate_percent);
  const Duration first = draw_delay(), second = draw_delay();
  if (lost || !reachability_.reaches(from, to)) return;
  if (doubled) simulation_.after(second, [=, this] { deliver(from, to, message); });
  simulation_.after(first,
                    [this, from, to, message = std::move(message)] { deliver(from, to, message); });
}

void SimDatagrams::deliver(const std::string& from, const std::string& to,
                           const std::string& message) {
  const auto found = nodes_.find(to);
  if (found == nodes_.end() || !reachability_.reaches(from, to)) return;
  found->second.executor->post([this, receive = found->second.receive, from, message] {
    ++delivered_;
    (*receive)(from, message);
  });
}

}  // namespace barnabas

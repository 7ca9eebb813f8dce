// The run as a whole: faults for a while, then calm, then judgement.

#include <absl/strings/str_cat.h>

#include "broker/partition/testing/world.h"

namespace barnabas::partition::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

World::World(const WorldOptions& options)
    : options_(options),
      simulation(options.seed),
      network(simulation),
      faults_(simulation.random().fork("faults")),
      delays_(simulation.random().fork("delays")),
      disks_(simulation.random().fork("disks")),
      trimming_(simulation.random().fork("trimming")) {
  network.options().slow_percent = static_cast<uint32_t>(faults_->below(10));
  for (int32_t i = 1; i <= kReplicas; ++i) {
    nodes.push_back(std::make_unique<Node>(*this, i));
    state_.replicas.push_back(BrokerId{i});
  }
  state_.in_sync = state_.replicas;
  for (int i = 0; i < options.producers; ++i) producers_.push_back({1000 + i, 0, 0, {}});
}

WorldResult World::run() {
  for (auto& node : nodes) node->start();
  for (size_t i = 0; i < producers_.size(); ++i) send(i);
  schedule_fault();
  trim_now_and_then();
  upkeep();
  run_checked(simulation.now() + options_.faulty);
  calm_ = true;
  heal();
  run_checked(simulation.now() + options_.calm);
  if (violation_.empty()) judge();
  WorldResult result;
  result.violation = violation_;
  result.fingerprint = simulation.fingerprint();
  result.crashes = crashes_;
  result.elections = elections_;
  result.trims = trims_;
  for (const Producer& producer : producers_) result.acknowledged += producer.acknowledged.size();
  for (auto& node : nodes) {
    if (node->up) node->crash(false);
  }
  return result;
}

Duration World::delay() {
  // Metadata is usually quick and sometimes very late.
  if (!calm_ && delays_->chance(10)) return milliseconds(delays_->below(400));
  return microseconds(200 + delays_->below(3000));
}

std::string World::told() const {
  return absl::StrCat(simulation.now().time_since_epoch().count(), " ");
}

std::string World::text(const std::vector<BrokerId>& brokers) {
  std::string out;
  for (BrokerId broker : brokers) absl::StrAppend(&out, broker.value(), " ");
  return out;
}

WorldResult run_world(const WorldOptions& options) { return World(options).run(); }

}  // namespace barnabas::partition::testing

#include "broker/observation.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace barnabas::broker {

BrokerObservation::BrokerObservation(BrokerId self, std::vector<Loop> loops)
    : self_(self), loops_(std::move(loops)) {}

void BrokerObservation::show(Broker& broker) {
  broker_ = &broker;
  std::vector<std::string> io_threads;
  for (size_t i = 1; i < loops_.size(); ++i) io_threads.push_back(loops_[i].name);
  {
    MutexLock lock(mutex_);
    metrics_ = std::make_shared<BrokerMetrics>(
        MetricsSources{self_, broker.metrics(), broker.disk_state(), broker.session(),
                       broker.partitions(), broker.flushes(), broker.groups()},
        std::move(io_threads));
  }
  look();
}

void BrokerObservation::look() {
  if (broker_ == nullptr) return;
  SessionFacts facts;
  facts.serving = broker_->is_serving();
  facts.stopping = broker_->is_stopping();
  facts.attached = !facts.stopping && broker_->session().attached();
  facts.fenced = broker_->is_fenced();
  facts.epoch = broker_->epoch();
  facts.cluster_id = broker_->cluster_id();
  if (!facts.stopping) broker_->groups().facts();  // begins a look at the groups
  MutexLock lock(mutex_);
  facts_ = std::move(facts);
}

void BrokerObservation::collect(const http::MetricsQuery& query, Exposition& into) {
  into.gauge("barnabas_recovery_partitions", "Partitions found in the data directory at the start",
             static_cast<double>(recovery_.found.load()));
  into.gauge("barnabas_recovery_partitions_done", "Of these, as many are recovered",
             static_cast<double>(recovery_.done.load()));
  SessionFacts facts;
  std::shared_ptr<BrokerMetrics> metrics;
  {
    MutexLock lock(mutex_);
    facts = facts_;
    metrics = metrics_;
  }
  if (metrics != nullptr) metrics->collect(facts, query, system_clock().now(), into);
}

void BrokerObservation::note(const SessionFacts& facts, http::Health& health) const {
  health.note("role", "broker");
  health.note("node", std::to_string(self_.value()));
  health.note("cluster", facts.cluster_id);
}

http::Health BrokerObservation::ready() {
  http::Health health;
  MutexLock lock(mutex_);
  note(facts_, health);
  if (facts_.stopping) {
    health.fail("this broker is stopping");
    return health;
  }
  if (!facts_.attached) {
    health.fail(
        "no active controller is attached: what is known of the cluster grows old; see whether the "
        "controllers run and have a leader (barnabas quorum status)");
  }
  if (!facts_.serving) {
    health.fail(
        "the listeners are not open yet: metadata is not caught up, or the controller has "
        "not admitted this broker");
  } else if (facts_.fenced) {
    health.fail("the controller has fenced this broker: it had not heard of it in time");
  }
  return health;
}

http::Health BrokerObservation::startup() {
  http::Health health;
  MutexLock lock(mutex_);
  note(facts_, health);
  const int64_t found = recovery_.found.load(), done = recovery_.done.load();
  health.note("recovered", absl::StrCat(done, " of ", found, " partitions"));
  if (metrics_ == nullptr) {
    health.fail(absl::StrCat("recovering: partition ", done, " of ", found));
  }
  return health;
}

}  // namespace barnabas::broker

// A broker, as its port for metrics and health sees it.
//
//   starting (directory, recovery) --show()--> started --> serving
//
// It is there before the broker is, so that a start that takes long shows how far it has come.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "broker/metrics.h"
#include "common/http/operations_port.h"
#include "common/mutex.h"

namespace barnabas::broker {

class BrokerObservation final : public http::Observed {
 public:
  // `loops`: the metadata loop first, then those of the I/O threads.
  BrokerObservation(BrokerId self, std::vector<Loop> loops);

  // Filled in by the start of the broker.
  partition::RecoveryProgress& recovery() { return recovery_; }
  // On the metadata loop, when the broker has started. It must outlive the port.
  void show(Broker& broker);

  std::vector<Loop> loops() override { return loops_; }
  void look() override;
  void collect(const http::MetricsQuery& query, Exposition& into) override;
  http::Health ready() override;
  http::Health startup() override;

 private:
  void note(const SessionFacts& facts, http::Health& health) const;

  const BrokerId self_;
  const std::vector<Loop> loops_;
  partition::RecoveryProgress recovery_;

  Broker* broker_ = nullptr;  // on the metadata loop
  // Held for moments only: the metadata loop takes it as well.
  Mutex mutex_;
  SessionFacts facts_ GUARDED_BY(mutex_);
  std::shared_ptr<BrokerMetrics> metrics_ GUARDED_BY(mutex_);
};

}  // namespace barnabas::broker

// A controller, as its port for metrics and health sees it, and gRPC's health service.

#pragma once

#include <string>
#include <vector>

#include "common/http/operations_port.h"
#include "common/mutex.h"
#include "controller/controller.h"
#include "controller/metrics.h"
#include "raft/node.h"

namespace barnabas::controller {

class ControllerObservation final : public http::Observed {
 public:
  ControllerObservation(ControllerId self, std::string directory, Executor& loop)
      : self_(self), loop_(loop), metrics_(self, std::move(directory)) {}

  // On the loop, when it has started. Both must outlive the port.
  void show(Controller& controller, raft::Node& node);

  std::vector<Loop> loops() override { return {{"controller", &loop_}}; }
  void look() override;
  void collect(const http::MetricsQuery& query, Exposition& into) override;
  http::Health ready() override;
  http::Health startup() override;

  // On the loop.
  bool has_leader() const { return node_ != nullptr && node_->leader().has_value(); }
  bool is_active() const { return controller_ != nullptr && controller_->is_active(); }

 private:
  ControllerFacts facts();

  const ControllerId self_;
  Executor& loop_;
  Controller* controller_ = nullptr;  // on the loop
  raft::Node* node_ = nullptr;
  UncleanElections unclean_elections_;

  Mutex mutex_;
  ControllerFacts facts_ GUARDED_BY(mutex_);
  ControllerMetrics metrics_;  // on the port's thread
};

}  // namespace barnabas::controller

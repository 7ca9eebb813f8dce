#include "controller/observation.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace barnabas::controller {

void ControllerObservation::show(Controller& controller, raft::Node& node) {
  controller_ = &controller;
  node_ = &node;
  look();
}

void ControllerObservation::look() {
  if (controller_ == nullptr) return;
  ControllerFacts facts;
  facts.started = true;
  facts.active = controller_->is_active();
  facts.sessions = static_cast<int64_t>(controller_->sessions());
  facts.cluster = look_at_cluster(controller_->committed_image());
  unclean_elections_.look(controller_->committed_image());
  facts.unclean_elections = unclean_elections_.count();
  facts.quorum = node_->status();
  MutexLock lock(mutex_);
  facts_ = std::move(facts);
}

ControllerFacts ControllerObservation::facts() {
  MutexLock lock(mutex_);
  return facts_;
}

void ControllerObservation::collect(const http::MetricsQuery&, Exposition& into) {
  metrics_.collect(facts(), system_clock().now(), into);
}

http::Health ControllerObservation::ready() {
  const ControllerFacts now = facts();
  http::Health health;
  health.note("role", "controller");
  health.note("node", std::to_string(self_.value()));
  health.note("cluster", now.quorum.cluster_id);
  health.note("quorum", now.quorum.role);
  if (now.quorum.cluster_id.empty()) {
    health.fail(
        "the cluster has not formed: it does so when every controller of "
        "controller.quorum.voters runs");
  } else if (now.quorum.role == "observer") {
    health.fail(absl::StrCat("it does not vote: barnabas quorum add ", self_.value(),
                             " lets it, or, after its disk was wiped, barnabas quorum replace ",
                             self_.value()));
  } else if (!now.quorum.leader.has_value()) {
    health.fail(
        "no leader of the quorum is known: a majority of the controllers must run and reach "
        "each other");
  }
  if (!now.quorum.trouble.empty()) health.note("trouble", now.quorum.trouble);
  return health;
}

http::Health ControllerObservation::startup() {
  http::Health health;
  health.note("role", "controller");
  health.note("node", std::to_string(self_.value()));
  if (!facts().started) health.fail("reading the log and the store");
  return health;
}

}  // namespace barnabas::controller

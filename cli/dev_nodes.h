// The controllers and brokers of `barnabas dev`, all in this process. Used from one loop, on which
// its callbacks come too.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/process.h"
#include "cli/dev_plan.h"
#include "common/net/event_loop.h"
#include "controller/process.h"

namespace barnabas::cli {

class DevNodes {
 public:
  struct Events {
    absl::AnyInvocable<void()> ready;  // every broker serves, and knows all the others
    // A node did not start, or had to end: the process is to exit. May be called more than once.
    absl::AnyInvocable<void(const std::string& node, const absl::Status&)> failed;
  };

  DevNodes(DevPlan& plan, EventLoop& loop, Events events);

  // Brokers first: leaving cleanly takes a controller.
  void stop(Task done);
  // After `ready`.
  const std::string& cluster_id() const { return cluster_id_; }
  // Where the first broker serves metrics and health; nullopt: nowhere.
  std::optional<Endpoint> operations() const { return brokers_[0]->operations(); }

 private:
  void look_whether_ready();
  void ended(const std::string& node, const absl::Status& status);

  EventLoop& loop_;
  Events events_;
  std::vector<std::unique_ptr<controller::ControllerProcess>> controllers_;
  std::vector<std::unique_ptr<broker::BrokerProcess>> brokers_;
  size_t serving_ = 0;
  size_t stopped_ = 0;
  Task stop_done_;
  std::string cluster_id_;
};

}  // namespace barnabas::cli

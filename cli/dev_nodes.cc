#include "cli/dev_nodes.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/logging.h"

namespace barnabas::cli {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(2);

[[noreturn]] void leave(const std::string& node, const absl::Status& status) {
  LOG(ERROR) << node << ": " << status;
  std::fprintf(stderr, "barnabas: %s cannot go on: %s\n", node.c_str(),
               std::string(status.message()).c_str());
  stop_logging();
  _exit(1);
}

}  // namespace

DevNodes::DevNodes(DevPlan& plan, EventLoop& loop, Events events)
    : loop_(loop), events_(std::move(events)) {
  for (controller::ControllerConfig& config : plan.controllers) {
    const std::string name = absl::StrCat("controller ", config.node.value());
    controller::ControllerProcess::Events heard;
    heard.ended = [this, name](const absl::Status& status) {
      loop_.post([this, name, status] { ended(name, status); });
    };
    // Nothing may be decided after it, by no thread: this process ends here and now.
    heard.fatal = [name](const absl::Status& status) { leave(name, status); };
    controllers_.push_back(
        std::make_unique<controller::ControllerProcess>(std::move(config), std::move(heard)));
  }
  for (broker::BrokerConfig& config : plan.brokers) {
    const std::string name = absl::StrCat("broker ", config.node.value());
    broker::BrokerProcess::Events heard;
    heard.serving = [this](const std::vector<Endpoint>&) {
      loop_.post([this] {
        if (++serving_ == brokers_.size()) look_whether_ready();
      });
    };
    heard.ended = [this, name](const absl::Status& status) {
      loop_.post([this, name, status] { ended(name, status); });
    };
    brokers_.push_back(
        std::make_unique<broker::BrokerProcess>(std::move(config), std::move(heard)));
  }
}

void DevNodes::look_whether_ready() {
  if (stop_done_ != nullptr) return;
  const bool all = std::all_of(brokers_.begin(), brokers_.end(), [&](const auto& process) {
    size_t live = 0;
    process->broker()->session().with_image([&](const metadata::Image& image) {
      for (const auto& [id, broker] : image.brokers()) live += broker.fenced ? 0 : 1;
    });
    return live == brokers_.size();
  });
  if (!all) {
    loop_.after(kLook, [this] { look_whether_ready(); });
    return;
  }
  cluster_id_ = brokers_[0]->broker()->cluster_id();
  events_.ready();
}

void DevNodes::stop(Task done) {
  stop_done_ = std::move(done);
  for (const auto& process : brokers_) process->stop();
}

void DevNodes::ended(const std::string& node, const absl::Status& status) {
  if (!status.ok()) return events_.failed(node, status);
  ++stopped_;
  if (stopped_ == brokers_.size()) {
    for (const auto& process : controllers_) process->stop();
  }
  if (stopped_ < brokers_.size() + controllers_.size()) return;
  brokers_.clear();
  controllers_.clear();
  stop_done_();
}

}  // namespace barnabas::cli

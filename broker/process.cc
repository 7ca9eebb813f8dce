#include "broker/process.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "broker/self_check.h"
#include "common/status.h"

namespace barnabas::broker {
namespace {

TcpOptions tcp_options(const BrokerConfig& config) {
  TcpOptions tcp;
  tcp.max_frame_bytes = config.request_max_bytes;
  tcp.max_connections = config.max_connections;
  tcp.max_connections_per_ip = config.max_connections_per_ip;
  tcp.idle_timeout = std::max(config.connections_idle, Duration::zero());
  return tcp;
}

}  // namespace

BrokerProcess::BrokerProcess(BrokerConfig config, Events events)
    : events_(std::move(events)),
      random_(system_random()),
      transport_(tcp_options(config)),
      disk_loop_("disk"),
      disk_(&disk_loop_.loop()),
      metadata_("metadata") {
  for (int i = 0; i < config.network_threads; ++i) {
    io_.push_back(std::make_unique<LoopThread>("io-" + std::to_string(i)));
  }
  if (absl::Status status = open_port(config); !status.ok()) {
    metadata_.loop().post([this, status] { events_.ended(status); });
    return;
  }
  config.host = look_at_host();
  std::string host = reachable_host(config.controllers, config.host);
  metadata_.loop().post([this, config = std::move(config), host = std::move(host)]() mutable {
    start(std::move(config), host);
  });
}

BrokerProcess::~BrokerProcess() {
  port_.reset();
  for (auto& thread : io_) thread->stop();
  metadata_.stop();
  disk_loop_.stop();
  broker_.reset();
}

std::vector<Executor*> BrokerProcess::loops() {
  std::vector<Executor*> out = {&metadata_.loop()};
  for (auto& thread : io_) out.push_back(&thread->loop());
  return out;
}

// Before the start, which may take long, and is to be seen.
absl::Status BrokerProcess::open_port(const BrokerConfig& config) {
  std::vector<http::Observed::Loop> loops = {{"metadata", &metadata_.loop()}};
  for (size_t i = 0; i < io_.size(); ++i) {
    loops.push_back({"io-" + std::to_string(i), &io_[i]->loop()});
  }
  observation_ = std::make_shared<BrokerObservation>(config.node, std::move(loops));
  if (!config.metrics_address.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(port_, http::OperationsPort::start(*config.metrics_address, observation_));
  LOG(INFO) << "metrics and health at http://" << port_->endpoint();
  return http::write_address(config.directory, port_->endpoint());
}

void BrokerProcess::start(BrokerConfig config, const std::string& host) {
  std::vector<Executor*> io_loops;
  for (auto& thread : io_) io_loops.push_back(&thread->loop());
  BrokerEvents events;
  events.serving = [this, settings = config] {
    check_advertised(settings, transport_, metadata_.loop());
    events_.serving(broker_->endpoints());
  };
  events.ended = [this](const absl::Status& status) { events_.ended(status); };
  auto started = Broker::start(std::move(config),
                               BrokerSeams{transport_, disk_, *random_, metadata_.loop(), io_loops,
                                           disk_loop_.loop(), &observation_->recovery()},
                               std::move(events), host);
  if (!started.ok()) return events_.ended(started.status());
  broker_ = *std::move(started);
  observation_->show(*broker_);
}

void BrokerProcess::stop() {
  metadata_.loop().post([this] {
    if (broker_ == nullptr) return events_.ended(absl::OkStatus());
    broker_->stop();
  });
}

}  // namespace barnabas::broker

#include "broker/process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

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

// The address by which this machine reaches the controllers: what other machines are told where a
// listener is bound to all addresses. Asking for a route sends nothing.
std::string reachable_host(const Endpoint& controller) {
  in_addr address{};
  if (controller.host == "localhost" ||
      inet_pton(AF_INET, controller.host.c_str(), &address) != 1) {
    if (controller.host == "localhost" || controller.host == "::1") return "127.0.0.1";
    char name[256] = {};
    return gethostname(name, sizeof name - 1) == 0 ? name : "127.0.0.1";
  }
  const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) return "127.0.0.1";
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(controller.port);
  to.sin_addr = address;
  sockaddr_in from{};
  socklen_t size = sizeof from;
  std::string host = "127.0.0.1";
  char text[INET_ADDRSTRLEN] = {};
  if (connect(socket_fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
      getsockname(socket_fd, reinterpret_cast<sockaddr*>(&from), &size) == 0 &&
      inet_ntop(AF_INET, &from.sin_addr, text, sizeof text) != nullptr) {
    host = text;
  }
  close(socket_fd);
  return host;
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
  std::string host = reachable_host(config.controllers[0]);
  metadata_.loop().post([this, config = std::move(config), host = std::move(host)]() mutable {
    start(std::move(config), host);
  });
}

BrokerProcess::~BrokerProcess() {
  for (auto& thread : io_) thread->stop();
  metadata_.stop();
  disk_loop_.stop();
  broker_.reset();
}

void BrokerProcess::start(BrokerConfig config, const std::string& host) {
  std::vector<Executor*> io_loops;
  for (auto& thread : io_) io_loops.push_back(&thread->loop());
  BrokerEvents events;
  events.serving = [this] { events_.serving(broker_->endpoints()); };
  events.ended = [this](const absl::Status& status) { events_.ended(status); };
  auto started = Broker::start(
      std::move(config),
      BrokerSeams{transport_, disk_, *random_, metadata_.loop(), io_loops, disk_loop_.loop()},
      std::move(events), host);
  if (!started.ok()) return events_.ended(started.status());
  broker_ = *std::move(started);
}

void BrokerProcess::stop() {
  metadata_.loop().post([this] {
    if (broker_ == nullptr) return events_.ended(absl::OkStatus());
    broker_->stop();
  });
}

}  // namespace barnabas::broker

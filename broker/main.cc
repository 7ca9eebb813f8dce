// barnabas-broker: the daemon. Composes a Broker from real loops, sockets and disks; no logic.

#include <arpa/inet.h>
#include <gflags/gflags.h>
#include <glog/logging.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "broker/config.h"
#include "common/logging.h"
#include "common/mutex.h"
#include "common/net/event_loop.h"
#include "common/net/real_transport.h"
#include "common/process.h"
#include "common/properties.h"
#include "common/random.h"
#include "storage/posix_disk.h"

DEFINE_string(config, "", "Properties file of this broker.");

namespace barnabas::broker {
namespace {

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

// Where the end of the broker is waited for, by the main thread.
class Ending {
 public:
  void set(absl::Status status) {
    MutexLock lock(mutex_);
    if (!status_.has_value()) status_ = std::move(status);
    ended_.notify_all();
  }
  absl::Status wait() {
    MutexLock lock(mutex_);
    while (!status_.has_value()) ended_.wait(mutex_);
    return *status_;
  }

 private:
  Mutex mutex_;
  CondVar ended_;
  std::optional<absl::Status> status_ GUARDED_BY(mutex_);
};

int fail(const absl::Status& status) {
  std::fprintf(stderr, "barnabas-broker: %s\n", std::string(status.message()).c_str());
  return 1;
}

// After a failure the disk's thread may hang in the kernel for ever, and must not be waited for.
[[noreturn]] void leave(const absl::Status& status) {
  fail(status);
  google::FlushLogFiles(google::INFO);
  std::fflush(nullptr);
  _exit(1);
}

int serve(BrokerConfig config) {
  TcpOptions tcp;
  tcp.max_frame_bytes = config.request_max_bytes;
  tcp.max_connections = config.max_connections;
  tcp.max_connections_per_ip = config.max_connections_per_ip;
  tcp.idle_timeout = std::max(config.connections_idle, Duration::zero());

  Ending ending;
  const std::unique_ptr<Random> random = system_random();
  RealTransport transport(tcp);
  LoopThread disk_loop("disk");
  storage::PosixDisk disk(&disk_loop.loop());
  std::vector<std::unique_ptr<LoopThread>> io;
  std::vector<Executor*> io_loops;
  for (int i = 0; i < config.network_threads; ++i) {
    io.push_back(std::make_unique<LoopThread>("io-" + std::to_string(i)));
    io_loops.push_back(&io.back()->loop());
  }
  LoopThread metadata("metadata");

  std::unique_ptr<Broker> broker;  // on the metadata loop, until all loops have stopped
  const std::string host = reachable_host(config.controllers[0]);
  metadata.loop().post([&] {
    BrokerEvents events;
    events.ended = [&](absl::Status status) { ending.set(std::move(status)); };
    auto started = Broker::start(
        std::move(config),
        BrokerSeams{transport, disk, *random, metadata.loop(), io_loops, disk_loop.loop()},
        std::move(events), host);
    if (!started.ok()) return ending.set(started.status());
    broker = *std::move(started);
  });
  StopSignals signals(metadata.loop(), [&] {
    if (broker == nullptr) return ending.set(absl::OkStatus());
    broker->stop();
  });

  const absl::Status status = ending.wait();
  if (!status.ok()) leave(status);
  for (auto& thread : io) thread->stop();
  metadata.stop();
  disk_loop.stop();
  broker.reset();
  LOG(INFO) << "stopped";
  return 0;
}

int run(const std::string& file) {
  if (file.empty()) {
    return fail(absl::InvalidArgumentError(
        "no configuration was given: start it as barnabas-broker --config=FILE"));
  }
  const auto properties = Properties::read_file(file);
  if (!properties.ok()) return fail(properties.status());
  auto config = parse_config(*properties,
                             static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
  if (!config.ok()) return fail(config.status());

  LoggingOptions logging;
  logging.program = "barnabas-broker";
  logging.directory = config->directory + "/logs";
  if (absl::Status status = start_logging(logging); !status.ok()) return fail(status);
  LOG(INFO) << "barnabas-broker " << config->node << " starts, pid " << getpid();
  for (const std::string& remark : config->remarks) LOG(WARNING) << remark;
  const int code = serve(*std::move(config));
  stop_logging();
  return code;
}

}  // namespace
}  // namespace barnabas::broker

int main(int argc, char** argv) {
  barnabas::block_stop_signals();
  gflags::SetUsageMessage("stores and serves records: barnabas-broker --config=FILE");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  return barnabas::broker::run(FLAGS_config);
}

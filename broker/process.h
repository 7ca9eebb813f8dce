// A whole broker in this process: its loops, sockets and disk, and the Broker composed of them. The
// daemon holds one, `barnabas dev` several.
//
//   constructor -> (its threads: start, register) -> serving -> stop() -> ended -> destructor
//
// Why several may share a process: nothing here is global; each has threads, descriptors and a data
// directory of its own, and the directory is locked.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "broker/config.h"
#include "broker/observation.h"
#include "common/http/operations_port.h"
#include "common/net/event_loop.h"
#include "common/net/real_transport.h"
#include "common/random.h"
#include "storage/posix_disk.h"

namespace barnabas::broker {

class BrokerProcess {
 public:
  // On the broker's own thread, where they must not block.
  struct Events {
    absl::AnyInvocable<void(const std::vector<Endpoint>&)> serving =
        [](const std::vector<Endpoint>&) {};  // where the listeners really are
    // Once. OK: a clean stop is complete. Else: why this process must exit now.
    absl::AnyInvocable<void(const absl::Status&)> ended = [](const absl::Status&) {};
  };

  // Begins to start and returns at once.
  BrokerProcess(BrokerConfig config, Events events);
  // After a clean stop. (After a failure a thread may hang in the kernel for ever: leave the
  // process with _exit instead.)
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  // Thread-safe: a clean stop, which moves leaderships away first.
  void stop();

  // For what is to run beside the broker: it sees the broker from this loop only.
  EventLoop& metadata_loop() { return metadata_.loop(); }
  // On the metadata loop; nullptr until it has started.
  Broker* broker() { return broker_.get(); }
  // Where metrics and health are served (metrics.address); nullopt: nowhere.
  std::optional<Endpoint> operations() const {
    return port_ == nullptr ? std::nullopt : std::optional<Endpoint>(port_->endpoint());
  }
  // All that must turn, the metadata loop first.
  std::vector<Executor*> loops();

 private:
  void start(BrokerConfig config, const std::string& host);
  absl::Status open_port(const BrokerConfig& config);

  Events events_;
  const std::unique_ptr<Random> random_;
  RealTransport transport_;
  LoopThread disk_loop_;
  storage::PosixDisk disk_;
  std::vector<std::unique_ptr<LoopThread>> io_;
  std::unique_ptr<Broker> broker_;  // on the metadata loop, until all loops have stopped
  LoopThread metadata_;
  std::shared_ptr<BrokerObservation> observation_;
  std::unique_ptr<http::OperationsPort> port_;
};

}  // namespace barnabas::broker

// A whole controller in this process: its loop, sockets, disk and store, the Controller and its
// Raft node composed of them. The daemon holds one, `barnabas dev` several.
//
//   constructor -> (its thread: load, listen) -> listening -> stop() -> ended -> destructor

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <memory>
#include <optional>

#include "common/http/operations_port.h"
#include "common/net/event_loop.h"
#include "common/net/real_transport.h"
#include "common/random.h"
#include "controller/config.h"
#include "controller/controller.h"
#include "controller/observation.h"
#include "raft/node.h"
#include "storage/data_directory.h"
#include "storage/metadata_store.h"
#include "storage/posix_disk.h"

namespace barnabas::controller {

class ControllerProcess {
 public:
  // On the controller's own thread, where they must not block.
  struct Events {
    absl::AnyInvocable<void(const Endpoint&)> listening = [](const Endpoint&) {};
    // Once. OK: it has stopped, and the destructor may come. Else: why it could not start.
    absl::AnyInvocable<void(const absl::Status&)> ended = [](const absl::Status&) {};
    // A broken invariant or disk. It must not return: nothing may be decided after it (S13).
    absl::AnyInvocable<void(const absl::Status&)> fatal;
  };

  // Begins to start and returns at once.
  ControllerProcess(ControllerConfig config, Events events);
  // After `ended`. Closes what is open, and makes the store durable.
  ~ControllerProcess();
  ControllerProcess(const ControllerProcess&) = delete;
  ControllerProcess& operator=(const ControllerProcess&) = delete;

  // Thread-safe. A leader hands over first, within a moment.
  void stop();

  // For what is to run beside the controller: it sees the controller from this loop only.
  EventLoop& loop() { return thread_.loop(); }
  // On the loop; nullptr until it has started.
  Controller* controller() { return controller_.get(); }
  raft::Node* node() { return node_.get(); }
  // Where metrics and health are served (metrics.address); nullopt: nowhere.
  std::optional<Endpoint> operations() const {
    return port_ == nullptr ? std::nullopt : std::optional<Endpoint>(port_->endpoint());
  }

 private:
  absl::Status open_port();
  absl::Status start();
  absl::Status load_store();
  void serve_admin();
  void hand_over();

  const ControllerConfig config_;
  Events events_;
  LoopThread thread_;
  const std::unique_ptr<Random> random_;
  RealTransport transport_;
  storage::PosixDisk disk_;
  // On the loop, until it has stopped.
  std::unique_ptr<storage::DataDirectory> directory_;
  std::unique_ptr<storage::MetadataStore> store_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<raft::Node> node_;
  std::unique_ptr<Listening> listening_;
  std::shared_ptr<ControllerObservation> observation_;
  std::unique_ptr<http::OperationsPort> port_;
  bool stopping_ = false;  // on the loop
  bool handed_over_ = false;
};

}  // namespace barnabas::controller

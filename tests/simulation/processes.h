// The two kinds of process of a simulated cluster, composed as the daemons' main files compose
// them, but on one executor per process and on simulated seams. No logic of their own.
//
// To end one as SIGKILL does: kill its executor in the Simulation first, then destroy it.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>

#include "broker/broker.h"
#include "common/sim/sim_transport.h"
#include "controller/controller.h"
#include "raft/node.h"
#include "storage/data_directory.h"
#include "storage/disk.h"
#include "storage/metadata_store.h"

namespace barnabas::simulation {

// A process says once that it is over; from inside its own event, so destroy it later.
using Exited = absl::AnyInvocable<void(absl::Status)>;

class ControllerProcess {
 public:
  struct Settings {
    ControllerId id;
    std::map<ControllerId, Endpoint> quorum;
    controller::Brokers::Options brokers;
    std::map<std::string, std::string> broker_defaults;
    uint64_t snapshot_after_bytes = uint64_t{20} << 20;
  };
  static absl::StatusOr<std::unique_ptr<ControllerProcess>> start(
      Settings settings, SimNetwork& network, SimExecutor& loop, storage::Disk& disk,
      storage::MetadataStore& store, std::unique_ptr<Random> random, Exited exited);
  ~ControllerProcess();

  controller::Controller& controller() { return *controller_; }
  const raft::Node& node() const { return *node_; }
  const Uuid& directory_id() const { return directory_->identity().directory_id; }

 private:
  ControllerProcess(SimNetwork& network, SimExecutor& loop, std::unique_ptr<Random> random,
                    Exited exited);

  SimTransport transport_;
  std::unique_ptr<Random> random_;
  Exited exited_;
  std::unique_ptr<storage::DataDirectory> directory_;
  std::unique_ptr<controller::Controller> controller_;
  std::unique_ptr<raft::Node> node_;
  std::unique_ptr<Listening> listening_;
};

class BrokerProcess {
 public:
  static absl::StatusOr<std::unique_ptr<BrokerProcess>> start(
      broker::BrokerConfig config, SimNetwork& network, SimExecutor& loop, storage::Disk& disk,
      std::unique_ptr<Random> random, Exited exited);

  broker::Broker& broker() { return *broker_; }

 private:
  BrokerProcess(SimNetwork& network, SimExecutor& loop, std::unique_ptr<Random> random,
                Exited exited);

  SimTransport transport_;
  std::unique_ptr<Random> random_;
  Exited exited_;
  std::unique_ptr<broker::Broker> broker_;
};

}  // namespace barnabas::simulation

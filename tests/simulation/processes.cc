#include "tests/simulation/processes.h"

#include <utility>

#include "common/status.h"

namespace barnabas::simulation {

ControllerProcess::ControllerProcess(SimNetwork& network, SimExecutor& loop,
                                     std::unique_ptr<Random> random, Exited exited)
    : transport_(network, loop.name()), random_(std::move(random)), exited_(std::move(exited)) {}

ControllerProcess::~ControllerProcess() {
  listening_.reset();
  // The node calls the controller, which is its state machine, until it is gone.
  node_.reset();
  controller_.reset();
}

absl::StatusOr<std::unique_ptr<ControllerProcess>> ControllerProcess::start(
    Settings settings, SimNetwork& network, SimExecutor& loop, storage::Disk& disk,
    storage::MetadataStore& store, std::unique_ptr<Random> random, Exited exited) {
  std::unique_ptr<ControllerProcess> process(
      new ControllerProcess(network, loop, std::move(random), std::move(exited)));
  ASSIGN_OR_RETURN(
      process->directory_,
      storage::DataDirectory::open(disk, "/controller", settings.id.value(), *process->random_));

  controller::Options options;
  options.self = settings.id;
  options.endpoints = settings.quorum;
  options.brokers = settings.brokers;
  options.broker_defaults = settings.broker_defaults;
  process->controller_ = std::make_unique<controller::Controller>(
      std::move(options), loop, process->transport_, *process->random_, store);
  process->controller_->on_fatal(
      [p = process.get()](absl::Status why) { p->exited_(std::move(why)); });
  RETURN_IF_ERROR(process->controller_->load());

  raft::Options quorum;
  quorum.self = settings.id;
  for (const auto& [id, endpoint] : settings.quorum) quorum.peers.push_back({id, Uuid(), endpoint});
  quorum.directory = process->directory_->path();
  quorum.directory_id = process->directory_->identity().directory_id;
  quorum.snapshot_after_bytes = settings.snapshot_after_bytes;
  ASSIGN_OR_RETURN(process->node_,
                   raft::Node::start(std::move(quorum), disk, process->transport_, loop,
                                     *process->random_, process->controller_->machine()));
  process->node_->on_fatal([p = process.get()](absl::Status why) { p->exited_(std::move(why)); });
  process->controller_->attach(*process->node_);

  ASSIGN_OR_RETURN(
      process->listening_,
      process->transport_.listen(settings.quorum.at(settings.id),
                                 {Channel::kRaft, Channel::kRaftBulk, Channel::kController},
                                 {&loop}, [p = process.get()](Channel channel, LinkPtr link) {
                                   if (channel == Channel::kController) {
                                     p->controller_->accept(std::move(link));
                                   } else {
                                     p->node_->accept(channel, std::move(link));
                                   }
                                 }));
  return process;
}

BrokerProcess::BrokerProcess(SimNetwork& network, SimExecutor& loop, std::unique_ptr<Random> random,
                             Exited exited)
    : transport_(network, loop.name()), random_(std::move(random)), exited_(std::move(exited)) {}

absl::StatusOr<std::unique_ptr<BrokerProcess>> BrokerProcess::start(
    broker::BrokerConfig config, SimNetwork& network, SimExecutor& loop, storage::Disk& disk,
    std::unique_ptr<Random> random, Exited exited) {
  std::unique_ptr<BrokerProcess> process(
      new BrokerProcess(network, loop, std::move(random), std::move(exited)));
  broker::BrokerEvents events;
  events.ended = [p = process.get()](absl::Status why) { p->exited_(std::move(why)); };
  ASSIGN_OR_RETURN(
      process->broker_,
      broker::Broker::start(
          std::move(config),
          broker::BrokerSeams{process->transport_, disk, *process->random_, loop, {&loop}, loop},
          std::move(events), /*reachable_host=*/"localhost"));
  return process;
}

}  // namespace barnabas::simulation

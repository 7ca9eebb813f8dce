#include "controller/process.h"

#include <glog/logging.h>

#include <string>
#include <utility>

#include "common/status.h"
#include "controller/grpc_tools.h"
#include "proto/admin.pb.h"

namespace barnabas::controller {
namespace {

constexpr char kAdminService[] = "barnabas.AdminService";
constexpr Duration kHandOver = std::chrono::milliseconds(300);

Options controller_options(const ControllerConfig& config) {
  Options options;
  options.self = config.node;
  options.endpoints = config.voters;
  options.brokers.liveness.session_timeout = config.session_timeout;
  options.balance_leaders = config.balance_leaders;
  options.balance_delay = config.balance_delay;
  options.broker_defaults = config.broker_defaults;
  return options;
}

raft::Options raft_options(const ControllerConfig& config, const Uuid& directory_id) {
  raft::Options options;
  options.self = config.node;
  for (const auto& [id, endpoint] : config.voters) options.peers.push_back({id, Uuid(), endpoint});
  options.directory = config.directory;
  options.directory_id = directory_id;
  options.heartbeat = config.quorum_heartbeat;
  options.election_timeout_min = config.election_timeout_min;
  options.election_timeout_max = config.election_timeout_max;
  options.snapshot_after_bytes = config.snapshot_after_bytes;
  return options;
}

}  // namespace

ControllerProcess::ControllerProcess(ControllerConfig config, Events events)
    : config_(std::move(config)),
      events_(std::move(events)),
      thread_("controller"),
      random_(system_random()) {
  const absl::Status port = open_port();
  thread_.loop().post([this, port] {
    if (!port.ok()) return events_.ended(port);
    if (absl::Status status = start(); !status.ok()) events_.ended(status);
  });
}

ControllerProcess::~ControllerProcess() {
  port_.reset();
  thread_.stop();
  listening_.reset();
  if (store_ == nullptr) return;
  if (const absl::Status status = store_->flush(); !status.ok()) LOG(ERROR) << status;
}

absl::Status ControllerProcess::open_port() {
  observation_ =
      std::make_shared<ControllerObservation>(config_.node, config_.directory, thread_.loop());
  if (!config_.metrics_address.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(port_, http::OperationsPort::start(*config_.metrics_address, observation_));
  LOG(INFO) << "metrics and health at http://" << port_->endpoint();
  return http::write_address(config_.directory, port_->endpoint());
}

absl::Status ControllerProcess::start() {
  ASSIGN_OR_RETURN(directory_, storage::DataDirectory::open(disk_, config_.directory,
                                                            config_.node.value(), *random_));
  RETURN_IF_ERROR(load_store());
  controller_->on_fatal([this](const absl::Status& status) { events_.fatal(status); });
  ASSIGN_OR_RETURN(
      node_, raft::Node::start(raft_options(config_, directory_->identity().directory_id), disk_,
                               transport_, thread_.loop(), *random_, controller_->machine()));
  node_->on_fatal([this](const absl::Status& status) { events_.fatal(status); });
  controller_->attach(*node_);
  serve_admin();
  serve_grpc_tools(transport_.grpc(), thread_.loop(), *observation_);

  ASSIGN_OR_RETURN(
      listening_,
      transport_.listen(config_.listen, {Channel::kRaft, Channel::kRaftBulk, Channel::kController},
                        {&thread_.loop()}, [this](Channel channel, LinkPtr link) {
                          if (channel == Channel::kController) {
                            controller_->accept(std::move(link));
                          } else {
                            node_->accept(channel, std::move(link));
                          }
                        }));
  LOG(INFO) << "controller " << config_.node << " listens on " << listening_->endpoint();
  observation_->show(*controller_, *node_);
  events_.listening(listening_->endpoint());
  return absl::OkStatus();
}

// A damaged store is thrown away: nothing was promised on it, and the Raft log knows all of it.
absl::Status ControllerProcess::load_store() {
  const std::string path = config_.directory + "/store";
  for (bool anew = false;; anew = true) {
    absl::StatusOr<std::unique_ptr<storage::MetadataStore>> store =
        storage::open_rocksdb_store(path);
    absl::Status status = store.status();
    if (status.ok()) {
      store_ = *std::move(store);
      controller_ = std::make_unique<Controller>(controller_options(config_), thread_.loop(),
                                                 transport_, *random_, *store_);
      status = controller_->load();
    }
    if (anew || !absl::IsDataLoss(status)) return status;
    LOG(ERROR) << "the metadata store is damaged: " << status
               << ". Usual cause: a failing device. It is made anew from the quorum's log and "
               << "snapshots; the damaged one is kept as " << path << ".damaged";
    controller_.reset();
    store_.reset();
    RETURN_IF_ERROR(storage::set_aside_store(path));
  }
}

void ControllerProcess::serve_admin() {
  transport_.grpc().serve(
      kAdminService, thread_.loop(),
      [this](const std::string& method, const Buffer& bytes, GrpcTransport::Respond respond) {
        proto::AdminRequest request;
        if (method != "Call") {
          return respond(absl::UnimplementedError("the admin service has one method, Call"));
        }
        if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
          return respond(absl::InvalidArgumentError("the request is no AdminRequest"));
        }
        controller_->call(request,
                          [respond = std::move(respond)](const proto::AdminAnswer& answer) mutable {
                            respond(answer.SerializeAsString());
                          });
      });
}

void ControllerProcess::stop() {
  thread_.loop().post([this] { hand_over(); });
}

// A leader that goes without a word costs the others an election; one that names its successor
// costs them a round trip. Whoever does not take over in time lets the election be.
void ControllerProcess::hand_over() {
  if (stopping_) return;
  stopping_ = true;
  const auto end = [this] {
    if (std::exchange(handed_over_, true)) return;
    thread_.loop().post([this] { events_.ended(absl::OkStatus()); });
  };
  if (node_ == nullptr || !node_->is_leading()) return end();
  thread_.loop().after(kHandOver, end);
  node_->transfer_leadership(std::nullopt, [this, end](const absl::Status& status) {
    if (handed_over_) return;
    LOG(INFO) << "leadership is handed over: " << (status.ok() ? "done" : status.ToString());
    end();
  });
}

}  // namespace barnabas::controller

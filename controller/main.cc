// barnabas-controller: the daemon. Composes a Controller and a Raft node from real loops, sockets
// and disks; no logic.

#include <gflags/gflags.h>
#include <glog/logging.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/logging.h"
#include "common/net/event_loop.h"
#include "common/net/real_transport.h"
#include "common/process.h"
#include "common/properties.h"
#include "common/random.h"
#include "common/status.h"
#include "controller/config.h"
#include "controller/controller.h"
#include "proto/admin.pb.h"
#include "raft/node.h"
#include "storage/data_directory.h"
#include "storage/metadata_store.h"
#include "storage/posix_disk.h"

DEFINE_string(config, "", "Properties file of this controller.");

namespace barnabas::controller {
namespace {

constexpr char kAdminService[] = "barnabas.AdminService";

int fail(const absl::Status& status) {
  std::fprintf(stderr, "barnabas-controller: %s\n", std::string(status.message()).c_str());
  return 1;
}

// After a failure a disk's thread may hang in the kernel for ever, and must not be waited for.
[[noreturn]] void leave(const absl::Status& status) {
  LOG(ERROR) << status;
  fail(status);
  google::FlushLogFiles(google::INFO);
  std::fflush(nullptr);
  _exit(1);
}

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

void serve_admin(RealTransport& transport, EventLoop& loop, Controller& controller) {
  transport.grpc().serve(
      kAdminService, loop,
      [&controller](const std::string& method, const Buffer& bytes,
                    GrpcTransport::Respond respond) {
        proto::AdminRequest request;
        if (method != "Call") {
          return respond(absl::UnimplementedError("the admin service has one method, Call"));
        }
        if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
          return respond(absl::InvalidArgumentError("the request is no AdminRequest"));
        }
        controller.call(request,
                        [respond = std::move(respond)](const proto::AdminAnswer& answer) mutable {
                          respond(answer.SerializeAsString());
                        });
      });
}

absl::Status serve(const ControllerConfig& config) {
  EventLoop loop;
  const std::unique_ptr<Random> random = system_random();
  RealTransport transport;
  storage::PosixDisk disk;
  ASSIGN_OR_RETURN(
      const std::unique_ptr<storage::DataDirectory> directory,
      storage::DataDirectory::open(disk, config.directory, config.node.value(), *random));
  ASSIGN_OR_RETURN(const std::unique_ptr<storage::MetadataStore> store,
                   storage::open_rocksdb_store(config.directory + "/store"));

  Controller controller(controller_options(config), loop, transport, *random, *store);
  controller.on_fatal([](const absl::Status& status) { leave(status); });
  RETURN_IF_ERROR(controller.load());
  ASSIGN_OR_RETURN(const std::unique_ptr<raft::Node> node,
                   raft::Node::start(raft_options(config, directory->identity().directory_id), disk,
                                     transport, loop, *random, controller.machine()));
  node->on_fatal([](const absl::Status& status) { leave(status); });
  controller.attach(*node);
  serve_admin(transport, loop, controller);

  ASSIGN_OR_RETURN(
      std::unique_ptr<Listening> listening,
      transport.listen(config.listen, {Channel::kRaft, Channel::kRaftBulk, Channel::kController},
                       {&loop}, [&](Channel channel, LinkPtr link) {
                         if (channel == Channel::kController) {
                           controller.accept(std::move(link));
                         } else {
                           node->accept(channel, std::move(link));
                         }
                       }));
  LOG(INFO) << "controller " << config.node << " listens on " << listening->endpoint();
  StopSignals signals(loop, [&] { loop.stop(); });
  loop.run();
  listening.reset();
  return store->flush();
}

int run(const std::string& file) {
  if (file.empty()) {
    return fail(absl::InvalidArgumentError(
        "no configuration was given: start it as barnabas-controller --config=FILE"));
  }
  const auto properties = Properties::read_file(file);
  if (!properties.ok()) return fail(properties.status());
  const auto config = parse_config(*properties);
  if (!config.ok()) return fail(config.status());

  LoggingOptions logging;
  logging.program = "barnabas-controller";
  logging.directory = config->directory + "/logs";
  if (absl::Status status = start_logging(logging); !status.ok()) return fail(status);
  LOG(INFO) << "barnabas-controller " << config->node << " starts, pid " << getpid();
  for (const std::string& remark : config->remarks) LOG(WARNING) << remark;
  const absl::Status status = serve(*config);
  if (!status.ok()) {
    LOG(ERROR) << status;
    fail(status);
  } else {
    LOG(INFO) << "stopped";
  }
  stop_logging();
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace barnabas::controller

int main(int argc, char** argv) {
  barnabas::block_stop_signals();
  gflags::SetUsageMessage("rules a cluster: barnabas-controller --config=FILE");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  return barnabas::controller::run(FLAGS_config);
}

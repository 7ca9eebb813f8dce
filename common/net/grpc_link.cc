#include "common/net/grpc_link.h"

#include <glog/logging.h>
#include <grpc/support/log.h>

#include <mutex>
#include <utility>
#include <vector>

#include "common/log_limit.h"
#include "common/mutex.h"
#include "common/net/grpc_client.h"
#include "common/net/grpc_server.h"
#include "common/net/tcp.h"

namespace barnabas {
namespace {

// gRPC logs what its callers are told anyway; its errors go where ours go, a line per second.
void log_for_grpc(gpr_log_func_args* args) {
  static LogLimit limit(std::chrono::seconds(1));
  if (args->severity != GPR_LOG_SEVERITY_ERROR) return;
  const auto held_back = limit.admit(system_clock().now());
  if (held_back.has_value()) VLOG(1) << "gRPC: " << args->message;
}

}  // namespace

struct GrpcTransport::Shared {
  explicit Shared(const GrpcOptions& o)
      : options(o), prober([&] {
          TcpOptions tcp;
          tcp.probe_timeout = o.probe_timeout;
          return tcp;
        }()) {}

  const GrpcOptions options;
  UnaryServices unary;
  std::vector<grpc::Service*> services;
  TcpTransport prober;

  Mutex mutex;
  std::shared_ptr<GrpcQueue> client_queue GUARDED_BY(mutex);
  // To be cancelled at the end, if they still live.
  std::vector<std::weak_ptr<GrpcClientStream>> streams GUARDED_BY(mutex);
};

GrpcTransport::GrpcTransport(GrpcOptions options) : shared_(std::make_unique<Shared>(options)) {
  static std::once_flag once;
  std::call_once(once, [] { ::gpr_set_log_function(log_for_grpc); });
}

GrpcTransport::~GrpcTransport() {
  std::shared_ptr<GrpcQueue> queue;
  std::vector<std::weak_ptr<GrpcClientStream>> streams;
  {
    MutexLock lock(shared_->mutex);
    queue = std::move(shared_->client_queue);
    streams = std::move(shared_->streams);
  }
  if (queue == nullptr) return;
  queue->refuse();
  for (const auto& weak : streams) {
    if (const auto stream = weak.lock()) stream->cancel();
  }
  queue->shut();
}

absl::StatusOr<std::unique_ptr<Listening>> GrpcTransport::listen(const Endpoint& at,
                                                                 std::vector<Channel> channels,
                                                                 std::vector<Executor*> loops,
                                                                 Accept accept) {
  CHECK(!loops.empty());
  return listen_grpc(at, std::move(channels), std::move(loops), shared_->options, shared_->unary,
                     shared_->services, std::move(accept));
}

LinkPtr GrpcTransport::dial(const Endpoint& to, Channel channel, Executor& loop, LinkSink& sink) {
  std::shared_ptr<GrpcClientStream> stream;
  {
    MutexLock lock(shared_->mutex);
    if (shared_->client_queue == nullptr) {
      shared_->client_queue =
          std::make_shared<GrpcQueue>(std::make_unique<grpc::CompletionQueue>(), "grpc-client");
    }
    stream = std::make_shared<GrpcClientStream>(shared_->client_queue, shared_->options, loop, to,
                                                method_of(channel));
    std::erase_if(shared_->streams, [](const auto& weak) { return weak.expired(); });
    shared_->streams.push_back(stream);
  }
  stream->connect(sink);
  return std::make_unique<GrpcLink>(std::move(stream), Endpoint{}, to);
}

void GrpcTransport::probe(const Endpoint& to, Executor& loop, ProbeDone done) {
  shared_->prober.probe(to, loop, std::move(done));
}

void GrpcTransport::serve(const std::string& service, Executor& loop, Unary handler) {
  shared_->unary[service] = {&loop, std::make_shared<Unary>(std::move(handler)), false};
}

void GrpcTransport::converse(const std::string& service, Executor& loop, Unary handler) {
  shared_->unary[service] = {&loop, std::make_shared<Unary>(std::move(handler)), true};
}

void GrpcTransport::add_service(grpc::Service& service) { shared_->services.push_back(&service); }

}  // namespace barnabas

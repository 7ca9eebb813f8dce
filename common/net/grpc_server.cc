#include "common/net/grpc_server.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <atomic>
#include <mutex>
#include <utility>

#include "common/net/grpc_stream.h"
#include "common/net/port_holder.h"
#include "common/net/socket_address.h"

namespace barnabas {
namespace {

// "ipv4:127.0.0.1:4711", "ipv6:%5B::1%5D:4711"
Endpoint peer_of(const std::string& text) {
  const size_t colon = text.find(':');
  std::string address = text.substr(colon == std::string::npos ? 0 : colon + 1);
  for (const auto& [escaped, plain] : {std::pair{"%5B", "["}, std::pair{"%5D", "]"}}) {
    const size_t at = address.find(escaped);
    if (at != std::string::npos) address.replace(at, 3, plain);
  }
  return parse_endpoint(address).value_or(Endpoint{text, 0});
}

// One call as it came in, before and while somebody takes care of it.
struct Call {
  grpc::GenericServerContext context;
  grpc::GenericServerAsyncReaderWriter stream{&context};
};

class GrpcServerStream final : public GrpcStream {
 public:
  GrpcServerStream(std::shared_ptr<GrpcQueue> queue, const GrpcOptions& options, Executor& loop,
                   std::unique_ptr<Call> call)
      : GrpcStream(std::move(queue), options, loop), call_(std::move(call)) {}

  void open() {
    start([this](void* tag) { call_->stream.SendInitialMetadata(tag); },
          [this](bool ok) {
            if (is_over()) return;
            if (!ok) return ended();
            begun();
          });
  }
  void cancel() override { call_->context.TryCancel(); }

 private:
  bool accepted() const override { return true; }
  void start_read(grpc::ByteBuffer* into, void* tag) override { call_->stream.Read(into, tag); }
  void start_write(const grpc::ByteBuffer& bytes, void* tag) override {
    call_->stream.Write(bytes, tag);
  }
  void end_gracefully() override { finish(Close::kLocal); }
  void ended() override { finish(Close::kPeer); }
  void finish(Close why) {
    if (std::exchange(finished_, true)) return;
    start([this](void* tag) { call_->stream.Finish(grpc::Status::OK, tag); },
          [this, why](bool) { over(why); });
  }

  const std::unique_ptr<Call> call_;
  bool finished_ = false;
};

// One unary call: read the request, let the handler answer, write. Or a stream of such.
class UnaryCall final : public std::enable_shared_from_this<UnaryCall> {
 public:
  UnaryCall(std::shared_ptr<GrpcQueue> queue, std::unique_ptr<Call> call, UnaryService service,
            std::string method)
      : queue_(std::move(queue)),
        call_(std::move(call)),
        service_(std::move(service)),
        method_(std::move(method)) {}
  ~UnaryCall() {
    if (!answered_) call_->context.TryCancel();
  }

  void read() {
    queue_->start(
        [self = shared_from_this()](bool ok) {
          if (!ok) return self->no_more();
          self->service_.loop->post([self] {
            (*self->service_.handler)(self->method_, to_buffer(std::exchange(self->request_, {})),
                                      Answer(self));
          });
        },
        [this](void* tag) { call_->stream.Read(&request_, tag); });
  }

 private:
  // Answers once; "aborted" if it is dropped.
  class Answer {
   public:
    explicit Answer(std::shared_ptr<UnaryCall> call) : call_(std::move(call)) {}
    Answer(Answer&&) = default;
    Answer& operator=(Answer&&) = delete;
    ~Answer() {
      if (call_ != nullptr) call_->answer(absl::AbortedError("the server gave no answer"));
    }
    void operator()(absl::StatusOr<std::string> response) {
      if (call_ != nullptr) std::exchange(call_, nullptr)->answer(std::move(response));
    }

   private:
    std::shared_ptr<UnaryCall> call_;
  };

  // The caller is gone; or, of a stream, has asked all that it wanted to.
  void no_more() {
    if (!service_.goes_on) return;
    answered_ = true;
    queue_->start([self = shared_from_this()](bool) {},
                  [this](void* tag) { call_->stream.Finish(grpc::Status::OK, tag); });
  }

  void answer(absl::StatusOr<std::string> response) {
    if (response.ok() && service_.goes_on) {
      queue_->start(
          [self = shared_from_this()](bool ok) {
            if (ok) self->read();
          },
          [&](void* tag) {
            call_->stream.Write(to_byte_buffer({Buffer::own(*std::move(response))}), tag);
          });
      return;
    }
    answered_ = true;
    queue_->start([self = shared_from_this()](bool) {},
                  [&](void* tag) {
                    if (response.ok()) {
                      call_->stream.WriteAndFinish(
                          to_byte_buffer({Buffer::own(*std::move(response))}), {}, grpc::Status::OK,
                          tag);
                    } else {
                      const absl::Status& error = response.status();
                      call_->stream.Finish(grpc::Status(static_cast<grpc::StatusCode>(error.code()),
                                                        std::string(error.message())),
                                           tag);
                    }
                  });
  }

  const std::shared_ptr<GrpcQueue> queue_;
  const std::unique_ptr<Call> call_;
  const UnaryService service_;
  const std::string method_;
  grpc::ByteBuffer request_;
  bool answered_ = false;
};

class GrpcListening final : public Listening {
 public:
  GrpcListening(std::vector<Channel> channels, std::vector<Executor*> loops,
                const GrpcOptions& options, UnaryServices unary, Transport::Accept accept)
      : channels_(std::move(channels)),
        loops_(std::move(loops)),
        options_(options),
        unary_(std::move(unary)),
        state_(std::make_shared<State>()) {
    state_->accept = std::move(accept);
  }

  absl::Status start(const Endpoint& at, const std::vector<grpc::Service*>& services) {
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(static_cast<int>(options_.max_message_bytes));
    builder.SetMaxSendMessageSize(static_cast<int>(options_.max_message_bytes));
    // Two daemons on one port must be an error, not a lottery.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024 * 1024);
    int port = 0;
    Endpoint bind = at;
    if (bind.host.empty()) bind.host = "::";
    if (const auto numeric = numeric_address(bind)) bind = numeric->endpoint();
    builder.AddListeningPort(to_string(bind), grpc::InsecureServerCredentials(), &port);
    builder.RegisterAsyncGenericService(&generic_);
    for (grpc::Service* service : services) builder.RegisterService(service);
    queue_ = std::make_shared<GrpcQueue>(builder.AddCompletionQueue(), "grpc-server");
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) return cannot_listen(at);
    endpoint_ = {at.host, static_cast<uint16_t>(port)};
    for (int i = 0; i < 4; ++i) await_call();
    return absl::OkStatus();
  }

  ~GrpcListening() override {
    {
      const std::lock_guard lock(state_->mutex);
      state_->ended = true;
    }
    if (queue_ != nullptr) queue_->refuse();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    if (queue_ != nullptr) queue_->shut();
  }

  Endpoint endpoint() const override { return endpoint_; }

 private:
  // What tasks on the loops still need when this is gone.
  struct State {
    std::recursive_mutex mutex;  // the accept function may destroy the Listening
    bool ended = false;
    Transport::Accept accept;
  };

  static absl::Status cannot_listen(const Endpoint& at) {
    const std::string holder = at.port == 0 ? "" : holder_of_port(at.port);
    if (holder.empty()) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen at ", to_string(at),
                       ". Usual cause: the port is in use, or this machine has no such address"));
    }
    return absl::AlreadyExistsError(absl::StrCat("cannot listen at ", to_string(at),
                                                 ": the port is in use by ", holder,
                                                 ". Stop that process, or choose another port"));
  }

  void await_call() {
    auto call = std::make_unique<Call>();
    Call* const raw = call.get();
    queue_->start(
        [this, call = std::move(call)](bool ok) mutable {
          if (!ok) return;  // shutting down
          await_call();
          dispatch(std::move(call));
        },
        [&](void* tag) {
          generic_.RequestCall(&raw->context, &raw->stream, queue_->get(),
                               static_cast<grpc::ServerCompletionQueue*>(queue_->get()), tag);
        });
  }

  void dispatch(std::unique_ptr<Call> call) {
    const std::string& method = call->context.method();
    for (const Channel channel : channels_) {
      if (method == method_of(channel)) return accept(channel, std::move(call));
    }
    const size_t slash = method.rfind('/');
    if (slash != std::string::npos && slash > 0) {
      const auto found = unary_.find(method.substr(1, slash - 1));
      if (found != unary_.end()) {
        std::string name = method.substr(slash + 1);
        std::make_shared<UnaryCall>(queue_, std::move(call), found->second, std::move(name))
            ->read();
        return;
      }
    }
    refuse(std::move(call));
  }

  void refuse(std::unique_ptr<Call> call) {
    Call* const raw = call.get();
    queue_->start([call = std::move(call)](bool) {},
                  [raw](void* tag) {
                    raw->stream.Finish(
                        grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                                     absl::StrCat("no method ", raw->context.method(), " here")),
                        tag);
                  });
  }

  void accept(Channel channel, std::unique_ptr<Call> call) {
    Executor& loop = *loops_[next_loop_++ % loops_.size()];
    Endpoint peer = peer_of(call->context.peer());
    auto stream = std::make_shared<GrpcServerStream>(queue_, options_, loop, std::move(call));
    loop.post([state = state_, stream, channel, local = endpoint_, peer = std::move(peer)] {
      const std::lock_guard lock(state->mutex);
      if (state->ended) return stream->abandon();
      stream->open();
      state->accept(channel, std::make_unique<GrpcLink>(stream, local, peer));
    });
  }

  const std::vector<Channel> channels_;
  const std::vector<Executor*> loops_;
  const GrpcOptions options_;
  const UnaryServices unary_;
  const std::shared_ptr<State> state_;
  size_t next_loop_ = 0;  // of the queue's thread
  Endpoint endpoint_;
  grpc::AsyncGenericService generic_;
  std::shared_ptr<GrpcQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

const char* method_of(Channel channel) {
  switch (channel) {
    case Channel::kRaft:
      return "/barnabas.RaftService/Stream";
    case Channel::kRaftBulk:
      return "/barnabas.RaftService/Bulk";
    case Channel::kController:
      return "/barnabas.ControllerService/Session";
    default:
      return "";
  }
}

absl::StatusOr<std::unique_ptr<Listening>> listen_grpc(
    const Endpoint& at, std::vector<Channel> channels, std::vector<Executor*> loops,
    const GrpcOptions& options, UnaryServices unary, std::vector<grpc::Service*> services,
    Transport::Accept accept) {
  auto listening = std::make_unique<GrpcListening>(std::move(channels), std::move(loops), options,
                                                   std::move(unary), std::move(accept));
  if (absl::Status status = listening->start(at, services); !status.ok()) return status;
  return listening;
}

}  // namespace barnabas

#include "common/net/grpc_client.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "common/net/socket_address.h"

namespace barnabas {
namespace {

// Addresses in numbers go past gRPC's name resolver.
std::string target(const Endpoint& to) {
  const auto numeric = numeric_address(to);
  if (!numeric.has_value()) return absl::StrCat("dns:///", to_string(to));
  return absl::StrCat(numeric->family() == AF_INET6 ? "ipv6:" : "ipv4:",
                      to_string(numeric->endpoint()));
}

grpc::ChannelArguments arguments(const GrpcOptions& options) {
  grpc::ChannelArguments args;
  args.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  args.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // A fixed window in place of pings that measure.
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  args.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024 * 1024);
  return args;
}

Close meaning(const grpc::Status& status, bool opened) {
  switch (status.error_code()) {
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::UNIMPLEMENTED:
      return Close::kProtocol;
    default:
      break;
  }
  if (opened) return Close::kPeer;
  const bool refused = status.error_message().find("Connection refused") != std::string::npos;
  return refused ? Close::kRefused : Close::kTimeout;
}

}  // namespace

GrpcClientStream::GrpcClientStream(std::shared_ptr<GrpcQueue> queue, const GrpcOptions& options,
                                   Executor& loop, const Endpoint& to, const std::string& method)
    : GrpcStream(queue, options, loop),
      channel_(grpc::CreateCustomChannel(target(to), grpc::InsecureChannelCredentials(),
                                         arguments(options))) {
  context_.set_wait_for_ready(false);
  grpc::GenericStub stub(channel_);
  call_ = stub.PrepareCall(&context_, method, queue->get());
}

void GrpcClientStream::connect(LinkSink& to_tell) {
  listen_to(to_tell);
  auto self = std::static_pointer_cast<GrpcClientStream>(shared_from_this());
  connect_timer_ = loop().after(options().connect_timeout, [self] {
    self->connect_timer_ = 0;
    self->cancel();
    self->over(Close::kTimeout);
  });
  start([this](void* tag) { call_->StartCall(tag); }, [this](bool ok) { started(ok); });
}

void GrpcClientStream::started(bool ok) {
  if (is_over()) return loop().cancel(std::exchange(connect_timer_, 0));
  if (!ok) return ended();
  start([this](void* tag) { call_->ReadInitialMetadata(tag); },
        [this](bool answer) { answered(answer); });
}

void GrpcClientStream::answered(bool ok) {
  loop().cancel(std::exchange(connect_timer_, 0));
  if (is_over()) return;
  if (!ok) return ended();
  opened_ = true;
  if (sink() != nullptr) sink()->opened();
  begun();
}

void GrpcClientStream::end_gracefully() {
  start([this](void* tag) { call_->WritesDone(tag); }, [](bool) {});
  // The server ends the stream; the read under way hears of it.
}

void GrpcClientStream::ended() {
  start([this](void* tag) { call_->Finish(&status_, tag); },
        [this](bool) {
          loop().cancel(std::exchange(connect_timer_, 0));
          over(meaning(status_, opened_));
        });
}

}  // namespace barnabas

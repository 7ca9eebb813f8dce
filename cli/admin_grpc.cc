#include "cli/admin_grpc.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "proto/admin_service.grpc.pb.h"

namespace barnabas::cli {
namespace {

class GrpcController final : public Controller {
 public:
  explicit GrpcController(const std::string& endpoint) {
    grpc::ChannelArguments arguments;
    // One channel is one attempt to connect: AdminClient makes another after a failure. (A
    // channel's own attempts make progress only while a call waits in it.)
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // controllers are never behind a web proxy
    arguments.SetInt(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, 64 << 20);
    arguments.SetString(GRPC_ARG_SERVICE_CONFIG, "{}");
    arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);  // no TXT look-ups
    channel_ = grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
    stub_ = AdminService::NewStub(channel_);
  }

  Reply call(const proto::AdminRequest& request, Milliseconds patience) override {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    Reply reply;
    const grpc::Status status = stub_->Call(&context, request, &reply.answer);
    reply.detail = status.error_message();
    if (status.ok()) {
      reply.outcome = Outcome::kAnswered;
    } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      reply.outcome = Outcome::kSilent;
    } else if (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
               channel_->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE) {
      reply.outcome = Outcome::kRefused;
    } else {
      reply.outcome = Outcome::kBroken;
    }
    return reply;
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<AdminService::Stub> stub_;
};

}  // namespace

std::unique_ptr<Controller> dial_grpc(const std::string& endpoint) {
  return std::make_unique<GrpcController>(endpoint);
}

}  // namespace barnabas::cli

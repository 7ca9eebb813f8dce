// A dialled gRPC stream.

#pragma once

#include <memory>
#include <string>

#include "common/net/grpc_stream.h"

namespace barnabas {

class GrpcClientStream final : public GrpcStream {
 public:
  GrpcClientStream(std::shared_ptr<GrpcQueue> queue, const GrpcOptions& options, Executor& loop,
                   const Endpoint& to, const std::string& method);

  void connect(LinkSink& to_tell);
  void cancel() override { context_.TryCancel(); }

 private:
  bool accepted() const override { return false; }
  void start_read(grpc::ByteBuffer* into, void* tag) override { call_->Read(into, tag); }
  void start_write(const grpc::ByteBuffer& bytes, void* tag) override { call_->Write(bytes, tag); }
  void started(bool ok);
  void answered(bool ok);
  void end_gracefully() override;
  void ended() override;

  grpc::ClientContext context_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::Status status_;
  bool opened_ = false;
  TimerId connect_timer_ = 0;
};

}  // namespace barnabas

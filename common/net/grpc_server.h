// A gRPC server for streams of the transport's channels, unary calls and generated services.

#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/net/grpc_link.h"

namespace barnabas {

const char* method_of(Channel channel);

// Who answers calls, by service.
struct UnaryService {
  Executor* loop;
  std::shared_ptr<GrpcTransport::Unary> handler;
  bool goes_on;  // a stream: after the answer comes the next request
};
using UnaryServices = std::map<std::string, UnaryService>;

absl::StatusOr<std::unique_ptr<Listening>> listen_grpc(
    const Endpoint& at, std::vector<Channel> channels, std::vector<Executor*> loops,
    const GrpcOptions& options, UnaryServices unary, std::vector<grpc::Service*> services,
    Transport::Accept accept);

}  // namespace barnabas

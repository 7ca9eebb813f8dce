// The daemons' Transport: Kafka's channels over TCP, the daemons' own over gRPC.

#pragma once

#include "common/net/grpc_link.h"
#include "common/net/tcp.h"
#include "common/transport.h"

namespace barnabas {

class RealTransport final : public Transport {
 public:
  explicit RealTransport(TcpOptions tcp = {}, GrpcOptions grpc = {}) : tcp_(tcp), grpc_(grpc) {}

  // All of `channels` must be of one family.
  absl::StatusOr<std::unique_ptr<Listening>> listen(const Endpoint& at,
                                                    std::vector<Channel> channels,
                                                    std::vector<Executor*> loops,
                                                    Accept accept) override;
  LinkPtr dial(const Endpoint& to, Channel channel, Executor& loop, LinkSink& sink) override {
    return of(channel).dial(to, channel, loop, sink);
  }
  void probe(const Endpoint& to, Executor& loop, ProbeDone done) override {
    tcp_.probe(to, loop, std::move(done));
  }

  TcpTransport& tcp() { return tcp_; }
  GrpcTransport& grpc() { return grpc_; }

 private:
  static bool is_grpc(Channel channel) {
    return channel == Channel::kRaft || channel == Channel::kRaftBulk ||
           channel == Channel::kController;
  }
  Transport& of(Channel channel) {
    if (is_grpc(channel)) return grpc_;
    return tcp_;
  }

  TcpTransport tcp_;
  GrpcTransport grpc_;
};

}  // namespace barnabas

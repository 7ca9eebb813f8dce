#include "common/net/real_transport.h"

#include <utility>

namespace barnabas {

absl::StatusOr<std::unique_ptr<Listening>> RealTransport::listen(const Endpoint& at,
                                                                 std::vector<Channel> channels,
                                                                 std::vector<Executor*> loops,
                                                                 Accept accept) {
  if (channels.empty()) return absl::InvalidArgumentError("listening for no channel");
  const Channel first = channels.front();
  for (const Channel channel : channels) {
    if (is_grpc(channel) != is_grpc(first)) {
      return absl::InvalidArgumentError("one port speaks either Kafka's protocol or gRPC");
    }
  }
  return of(first).listen(at, std::move(channels), std::move(loops), std::move(accept));
}

}  // namespace barnabas

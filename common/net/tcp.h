// The Transport over TCP, for the channels that speak Kafka's frames: kKafka, kFetch, kReport.
//
// Every executor given to it must be an EventLoop. Bytes move once: frames are received into
// buffers of their own and sent from the pieces that the caller queued. Every resource that a
// stranger can take has a limit with a name (TcpOptions).

#pragma once

#include <memory>

#include "common/transport.h"

namespace barnabas {

struct TcpOptions {
  // A frame above this is refused when its length arrives: closed(kProtocol).
  size_t max_frame_bytes = 100 * 1024 * 1024;
  // send() returns false while more than this is queued on one link.
  size_t max_queued_bytes = 64 * 1024 * 1024;
  // For dialled links: closed(kTimeout) after this long without an answer.
  Duration connect_timeout = std::chrono::seconds(2);
  // After close(): how long to wait for the peer to take what is queued.
  Duration close_timeout = std::chrono::seconds(5);
  // For accepted links: closed(kTimeout) after this long without a byte either way; 0: never.
  Duration idle_timeout = std::chrono::minutes(10);
  // Accepted links beyond these are closed at once. Counted over all of this transport's
  // listeners.
  size_t max_connections = 100000;
  size_t max_connections_per_ip = 100000;
  // How long a probe waits before it says "unknown".
  Duration probe_timeout = std::chrono::milliseconds(300);
};

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(TcpOptions options = {});
  ~TcpTransport() override;  // after all that it made

  absl::StatusOr<std::unique_ptr<Listening>> listen(const Endpoint& at,
                                                    std::vector<Channel> channels,
                                                    std::vector<Executor*> loops,
                                                    Accept accept) override;
  LinkPtr dial(const Endpoint& to, Channel channel, Executor& loop, LinkSink& sink) override;
  void probe(const Endpoint& to, Executor& loop, ProbeDone done) override;

  // Accepted links that are open now.
  size_t connections() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace barnabas

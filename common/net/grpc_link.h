// The Transport over gRPC, for the channels between daemons: kRaft, kRaftBulk, kController. Each
// link is one bidirectional stream whose messages are the frames, byte for byte:
//   /barnabas.RaftService/Stream, /barnabas.RaftService/Bulk, /barnabas.ControllerService/Session
// Ordinary calls (the admin service) are served on the same port, see serve().
//
// gRPC's completions arrive on one thread for dialled links and one for accepted ones; they are
// posted to the link's loop and forgotten. All state of a link belongs to its loop. Those threads
// wait without a timeout: gRPC's callback interface is avoided because its threads, when a second
// has passed without an event, sleep for 100 ms and hear nothing.
//
// Each dial() is one attempt on a connection of its own, so that the failure of an earlier one
// delays nothing. There is no keep-alive: who needs to notice silence sends heartbeats.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/transport.h"

namespace grpc {
class Service;
}

namespace barnabas {

struct GrpcOptions {
  // A message above this is refused: closed(kProtocol).
  size_t max_message_bytes = 16 * 1024 * 1024;
  // send() returns false while more than this is queued on one link.
  size_t max_queued_bytes = 64 * 1024 * 1024;
  Duration connect_timeout = std::chrono::seconds(2);
  // After close(): how long to wait for the peer.
  Duration close_timeout = std::chrono::seconds(5);
  Duration probe_timeout = std::chrono::milliseconds(300);
};

class GrpcTransport final : public Transport {
 public:
  explicit GrpcTransport(GrpcOptions options = {});
  ~GrpcTransport() override;  // after all that it made

  // Unlike TCP's, the links that it accepted close with the Listening, which may block for the
  // milliseconds that this takes.
  absl::StatusOr<std::unique_ptr<Listening>> listen(const Endpoint& at,
                                                    std::vector<Channel> channels,
                                                    std::vector<Executor*> loops,
                                                    Accept accept) override;
  LinkPtr dial(const Endpoint& to, Channel channel, Executor& loop, LinkSink& sink) override;
  // `loop` must be an EventLoop.
  void probe(const Endpoint& to, Executor& loop, ProbeDone done) override;

  // Answers one call, with the serialized response or an error; from any thread. Not calling it
  // answers "aborted" when it is destroyed.
  using Respond = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;
  // `method` is the name behind the service, as in "CreateTopic".
  using Unary = absl::AnyInvocable<void(const std::string& method, Buffer request, Respond)>;
  // From the next listen() on: calls of "/<service>/<method>" reach `handler` on `loop`. Clients
  // may use the stub that is generated for the service.
  void serve(const std::string& service, Executor& loop, Unary handler);
  // The same for bidirectional streams in which every request gets one answer, in order, before the
  // next one is read. An error ends the stream; so does the client, when it has asked all.
  void converse(const std::string& service, Executor& loop, Unary handler);
  // From the next listen() on: a generated (callback) service, which must outlive the Listening.
  // It brings gRPC's own callback threads with it; prefer serve().
  void add_service(grpc::Service& service);

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace barnabas

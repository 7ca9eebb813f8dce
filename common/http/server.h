// A small HTTP/1.1 server for GET (and HEAD) of short texts: metrics, health. One thread, an event
// loop of its own, so that it answers also while the rest of the process does not.
//
//   reading --whole header--> answering --respond()--> writing --keep-alive--> reading ...
//      \__________ limit reached, nonsense sent: an error is written __________/   -> closed
//
// Everything is bounded: connections, the bytes of a header, the time for each step. A request with
// a body is refused. Beast parses; sockets and time are the event loop's.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "common/http/request.h"
#include "common/net/event_loop.h"
#include "common/transport.h"

namespace barnabas::http {

struct Options {
  size_t max_connections = 64;
  size_t max_header_bytes = 8 * 1024;
  Duration read_limit = std::chrono::seconds(5);     // from a request's first byte to its last
  Duration idle_limit = std::chrono::seconds(75);    // between requests
  Duration answer_limit = std::chrono::seconds(10);  // then 503
  Duration write_limit = std::chrono::seconds(10);
};

class Connection;

// Answers one request, once, from any thread. Dropping it unused answers 500.
class Respond {
 public:
  Respond(std::shared_ptr<EventLoop> loop, std::weak_ptr<Connection> connection, uint64_t serial)
      : loop_(std::move(loop)), connection_(std::move(connection)), serial_(serial) {}
  Respond(Respond&&) = default;
  Respond& operator=(Respond&&) = delete;
  ~Respond();
  void operator()(Response response);

 private:
  std::shared_ptr<EventLoop> loop_;  // nullptr: has answered
  std::weak_ptr<Connection> connection_;
  uint64_t serial_;
};

class Server {
 public:
  // Called on the server's loop. A Respond may outlive the server.
  using Handler = absl::AnyInvocable<void(const Request&, Respond)>;

  static absl::StatusOr<std::unique_ptr<Server>> start(const Endpoint& at, const Options& options,
                                                       Handler handler);
  // Joins the thread; connections are closed.
  virtual ~Server() = default;
  virtual Endpoint endpoint() const = 0;  // with the real port where 0 was asked
  // Takes tasks until the server is gone, and drops them afterwards.
  virtual std::shared_ptr<EventLoop> loop() = 0;
};

}  // namespace barnabas::http

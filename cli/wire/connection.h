// A blocking connection to one Kafka port, for commands that ask a few questions and leave. It
// speaks the codec of this project directly: a client library would start threads, fetch metadata
// and take a hundred times as long as the question.
//
//   open() -> ApiVersions -> call()* -> destroyed
//
// Every wait ends at a deadline. Each call is sent in the newest version that both sides know.
// Errors: kUnavailable with Kafka's "connection refused"-like reason when the other side cannot be
// reached or hangs up, kDeadlineExceeded, kDataLoss for an answer that does not decode (the port
// speaks something else), kUnimplemented for an API that the broker does not have.
// Not thread-safe.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/bytes.h"
#include "common/transport.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::cli::wire {

using Deadline = std::chrono::steady_clock::time_point;

// An answer and the bytes that it borrows from.
template <class Response>
struct Received {
  std::unique_ptr<std::string> frame;
  Response body;
};

struct Versions {
  int16_t min = 0;
  int16_t max = 0;
};

class Connection {
 public:
  // Resolves, connects, and asks for the versions.
  static absl::StatusOr<std::unique_ptr<Connection>> open(const Endpoint& to, Deadline deadline,
                                                          std::string client_id = "barnabas");
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const Endpoint& peer() const { return peer_; }
  // What the broker has, by API key.
  const std::map<int16_t, Versions>& apis() const { return apis_; }
  // The newest version that both sides know, up to `at_most`.
  absl::StatusOr<int16_t> version_of(int16_t api_key, Versions ours) const;

  template <class Response, class Request>
  absl::StatusOr<Received<Response>> call(const Request& request, Deadline deadline) {
    const auto version = version_of(Request::kApiKey, {Request::kMinVersion, Request::kMaxVersion});
    if (!version.ok()) return version.status();
    return call_as<Response>(request, *version, deadline);
  }

  template <class Response, class Request>
  absl::StatusOr<Received<Response>> call_as(const Request& request, int16_t version,
                                             Deadline deadline) {
    kafka::MessageWriter out;
    begin(out, Request::kApiKey, version);
    if (absl::Status status = request.write(out, version); !status.ok()) return status;
    auto frame = exchange(out, deadline);
    if (!frame.ok()) return frame.status();
    Received<Response> answer{std::make_unique<std::string>(*std::move(frame)), {}};
    ByteReader in(*answer.frame);
    absl::Status status = skip_header(in, Request::kApiKey, version);
    if (status.ok()) status = answer.body.read(in, version);
    if (!status.ok()) return malformed(status);
    return answer;
  }

 private:
  Connection(int socket, Endpoint peer, std::string client_id)
      : socket_(socket), peer_(std::move(peer)), client_id_(std::move(client_id)) {}

  absl::Status learn_versions(Deadline deadline);
  void begin(kafka::MessageWriter& out, int16_t api_key, int16_t version);
  absl::StatusOr<std::string> exchange(kafka::MessageWriter& out, Deadline deadline);
  absl::Status skip_header(ByteReader& in, int16_t api_key, int16_t version);
  absl::Status malformed(const absl::Status& why) const;
  absl::Status send_all(std::string_view bytes, Deadline deadline);
  absl::Status receive(char* into, size_t size, Deadline deadline);

  const int socket_;
  const Endpoint peer_;
  const std::string client_id_;
  int32_t correlation_ = 0;
  std::map<int16_t, Versions> apis_;
};

}  // namespace barnabas::cli::wire

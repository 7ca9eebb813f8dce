// One request as a handler gets it, and the handle by which it answers.
//
// Handlers run on the loop that owns the connection, in the order in which requests came, and must
// not block. What they keep beyond their return (a parked fetch) they give to the connection by
// Responder::keep(): it goes when the request is answered or the connection closes, whichever is
// first, so that nobody waits for a client that has left.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/buffer.h"
#include "common/bytes.h"
#include "common/clock.h"
#include "common/executor.h"
#include "common/transport.h"
#include "kafka/api_table.h"
#include "kafka/messages/headers.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::api {

struct ConnectionFacts {
  std::string listener;  // the name in `listeners`; endpoints in answers are of this one
  Endpoint local;        // the address by which the client reached us
  Endpoint peer;
  Executor* loop = nullptr;
};

struct Request {
  int16_t api_key = 0;
  int16_t version = 0;
  int32_t correlation = 0;
  std::string_view client_id;  // borrowed from `frame`, as everything that is decoded from `body`
  Buffer frame;
  std::string_view body;
  std::shared_ptr<const ConnectionFacts> connection;
  Instant received{};
};

// What a connection does for those who answer. On its loop only. Slots that are answered already,
// or were given up, are ignored.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void respond(uint64_t slot, BufferChain response, int16_t error) = 0;
  // acks=0: there is no response.
  virtual void respond_nothing(uint64_t slot) = 0;
  virtual void keep(uint64_t slot, std::shared_ptr<void> parked) = 0;
  // Closes the connection; the reason goes to a rate-limited log line.
  virtual void close_because(std::string_view reason) = 0;
};

class Responder {
 public:
  Responder(std::weak_ptr<ResponseSink> sink, uint64_t slot, const Request& request)
      : sink_(std::move(sink)),
        slot_(slot),
        correlation_(request.correlation),
        api_key_(request.api_key),
        version_(request.version) {}

  // `error`: the first error code in the answer, for the metrics; 0: none.
  template <class Response>
  void send(const Response& response, int16_t error = 0, size_t expected_size = 256) {
    send_as(response, version_, error, expected_size);
  }

  // In another version than the request's: ApiVersions alone does that (KIP-511).
  template <class Response>
  void send_as(const Response& response, int16_t version, int16_t error,
               size_t expected_size = 256) {
    const std::shared_ptr<ResponseSink> sink = sink_.lock();
    if (sink == nullptr) return;
    kafka::MessageWriter out(expected_size);
    kafka::ResponseHeader header;
    header.correlation_id = correlation_;
    absl::Status status = header.write(out, kafka::response_header_version(api_key_, version));
    if (status.ok()) status = response.write(out, version);
    if (!status.ok()) {
      sink->close_because(status.ToString());
      return;
    }
    sink->respond(slot_, out.finish(), error);
  }

  void nothing() {
    if (const auto sink = sink_.lock()) sink->respond_nothing(slot_);
  }
  void keep(std::shared_ptr<void> parked) {
    if (const auto sink = sink_.lock()) sink->keep(slot_, std::move(parked));
  }
  void close(std::string_view reason) {
    if (const auto sink = sink_.lock()) sink->close_because(reason);
  }
  bool abandoned() const { return sink_.expired(); }

 private:
  std::weak_ptr<ResponseSink> sink_;
  uint64_t slot_;
  int32_t correlation_;
  int16_t api_key_;
  int16_t version_;
};

// Decodes the body; a message that does not decode closes the connection, as there is nothing
// sensible to answer, and gives false.
template <class Message>
bool decode(const Request& request, Message& into, Responder& responder) {
  ByteReader in(request.body);
  const absl::Status status = into.read(in, request.version);
  if (status.ok()) return true;
  responder.close(status.message().data() == nullptr
                      ? std::string_view("malformed request")
                      : std::string_view(status.message().data(), status.message().size()));
  return false;
}

}  // namespace barnabas::api

// One client's connection: frames in, answers out in the order of the requests.
//
//   frame -> header -> handler (inline, on this loop) -> slot filled -> sent once all before it are
//
// Every request takes a slot when it arrives. An answer that is not ready holds back the answers
// behind it, but not the handling of the requests behind it; so side effects have the order of the
// requests, and a pipelining producer is never slowed by its own earlier batches. What is in
// flight is bounded: at a limit the connection is muted, and TCP pushes back on the client.
//
// An unknown API or version closes the connection (old clients probe for that), except that
// ApiVersions is answered in version 0 with error 35. A request that does not decode closes it
// too. Lives on one loop for ever.

#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "broker/api/request.h"
#include "broker/api/services.h"
#include "common/transport.h"

namespace barnabas::network {

struct ConnectionLimits {
  // Requests taken from one connection and not answered yet.
  size_t in_flight_requests = 64;
  // Answers that are ready but wait for one before them.
  size_t held_back_bytes = size_t{64} << 20;
  // Bytes of requests whose frames are still held by their handlers.
  size_t request_bytes = size_t{128} << 20;
};

class Connection final : public LinkSink,
                         public api::ResponseSink,
                         public std::enable_shared_from_this<Connection> {
 public:
  using Gone = absl::AnyInvocable<void(Connection*)>;
  // `gone` is called once, from the last event; the connection may be let go there.
  Connection(LinkPtr link, Executor& loop, std::string listener, api::Services& services,
             ConnectionLimits limits, Gone gone);
  ~Connection() override;

  void start() { link_->start(*this); }
  void close() { link_->close(); }

  void opened() override {}
  void frame(Buffer bytes) override;
  void drained() override;
  void closed(Close why) override;

  void respond(uint64_t slot, BufferChain response, int16_t error) override;
  void respond_nothing(uint64_t slot) override;
  void keep(uint64_t slot, std::shared_ptr<void> parked) override;
  void close_because(std::string_view reason) override;

 private:
  struct Slot {
    bool answered = false;
    BufferChain response;  // empty: there is none to send
    size_t request_bytes = 0;
    int16_t api_key = 0;
    Instant received{};
    Instant handled{};  // its handler has returned, and the answer waits for something
    std::shared_ptr<void> parked;
  };

  Slot* find(uint64_t slot);
  // What tells a client that cannot use the addresses that it was told.
  void notice(const api::Request& request);
  void send_what_is_ready();
  void set_mute();
  void count_answer(const Slot& slot, size_t bytes, int16_t error);

  LinkPtr link_;
  Executor& loop_;
  api::Services& services_;
  const ConnectionLimits limits_;
  Gone gone_;
  std::shared_ptr<const api::ConnectionFacts> facts_;
  std::deque<Slot> slots_;
  uint64_t first_slot_ = 0;  // number of slots_.front()
  size_t held_back_bytes_ = 0;
  size_t request_bytes_ = 0;
  bool output_full_ = false;
  bool muted_ = false;
  bool closing_ = false;
  bool has_worked_ = false;  // has asked for more than where the brokers are
};

}  // namespace barnabas::network

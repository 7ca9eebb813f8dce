// One blocking connection with a deadline for everything, for `barnabas doctor`: unlike a client it
// wants to know exactly how a step failed.

#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/socket_address.h"
#include "common/transport.h"

namespace barnabas::cli {

enum class Reach {
  kOk,
  kRefused,      // the machine answers: no process listens on that port
  kTimedOut,     // silence
  kUnreachable,  // no route
  kClosed,       // the other end hung up instead of answering
  kNotKafka,     // bytes came that are no Kafka frame: see first_bytes()
  kFailed,       // anything else: see error()
};

struct LookUp {
  std::vector<SocketAddress> addresses;
  std::string error;  // why there are none
};
LookUp look_up(const Endpoint& endpoint);

class Wire {
 public:
  using Time = std::chrono::milliseconds;

  Reach connect(const SocketAddress& to, Time limit);
  Reach send(std::string_view bytes, Time limit);
  // The next frame, without its length. At most 100 MB.
  Reach receive_frame(std::string& frame, Time limit);
  // Whatever comes first, as it is.
  Reach receive_some(std::string& bytes, Time limit);

  const std::string& error() const { return error_; }
  const std::string& first_bytes() const { return first_bytes_; }
  Endpoint local() const { return local_address(socket_.get()).endpoint(); }

 private:
  Reach wait(short events, std::chrono::steady_clock::time_point deadline);
  Reach failed(int error_number);
  Reach read_exactly(std::string& into, size_t size, std::chrono::steady_clock::time_point until);

  Fd socket_;
  std::string error_;
  std::string first_bytes_;
};

// What speaks instead of a broker, from the first bytes that it sent: "an HTTP server", "a TLS
// listener", ...; "" where they tell nothing.
std::string speaker_of(std::string_view first_bytes);

}  // namespace barnabas::cli

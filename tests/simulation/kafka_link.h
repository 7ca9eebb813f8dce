// One connection of the simulated client to one broker: Kafka frames, pipelined requests, answers
// in order. A request that is not answered in its time breaks the connection, as clients do, and
// everything that waited on it fails with an unknown outcome.
//
// Callbacks never run from inside call(). Lives on one loop.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <deque>
#include <memory>

#include "common/buffer.h"
#include "common/executor.h"
#include "common/transport.h"

namespace barnabas::simulation {

class KafkaLink final : private LinkSink {
 public:
  // The body of the answer, behind its header; it owns its bytes.
  using Answered = absl::AnyInvocable<void(absl::StatusOr<Buffer>)>;

  KafkaLink(Transport& transport, Executor& loop, const Endpoint& to);
  ~KafkaLink();

  // `body` is the encoded request without its header.
  void call(int16_t api_key, int16_t version, BufferChain body, Duration limit, Answered answered);
  bool broken() const { return broken_; }
  // Nobody wants the answers any more.
  void abandon();

 private:
  struct Waiting {
    int32_t correlation;
    int16_t header_version;
    Instant deadline;
    Answered answered;
  };

  void opened() override;
  void frame(Buffer bytes) override;
  void closed(Close why) override;
  void fail(absl::Status why);
  void arm();

  Executor& loop_;
  const Endpoint to_;
  LinkPtr link_;
  bool open_ = false;
  bool broken_ = false;
  int32_t last_correlation_ = 0;
  std::deque<BufferChain> unsent_;
  std::deque<Waiting> waiting_;
  TimerId timer_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace barnabas::simulation

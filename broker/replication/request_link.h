// A connection to another broker on which requests are sent one at a time: dialled, dialled again
// after a break, with a delay that grows while nobody answers.
//
//   [down] --delay--> [connecting] --> [open, idle] --send()--> [open, waiting]
//     ^                    |               ^------ answer ---------/     |
//     +-------- closed ----+-------------------- closed -----------------+
//
// Lives on one loop; all calls and all events there.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "common/buffer.h"
#include "common/executor.h"
#include "common/random.h"
#include "common/transport.h"

namespace barnabas::replication {

class RequestLinkEvents {
 public:
  // A request may be sent now.
  virtual void link_ready() = 0;
  // The answer to the one outstanding, response header included.
  virtual void link_answered(Buffer frame) = 0;
  // Whatever was outstanding will not be answered. It dials again by itself.
  virtual void link_lost() = 0;
  // Before link_lost(): the other side has closed a connection that was open, as a dying process
  // does.
  virtual void link_closed_by_peer() {}

 protected:
  ~RequestLinkEvents() = default;
};

class RequestLink final : private LinkSink {
 public:
  // Delays before dialling again: short at first, because a leader that restarts is back soon.
  static constexpr Duration kFirstDelay = std::chrono::milliseconds(10);
  static constexpr Duration kLastDelay = std::chrono::milliseconds(500);

  RequestLink(Transport& transport, Executor& loop, Channel channel, Random& random,
              RequestLinkEvents& events);
  ~RequestLink();

  // Connects, or connects anew, to `to` at once; whatever was outstanding is lost.
  void connect(const Endpoint& to);
  // Gives the present connection up for a new one.
  void reconnect() { connect(Endpoint(*to_)); }
  bool ready() const { return open_ && !outstanding_; }
  bool waiting() const { return outstanding_; }
  // The number that the next request must carry in its header.
  int32_t next_correlation() { return ++correlation_; }
  // Only when ready(). Header and body of one request.
  void send(BufferChain frame);

 private:
  void opened() override;
  void frame(Buffer bytes) override;
  void closed(Close why) override;
  void dial();
  void dial_later();

  Transport& transport_;
  Executor& loop_;
  const Channel channel_;
  Random& random_;
  RequestLinkEvents& events_;
  std::optional<Endpoint> to_;
  LinkPtr link_;
  bool open_ = false;
  bool outstanding_ = false;
  int32_t correlation_ = 0;
  Duration delay_ = kFirstDelay;
  TimerId timer_ = 0;
};

}  // namespace barnabas::replication

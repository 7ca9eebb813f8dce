#include "broker/replication/request_link.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "common/bytes.h"

namespace barnabas::replication {

RequestLink::RequestLink(Transport& transport, Executor& loop, Channel channel, Random& random,
                         RequestLinkEvents& events)
    : transport_(transport), loop_(loop), channel_(channel), random_(random), events_(events) {}

RequestLink::~RequestLink() { loop_.cancel(timer_); }

void RequestLink::connect(const Endpoint& to) {
  to_ = to;
  loop_.cancel(std::exchange(timer_, 0));
  delay_ = kFirstDelay;
  const bool lost = outstanding_;
  open_ = outstanding_ = false;
  link_.reset();
  if (lost) events_.link_lost();
  dial();
}

void RequestLink::dial() { link_ = transport_.dial(*to_, channel_, loop_, *this); }

void RequestLink::dial_later() {
  // Somewhere between half and all of the delay, so that followers do not come back in step.
  const auto spread = static_cast<uint64_t>(delay_.count()) / 2 + 1;
  const Duration wait(delay_.count() / 2 + static_cast<int64_t>(random_.below(spread)));
  delay_ = std::min(delay_ * 2, kLastDelay);
  timer_ = loop_.after(wait, [this] {
    timer_ = 0;
    dial();
  });
}

void RequestLink::send(BufferChain frame) {
  CHECK(ready()) << "a second request while one is outstanding";
  outstanding_ = true;
  link_->send(std::move(frame));
}

void RequestLink::opened() {
  open_ = true;
  events_.link_ready();
}

void RequestLink::frame(Buffer bytes) {
  ByteReader in(bytes.view());
  const int32_t correlation = in.read_int32();
  if (!outstanding_ || !in.ok() || correlation != correlation_) {
    LOG(WARNING) << "broker " << to_string(*to_) << " answered a request that was not asked";
    connect(*to_);
    return;
  }
  outstanding_ = false;
  // An answer, and not only an open port, is what proves that somebody serves there.
  delay_ = kFirstDelay;
  events_.link_answered(std::move(bytes));
}

void RequestLink::closed(Close why) {
  VLOG(1) << "link to " << to_string(*to_) << " closed: " << to_string(why);
  const bool by_peer = open_ && why == Close::kPeer;
  open_ = outstanding_ = false;
  link_.reset();
  if (by_peer) events_.link_closed_by_peer();
  events_.link_lost();
  dial_later();
}

}  // namespace barnabas::replication

// One simulated connection: two sides and the bytes between them. Known to SimNetwork and SimLink
// only.

#pragma once

#include <deque>
#include <string>

#include "common/sim/sim_executor.h"
#include "common/transport.h"

namespace barnabas {

class SimNetwork;
class SimLink;

struct SimConnection {
  // What one side has put on the wire.
  struct Item {
    std::string bytes;
    bool end = false;  // nothing comes after this
    Instant arrives;
  };
  struct Side {
    std::string node;
    SimExecutor* executor = nullptr;
    SimLink* link = nullptr;  // null before it is accepted and after it is destroyed
    LinkSink* sink = nullptr;
    Endpoint address;
    bool muted = false;
    bool open = false;  // may send, and hears frames
    bool gone = false;  // hears nothing more: closed, destroyed or dead
    bool sent_end = false;
    bool over_limit = false;
    bool delivery_posted = false;

    std::deque<Item> wire;  // sent by this side, not yet arrived
    bool pump_scheduled = false;
    std::deque<std::string> inbox;  // arrived at this side, not yet read
    bool end_in_inbox = false;
    size_t unread_bytes = 0;  // sent by this side and not yet read by the other
  };

  SimNetwork* network = nullptr;  // null when the network is gone
  uint64_t id = 0;
  Channel channel = Channel::kKafka;
  Endpoint to;
  Instant opens_at;  // when the dialling side learns that it is connected
  Side sides[2];     // the dialling one, the accepting one
};

}  // namespace barnabas

// One bounded TCP connection attempt: does a process listen there (S12)?

#pragma once

#include <vector>

#include "common/net/event_loop.h"
#include "common/net/socket_address.h"
#include "common/transport.h"

namespace barnabas {

// On the loop's thread. kRefused only if every address answers with a refusal; `done` is called
// on the loop, once.
void probe_tcp(std::vector<SocketAddress> addresses, EventLoop& loop, Duration timeout,
               Transport::ProbeDone done);

}  // namespace barnabas

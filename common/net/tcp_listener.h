// A listening TCP socket: accepts on the first loop and spreads the links over all of them.
//
// When the process runs out of descriptors it gives up its reserve, accepts with that and closes
// at once, so that the caller learns rather than hangs; then it pauses and tries again.

#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <vector>

#include "common/net/admission.h"
#include "common/net/event_loop.h"
#include "common/net/socket_address.h"
#include "common/net/tcp.h"

namespace barnabas {

// `options` must outlive all links. Errors name the address and, for a port in use, its holder.
absl::StatusOr<std::unique_ptr<Listening>> listen_tcp(const Endpoint& at, Channel channel,
                                                      std::vector<EventLoop*> loops,
                                                      const TcpOptions& options,
                                                      std::shared_ptr<Admission> admission,
                                                      Transport::Accept accept);

}  // namespace barnabas

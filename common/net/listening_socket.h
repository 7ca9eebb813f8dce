// A TCP socket that listens, for every kind of server of ours.

#pragma once

#include <absl/status/statusor.h>

#include "common/net/socket_address.h"
#include "common/transport.h"

namespace barnabas {

// Non-blocking. An empty host means every address: IPv6 and IPv4 in one socket where there is IPv6.
// An error names the address, and for a port in use its holder where that can be found.
absl::StatusOr<Fd> listening_socket(const Endpoint& at);

}  // namespace barnabas

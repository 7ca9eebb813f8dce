// Who holds a TCP port on this machine, as far as /proc tells: for the message of a daemon that
// cannot listen.

#pragma once

#include <cstdint>
#include <string>

namespace barnabas {

// "process 4711 (nginx)", or "" when /proc does not tell (a process of another user, a name
// space of its own).
std::string holder_of_port(uint16_t port);

}  // namespace barnabas

#include "common/net/listening_socket.h"

#include <absl/strings/str_cat.h>
#include <errno.h>
#include <string.h>

#include <string>
#include <vector>

#include "common/net/port_holder.h"
#include "common/status.h"

namespace barnabas {
namespace {

constexpr int kBacklog = 1024;

absl::Status cannot_listen(const Endpoint& at, int error) {
  std::string why = ::strerror(error), advice;
  if (error == EADDRINUSE) {
    const std::string holder = holder_of_port(at.port);
    why = holder.empty() ? "the port is in use by another process"
                         : absl::StrCat("the port is in use by ", holder);
    advice = ". Stop that process, or choose another port";
  } else if (error == EACCES) {
    advice = ". Ports below 1024 need a privilege; choose a higher one";
  } else if (error == EADDRNOTAVAIL) {
    advice = ". This machine has no such address; see 'ip address'";
  }
  const std::string message = absl::StrCat("cannot listen at ", to_string(at), ": ", why, advice);
  if (error == EADDRINUSE) return absl::AlreadyExistsError(message);
  return absl::UnavailableError(message);
}

}  // namespace

absl::StatusOr<Fd> listening_socket(const Endpoint& at) {
  std::vector<SocketAddress> candidates;
  if (at.host.empty()) {
    candidates = {*numeric_address({"::", at.port}), *numeric_address({"0.0.0.0", at.port})};
  } else {
    ASSIGN_OR_RETURN(candidates, look_up_addresses(at));
  }
  int error = 0;
  for (const SocketAddress& address : candidates) {
    Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.ok()) {
      error = errno;
      continue;
    }
    const int on = 1, off = 0;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.family() == AF_INET6) {
      ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (::bind(socket.get(), address.get(), address.size) == 0 &&
        ::listen(socket.get(), kBacklog) == 0) {
      return socket;
    }
    error = errno;
    if (error == EADDRINUSE) break;
  }
  return cannot_listen(at, error);
}

}  // namespace barnabas

// Socket addresses of IPv4 and IPv6, and what they are called.

#pragma once

#include <absl/status/statusor.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "common/transport.h"

namespace barnabas {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  // An IPv4 address that came in through an IPv6 socket is shown as IPv4.
  Endpoint endpoint() const;
};

SocketAddress local_address(int socket);
SocketAddress peer_address(int socket);

// For an address in numbers and for "localhost" (127.0.0.1): needs no look-up, never blocks.
std::optional<SocketAddress> numeric_address(const Endpoint& endpoint);
// All addresses of a host by getaddrinfo, in its order of preference. Blocks.
absl::StatusOr<std::vector<SocketAddress>> look_up_addresses(const Endpoint& endpoint);

// A descriptor that is closed with its holder.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

}  // namespace barnabas

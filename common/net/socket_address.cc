#include "common/net/socket_address.h"

#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include <memory>

namespace barnabas {
namespace {

SocketAddress from_ipv4(const in_addr& address, uint16_t port) {
  SocketAddress out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  v4->sin_family = AF_INET;
  v4->sin_addr = address;
  v4->sin_port = htons(port);
  out.size = sizeof *v4;
  return out;
}

SocketAddress from_ipv6(const in6_addr& address, uint16_t port) {
  SocketAddress out;
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  v6->sin6_family = AF_INET6;
  v6->sin6_addr = address;
  v6->sin6_port = htons(port);
  out.size = sizeof *v6;
  return out;
}

}  // namespace

Endpoint SocketAddress::endpoint() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return {text, ntohs(v4->sin_port)};
  }
  if (family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      ::inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, sizeof text);
    } else {
      ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
    return {text, ntohs(v6->sin6_port)};
  }
  return {};
}

SocketAddress local_address(int socket) {
  SocketAddress out;
  out.size = sizeof out.storage;
  if (::getsockname(socket, out.get(), &out.size) != 0) return {};
  return out;
}

SocketAddress peer_address(int socket) {
  SocketAddress out;
  out.size = sizeof out.storage;
  if (::getpeername(socket, out.get(), &out.size) != 0) return {};
  return out;
}

std::optional<SocketAddress> numeric_address(const Endpoint& endpoint) {
  const std::string host = endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host;
  in_addr v4;
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return from_ipv4(v4, endpoint.port);
  in6_addr v6;
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return from_ipv6(v6, endpoint.port);
  return std::nullopt;
}

absl::StatusOr<std::vector<SocketAddress>> look_up_addresses(const Endpoint& endpoint) {
  if (const auto numeric = numeric_address(endpoint)) return std::vector{*numeric};
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(endpoint.host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat(
        "cannot find the address of host '", endpoint.host, "': ", ::gai_strerror(error),
        ". Check the spelling, or /etc/hosts and the name server of this machine"));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::vector<SocketAddress> out;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    if (a->ai_family == AF_INET) {
      out.push_back(
          from_ipv4(reinterpret_cast<const sockaddr_in*>(a->ai_addr)->sin_addr, endpoint.port));
    } else if (a->ai_family == AF_INET6) {
      out.push_back(
          from_ipv6(reinterpret_cast<const sockaddr_in6*>(a->ai_addr)->sin6_addr, endpoint.port));
    }
  }
  if (out.empty()) {
    return absl::NotFoundError(absl::StrCat("host '", endpoint.host, "' has no IP address"));
  }
  return out;
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace barnabas

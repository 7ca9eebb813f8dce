#include "broker/host_facts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "common/net/socket_address.h"

namespace barnabas::broker {
namespace {

template <class Address>
int bits_of(const Address& mask) {
  unsigned char bytes[sizeof mask];
  std::memcpy(bytes, &mask, sizeof mask);
  int bits = 0;
  for (const unsigned char byte : bytes) bits += std::popcount(byte);
  return bits;
}

void add(const ifaddrs& entry, std::vector<InterfaceAddress>& out) {
  char text[INET6_ADDRSTRLEN] = {};
  if (entry.ifa_addr->sa_family == AF_INET) {
    const auto* address = reinterpret_cast<const sockaddr_in*>(entry.ifa_addr);
    const auto* mask = reinterpret_cast<const sockaddr_in*>(entry.ifa_netmask);
    inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
    out.push_back({text, bits_of(mask->sin_addr)});
  } else if (entry.ifa_addr->sa_family == AF_INET6) {
    const auto* address = reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr)) return;  // means nothing without an interface
    const auto* mask = reinterpret_cast<const sockaddr_in6*>(entry.ifa_netmask);
    inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof text);
    out.push_back({text, bits_of(mask->sin6_addr)});
  }
}

bool in_container() {
  if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0) return true;
  return std::getenv("container") != nullptr;  // as systemd and podman set it
}

// The line of /proc/net/route whose destination and mask are 0: addresses are hexadecimal, in the
// machine's own byte order.
std::string default_gateway() {
  std::ifstream in("/proc/net/route");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream columns(line);
    std::string interface, destination, gateway;
    columns >> interface >> destination >> gateway;
    if (destination != "00000000") continue;
    in_addr address{};
    address.s_addr = static_cast<in_addr_t>(std::strtoul(gateway.c_str(), nullptr, 16));
    char text[INET_ADDRSTRLEN] = {};
    if (address.s_addr != 0 && inet_ntop(AF_INET, &address, text, sizeof text) != nullptr) {
      return text;
    }
  }
  return "";
}

}  // namespace

HostFacts look_at_host() {
  HostFacts out;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) == 0) {
    for (const ifaddrs* entry = all; entry != nullptr; entry = entry->ifa_next) {
      const bool is_usable = entry->ifa_addr != nullptr && entry->ifa_netmask != nullptr &&
                             (entry->ifa_flags & IFF_UP) != 0 &&
                             (entry->ifa_flags & IFF_LOOPBACK) == 0;
      if (is_usable) add(*entry, out.interfaces);
    }
    freeifaddrs(all);
  }
  if (in_container()) out.container_gateway = default_gateway();
  return out;
}

std::string reachable_host(const std::vector<Endpoint>& controllers, const HostFacts& host) {
  for (const Endpoint& controller : controllers) {
    std::vector<SocketAddress> addresses;
    if (const auto numeric = numeric_address(controller)) {
      addresses.push_back(*numeric);
    } else if (auto found = look_up_addresses(controller); found.ok()) {
      addresses = *std::move(found);
    }
    for (const SocketAddress& address : addresses) {
      const Fd socket(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
      if (socket.ok() && connect(socket.get(), address.get(), address.size) == 0) {
        return local_address(socket.get()).endpoint().host;
      }
    }
  }
  if (!host.interfaces.empty()) return host.interfaces.front().host;
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "127.0.0.1";
}

}  // namespace barnabas::broker

// What advertised.listeners=auto needs to know of the machine: its addresses, and whether it is a
// container. Gathered once, at the start, by the daemon; empty in simulations.

#pragma once

#include <string>
#include <vector>

#include "common/transport.h"

namespace barnabas::broker {

struct InterfaceAddress {
  std::string host;  // in numbers, IPv4 or IPv6; never loopback
  int prefix = 0;    // how many bits of it name the network
};

struct HostFacts {
  std::vector<InterfaceAddress> interfaces;
  // In a container: the address of its default gateway, by which the machine that runs the
  // container comes in. Empty otherwise.
  std::string container_gateway;
};

// From the kernel. What it does not tell is left out.
HostFacts look_at_host();

// The address by which this machine reaches the controllers: what other machines are told first
// where a listener is bound to all addresses. Asking for a route sends nothing; a name may be
// looked up. If no controller can be resolved yet: any address, or the machine's name.
std::string reachable_host(const std::vector<Endpoint>& controllers, const HostFacts& host);

}  // namespace barnabas::broker

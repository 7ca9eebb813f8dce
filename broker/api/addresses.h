// Which address a client is told for a broker: of the listener that its request came in on, and
// with advertised.listeners=auto in the address class by which it reached us.
//
//   advertised.listeners is set                        what it says
//   advertised.map names the client's network          what it says
//   the client came through our container's gateway    localhost: it is the machine that runs us
//   this broker itself                                 the local address of the connection
//   another broker, without a host, or with a          the same: all are on this machine
//   loopback one that the client could not reach
//   another broker                                     of its addresses, the one in the network by
//                                                      which the client reached us; else its first
//
// A client can always connect to what it connected to already; the fatal mistake of naming an
// address that it cannot reach is thereby left to explicit settings alone. (For the same reason a
// client on this machine is told 127.0.0.1 and not localhost, which may lead to ::1 first, where
// nobody need listen.)

#pragma once

#include <optional>
#include <string_view>

#include "broker/api/request.h"
#include "broker/api/services.h"
#include "common/transport.h"
#include "metadata/image.h"

namespace barnabas::api {

bool is_loopback(std::string_view host);

// nullopt: the broker has no listener of that name.
std::optional<Endpoint> address_for(const metadata::BrokerImage& broker,
                                    const ConnectionFacts& connection, const Options& options);

// Says in the log, once for each listener and network, what auto makes of clients from there.
void tell_guess(const ConnectionFacts& connection, const Options& options);

// The broker that clients take for the controller: the same one for all, as long as it lives. Every
// broker forwards what is the controller's business. kNoBroker: none is live.
BrokerId stand_in_controller(const metadata::Image& image);

// Fills one element of `nodeEndpoints` (KIP-951) for `leader`; nothing if its address is unknown.
// `hosts` keeps the text that the message borrows.
template <class NodeEndpoint, class Hosts>
void add_node_endpoint(const metadata::Image& image, BrokerId leader,
                       const ConnectionFacts& connection, const Options& options,
                       std::vector<NodeEndpoint>& out, Hosts& hosts) {
  for (const NodeEndpoint& known : out) {
    if (known.node_id == leader.value()) return;
  }
  const metadata::BrokerImage* broker = image.broker(leader);
  if (broker == nullptr) return;
  const std::optional<Endpoint> address = address_for(*broker, connection, options);
  if (!address.has_value()) return;
  NodeEndpoint& endpoint = out.emplace_back();
  endpoint.node_id = leader.value();
  endpoint.host = hosts.emplace_back(address->host);
  endpoint.port = address->port;
  if (!broker->rack.empty()) endpoint.rack = hosts.emplace_back(broker->rack);
}

}  // namespace barnabas::api

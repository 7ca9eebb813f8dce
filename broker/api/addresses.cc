#include "broker/api/addresses.h"

#include <glog/logging.h>

#include <algorithm>

namespace barnabas::api {
namespace {

// IPv6 sockets show IPv4 peers like this.
std::string_view without_mapping(std::string_view host) {
  constexpr std::string_view kMapped = "::ffff:";
  if (host.substr(0, kMapped.size()) == kMapped) host.remove_prefix(kMapped.size());
  return host;
}

// The bits of `local`, an address of this machine, that name its network.
int prefix_of(std::string_view local, const Options& options) {
  for (const broker::InterfaceAddress& own : options.host.interfaces) {
    if (own.host == local) return own.prefix;
  }
  return local.find(':') == std::string_view::npos ? 24 : 64;
}

bool is_own(std::string_view host, const Options& options) {
  return std::any_of(options.host.interfaces.begin(), options.host.interfaces.end(),
                     [&](const broker::InterfaceAddress& own) { return own.host == host; });
}

// Of the addresses that `broker` has registered for the listener, the one in the network by which
// the client came; nullptr if there is none. What is also an address of ours is no address of
// another machine, whatever it says: a container bridge has the same one everywhere.
const metadata::ListenerAddress* in_network_of(std::string_view reached,
                                               const metadata::BrokerImage& broker,
                                               const std::string& listener,
                                               const Options& options) {
  const int prefix = prefix_of(reached, options);
  for (const metadata::ListenerAddress& address : broker.listeners) {
    if (address.name == listener && !is_own(address.host, options) &&
        in_same_network(address.host, reached, prefix)) {
      return &address;
    }
  }
  return nullptr;
}

// What advertised.map says to a client there; nullptr: nothing, or auto.
const broker::AdvertisedRule* rule_for(std::string_view peer, const Options& options) {
  for (const broker::AdvertisedRule& rule : options.advertised_map) {
    if (!rule.network.empty() && !in_same_network(rule.network, peer, rule.prefix)) continue;
    return rule.is_auto ? nullptr : &rule;
  }
  return nullptr;
}

}  // namespace

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.substr(0, 4) == "127." ||
         host.substr(0, 11) == "::ffff:127.";
}

std::optional<Endpoint> address_for(const metadata::BrokerImage& broker,
                                    const ConnectionFacts& connection, const Options& options) {
  const auto first = std::find_if(
      broker.listeners.begin(), broker.listeners.end(),
      [&](const metadata::ListenerAddress& one) { return one.name == connection.listener; });
  if (first == broker.listeners.end()) return std::nullopt;
  const std::string reached(without_mapping(connection.local.host));
  if (!options.advertise_reached || reached.empty()) {
    return Endpoint{first->host.empty() ? reached : first->host, first->port};
  }
  const bool is_self = broker.id == options.self;
  const bool is_outside = is_loopback(first->host) && !is_loopback(reached);
  const std::string_view peer = without_mapping(connection.peer.host);
  if (const auto* rule = rule_for(peer, options)) return told_by(*rule, broker.id);
  const std::string& gateway = options.host.container_gateway;
  // The machine that runs our container came in through a published port. Its own network it can
  // use by the same name, ours perhaps not at all.
  if (!gateway.empty() && peer == gateway) return Endpoint{"localhost", first->port};
  if (first->host.empty() || is_self || is_outside) return Endpoint{reached, first->port};
  if (const auto* near = in_network_of(reached, broker, connection.listener, options)) {
    return Endpoint{near->host, near->port};
  }
  return Endpoint{first->host, first->port};
}

void tell_guess(const ConnectionFacts& connection, const Options& options) {
  if (!options.advertise_reached || options.guesses == nullptr) return;
  const std::string_view peer = without_mapping(connection.peer.host);
  const std::string_view reached = without_mapping(connection.local.host);
  const std::string network =
      is_loopback(peer) ? "this machine" : network_of(peer, prefix_of(reached, options));
  if (!options.guesses->is_new(connection.listener, network)) return;
  if (const auto* rule = rule_for(peer, options)) {
    LOG(INFO) << "advertised.map: clients of " << connection.listener << " from " << network
              << " are told that this broker is at " << told_by(*rule, options.self);
    return;
  }
  const bool by_gateway = !peer.empty() && peer == options.host.container_gateway;
  LOG(INFO) << "advertised.listeners=auto: clients of " << connection.listener << " from "
            << network << " are told that this broker is at "
            << (by_gateway ? "localhost (they come through this container's gateway)"
                           : std::string(reached));
}

BrokerId stand_in_controller(const metadata::Image& image) {
  for (const auto& [id, broker] : image.brokers()) {
    if (!broker.fenced) return id;
  }
  return kNoBroker;
}

}  // namespace barnabas::api

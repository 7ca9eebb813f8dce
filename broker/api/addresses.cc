#include "broker/api/addresses.h"

namespace barnabas::api {

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.substr(0, 4) == "127." ||
         host.substr(0, 11) == "::ffff:127.";
}

std::optional<Endpoint> address_for(const metadata::BrokerImage& broker,
                                    const ConnectionFacts& connection, const Options& options) {
  for (const metadata::ListenerAddress& listener : broker.listeners) {
    if (listener.name != connection.listener) continue;
    const std::string& reached = connection.local.host;
    const bool is_self = broker.id == options.self;
    const bool unreachable = is_loopback(listener.host) && !is_loopback(reached);
    const bool by_connection =
        options.advertise_reached && (listener.host.empty() || is_self || unreachable);
    if (by_connection && !reached.empty()) return Endpoint{reached, listener.port};
    if (listener.host.empty()) return Endpoint{reached, listener.port};
    return Endpoint{listener.host, listener.port};
  }
  return std::nullopt;
}

BrokerId stand_in_controller(const metadata::Image& image) {
  for (const auto& [id, broker] : image.brokers()) {
    if (!broker.fenced) return id;
  }
  return kNoBroker;
}

}  // namespace barnabas::api

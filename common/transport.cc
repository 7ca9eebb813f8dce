#include "common/transport.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

namespace barnabas {

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.host.find(':') == std::string::npos) {
    return absl::StrCat(endpoint.host, ":", endpoint.port);
  }
  return absl::StrCat("[", endpoint.host, "]:", endpoint.port);
}

absl::StatusOr<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("'", absl::string_view(text.data(), text.size()),
                                                   "' is not HOST:PORT: ", what));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("there is no ':' before a port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  if (!host.empty() && host.front() == '[') {
    if (host.back() != ']') return wrong("'[' is never closed");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong("an IPv6 address stands in brackets, as in [::1]:9092");
  }
  uint32_t port = 0;
  if (port_text.empty() || port_text.find_first_not_of("0123456789") != std::string_view::npos ||
      !absl::SimpleAtoi(absl::string_view(port_text.data(), port_text.size()), &port) ||
      port > 65535) {
    return wrong("the port must be a number from 0 to 65535");
  }
  return Endpoint{std::string(host), static_cast<uint16_t>(port)};
}

const char* to_string(Close why) {
  switch (why) {
    case Close::kPeer:
      return "closed by the peer";
    case Close::kRefused:
      return "connection refused";
    case Close::kTimeout:
      return "no connection in time";
    case Close::kLocal:
      return "closed by this side";
    case Close::kProtocol:
      return "protocol error";
  }
  return "closed";
}

}  // namespace barnabas

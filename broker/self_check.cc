#include "broker/self_check.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>

namespace barnabas::broker {
namespace {

constexpr char kMend[] =
    "; write the name by which clients reach this machine, or advertised.listeners=auto";

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

// Docker names a container by twelve hexadecimal digits.
bool is_container_id(const std::string& host) {
  return host.size() == 12 && host.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::vector<std::string> doubts_about(const BrokerConfig& config) {
  std::vector<std::string> out;
  for (const metadata::ListenerAddress& told : config.advertised) {
    const std::string at = absl::StrCat("advertised.listeners tells clients to connect to ",
                                        told.host, ":", told.port);
    const auto listener =
        std::find_if(config.listeners.begin(), config.listeners.end(),
                     [&](const ListenerConfig& one) { return one.name == told.name; });
    const bool is_open = listener != config.listeners.end() && !is_loopback(listener->bind.host);
    if (is_loopback(told.host) && (is_open || !config.host.container_gateway.empty())) {
      out.push_back(absl::StrCat(at, ", which to each of them is its own machine", kMend));
    } else if (is_container_id(told.host)) {
      out.push_back(
          absl::StrCat(at, ", a container's name, which only its own network knows", kMend));
    }
  }
  return out;
}

void check_advertised(const BrokerConfig& config, Transport& transport, Executor& loop) {
  for (const std::string& doubt : doubts_about(config)) LOG(WARNING) << doubt;
  for (const metadata::ListenerAddress& told : config.advertised) {
    if (told.port == 0) continue;
    const Endpoint at{told.host, told.port};
    transport.probe(at, loop, [at](Probe probe) {
      if (probe == Probe::kAccepted) return;
      LOG(WARNING) << "advertised.listeners tells clients to connect to " << at << ", but "
                   << (probe == Probe::kRefused ? "seen from this machine nobody listens there"
                                                : "this machine cannot resolve or reach that")
                   << "; barnabas doctor, run where the clients are, says whether they can";
    });
  }
}

}  // namespace barnabas::broker

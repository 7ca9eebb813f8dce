#include "broker/advertised_map.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <arpa/inet.h>

#include <optional>

#include "common/status.h"

namespace barnabas::broker {
namespace {

constexpr char kExample[] =
    "; entries are NETWORK -> HOST:PORT, as in 172.16.0.0/12 -> auto, * -> "
    "k{node}.example.com:{9092+node}";

// 32 or 128; 0 for what is no address in numbers.
int bits_of(const std::string& address) {
  char bytes[16];
  if (inet_pton(AF_INET, address.c_str(), bytes) == 1) return 32;
  return inet_pton(AF_INET6, address.c_str(), bytes) == 1 ? 128 : 0;
}

absl::Status read_network(absl::string_view text, AdvertisedRule& rule) {
  if (text == "*") return absl::OkStatus();
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  const int bits = bits_of(parts[0]);
  rule.network = parts[0];
  rule.prefix = bits;
  const bool prefix_is_good =
      parts.size() == 1 || (parts.size() == 2 && absl::SimpleAtoi(parts[1], &rule.prefix) &&
                            rule.prefix >= 0 && rule.prefix <= bits);
  if (bits != 0 && prefix_is_good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text, "\" is no network: neither * nor an address with or without /BITS", kExample));
}

std::optional<uint16_t> port_of(absl::string_view text) {
  int port = 0;
  if (!absl::SimpleAtoi(text, &port) || port < 1 || port > 65'535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

absl::Status read_target(absl::string_view text, AdvertisedRule& rule) {
  if (text == "auto") {
    rule.is_auto = true;
    return absl::OkStatus();
  }
  const size_t colon = text.rfind(':');
  if (colon != absl::string_view::npos && colon > 0) {
    absl::string_view port = text.substr(colon + 1);
    rule.host = std::string(text.substr(0, colon));
    if (absl::ConsumePrefix(&port, "{")) {
      rule.add_node = absl::ConsumeSuffix(&port, "+node}");
      if (!rule.add_node) port = "";
    }
    if (const auto number = port_of(port)) {
      rule.port = *number;
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is neither auto nor HOST:PORT", kExample));
}

}  // namespace

absl::StatusOr<std::vector<AdvertisedRule>> parse_advertised_map(std::string_view text) {
  std::vector<AdvertisedRule> out;
  for (absl::string_view entry :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ',', absl::SkipWhitespace())) {
    const std::vector<absl::string_view> sides = absl::StrSplit(entry, "->");
    if (sides.size() != 2) {
      return absl::InvalidArgumentError(absl::StrCat("\"", absl::StripAsciiWhitespace(entry),
                                                     "\" has no ->, or more than one", kExample));
    }
    AdvertisedRule rule;
    RETURN_IF_ERROR(read_network(absl::StripAsciiWhitespace(sides[0]), rule));
    RETURN_IF_ERROR(read_target(absl::StripAsciiWhitespace(sides[1]), rule));
    out.push_back(std::move(rule));
  }
  return out;
}

Endpoint told_by(const AdvertisedRule& rule, BrokerId node) {
  const int64_t port = int64_t{rule.port} + (rule.add_node ? node.value() : 0);
  return {absl::StrReplaceAll(rule.host, {{"{node}", std::to_string(node.value())}}),
          port <= 65'535 ? static_cast<uint16_t>(port) : uint16_t{0}};
}

}  // namespace barnabas::broker

#include "broker/api/networks.h"

#include <absl/strings/str_cat.h>
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace barnabas::api {
namespace {

constexpr size_t kRemembered = 256;

struct Bits {
  std::array<unsigned char, 16> bytes{};
  int count = 0;  // 32 or 128
};

std::optional<Bits> parse(std::string_view address) {
  const std::string text(address);
  Bits out;
  if (inet_pton(AF_INET, text.c_str(), out.bytes.data()) == 1) {
    out.count = 32;
  } else if (inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1) {
    out.count = 128;
  } else {
    return std::nullopt;
  }
  return out;
}

void keep_first(Bits& bits, int prefix) {
  for (int bit = std::clamp(prefix, 0, bits.count); bit < bits.count; ++bit) {
    bits.bytes[static_cast<size_t>(bit / 8)] &= static_cast<unsigned char>(~(0x80 >> (bit % 8)));
  }
}

}  // namespace

bool in_same_network(std::string_view one, std::string_view other, int prefix) {
  auto a = parse(one);
  auto b = parse(other);
  if (!a.has_value() || !b.has_value() || a->count != b->count) return false;
  keep_first(*a, prefix);
  keep_first(*b, prefix);
  return a->bytes == b->bytes;
}

std::string network_of(std::string_view address, int prefix) {
  auto bits = parse(address);
  if (!bits.has_value()) return std::string(address);
  keep_first(*bits, prefix);
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(bits->count == 32 ? AF_INET : AF_INET6, bits->bytes.data(), text, sizeof text);
  return absl::StrCat(text, "/", std::min(prefix, bits->count));
}

bool GuessLog::is_new(const std::string& listener, const std::string& network) {
  MutexLock lock(mutex_);
  if (told_.size() >= kRemembered) return false;
  return told_.emplace(listener, network).second;
}

}  // namespace barnabas::api

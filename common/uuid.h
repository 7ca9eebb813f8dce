// A 16-byte id (topic, directory, cluster, incarnation). As text: URL-safe base64 without
// padding, 22 characters, as Kafka prints it.

#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

#include "common/random.h"

namespace barnabas {

class Uuid {
 public:
  constexpr Uuid() = default;  // all zero: "none"
  constexpr explicit Uuid(std::array<uint8_t, 16> bytes) : bytes_(bytes) {}

  // A random (version 4) id from `random`. Never one that is reserved (zero, one) and never one
  // whose text starts with '-', which command lines would take for a flag.
  static Uuid make(Random& random);
  // From exactly 16 bytes, most significant first; empty gives none. Anything else is an error.
  static absl::StatusOr<Uuid> from_bytes(std::string_view bytes);
  static absl::StatusOr<Uuid> parse(std::string_view text);

  bool is_none() const { return *this == Uuid(); }
  std::string text() const;
  // The 16 bytes, as they go into messages.
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  std::string bytes() const { return std::string(view()); }

  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Uuid& id) { return out << id.text(); }
  template <class H>
  friend H AbslHashValue(H h, const Uuid& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  std::array<uint8_t, 16> bytes_{};
};

}  // namespace barnabas

template <>
struct std::hash<barnabas::Uuid> {
  size_t operator()(const barnabas::Uuid& id) const noexcept {
    return std::hash<std::string_view>{}(id.view());
  }
};

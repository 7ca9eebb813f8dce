#include "common/uuid.h"

#include <absl/status/status.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include <cstring>

namespace barnabas {

Uuid Uuid::make(Random& random) {
  for (;;) {
    std::array<uint8_t, 16> bytes;
    const uint64_t halves[2] = {random.next(), random.next()};
    std::memcpy(bytes.data(), halves, sizeof halves);
    bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);  // version 4
    bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);  // RFC 4122 variant
    const Uuid id(bytes);
    if (id.text().front() != '-') return id;
  }
}

absl::StatusOr<Uuid> Uuid::from_bytes(std::string_view bytes) {
  if (bytes.empty()) return Uuid();
  if (bytes.size() != 16) {
    return absl::InvalidArgumentError(absl::StrCat("an id has 16 bytes, not ", bytes.size()));
  }
  std::array<uint8_t, 16> out;
  std::memcpy(out.data(), bytes.data(), out.size());
  return Uuid(out);
}

absl::StatusOr<Uuid> Uuid::parse(std::string_view text) {
  std::string raw;
  const absl::string_view source(text.data(), text.size());
  if (text.size() != 22 || !absl::WebSafeBase64Unescape(source, &raw) || raw.size() != 16) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", source, "' is not an id: 22 characters of URL-safe base64 expected"));
  }
  return from_bytes(raw);
}

std::string Uuid::text() const {
  std::string out = absl::WebSafeBase64Escape(absl::string_view(view().data(), view().size()));
  while (!out.empty() && out.back() == '=') out.pop_back();
  return out;
}

}  // namespace barnabas

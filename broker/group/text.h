// Texts that clients send and that are kept or shown.

#pragma once

#include <cstddef>
#include <string_view>

namespace barnabas::group {

// What is shown of a client's own words.
inline constexpr size_t kReasonShown = 255;

// At most `size` bytes of it, cut so that no UTF-8 sequence is torn.
inline std::string_view cut(std::string_view text, size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace barnabas::group

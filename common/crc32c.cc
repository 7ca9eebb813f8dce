#include "common/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstddef>

namespace barnabas {
namespace {

// The library counts bytes with an int.
constexpr size_t kStride = size_t{1} << 30;

}  // namespace

uint32_t crc32c(std::string_view bytes) { return crc32c_extend(0, bytes); }

uint32_t crc32c_extend(uint32_t crc, std::string_view bytes) {
  // The library neither inverts its seed nor its result.
  crc = ~crc;
  while (!bytes.empty()) {
    const size_t step = std::min(bytes.size(), kStride);
    // It takes a pointer to non-const and only reads.
    auto* from = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
    crc = crc32_iscsi(from, static_cast<int>(step), crc);
    bytes.remove_prefix(step);
  }
  return ~crc;
}

}  // namespace barnabas

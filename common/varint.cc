#include "common/varint.h"

namespace barnabas {
namespace {

template <class Unsigned, size_t kMaxSize>
const char* get(const char* at, const char* end, Unsigned& value) {
  Unsigned result = 0;
  for (size_t i = 0; i < kMaxSize && at < end; ++i) {
    const auto byte = static_cast<uint8_t>(*at++);
    result |= static_cast<Unsigned>(byte & 0x7f) << (i * 7);
    if ((byte & 0x80) == 0) {
      value = result;
      return at;
    }
  }
  return nullptr;
}

}  // namespace

const char* get_uvarint32(const char* at, const char* end, uint32_t& value) {
  return get<uint32_t, kMaxVarintSize>(at, end, value);
}

const char* get_uvarint64(const char* at, const char* end, uint64_t& value) {
  return get<uint64_t, kMaxVarlongSize>(at, end, value);
}

}  // namespace barnabas

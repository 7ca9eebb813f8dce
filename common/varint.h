// Variable-length integers, as Kafka writes them: seven bits a byte, lowest first, the high bit
// set on all bytes but the last. Signed ones are zig-zag coded, so that small negatives stay
// short.
//
// Reading is bounded: an int32 takes at most five bytes and an int64 at most ten; a longer one is
// refused. Within that bound, padding with zero groups is accepted and bits beyond the type's
// width are dropped, as every other reader of this protocol does: no form is canonical on the wire.

#pragma once

#include <cstddef>
#include <cstdint>

namespace barnabas {

inline constexpr size_t kMaxVarintSize = 5;
inline constexpr size_t kMaxVarlongSize = 10;

constexpr uint32_t zigzag(int32_t value) {
  return (static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31);
}
constexpr uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int32_t unzigzag(uint32_t value) {
  return static_cast<int32_t>((value >> 1) ^ (~(value & 1) + 1));
}
constexpr int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// How many bytes the value takes.
constexpr size_t uvarint_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}
constexpr size_t varint_size(int32_t value) { return uvarint_size(zigzag(value)); }
constexpr size_t varlong_size(int64_t value) { return uvarint_size(zigzag(value)); }

// Writes at `out`, which has room for kMaxVarlongSize bytes (kMaxVarintSize for values of 32
// bits); returns the place behind what was written.
inline char* put_uvarint(char* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

// Reads from [at, end). Returns the place behind the number, or nullptr if it is cut off or
// longer than the type allows.
const char* get_uvarint32(const char* at, const char* end, uint32_t& value);
const char* get_uvarint64(const char* at, const char* end, uint64_t& value);

}  // namespace barnabas

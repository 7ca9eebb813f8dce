#include "kafka/java_hash.h"

#include <cstddef>

namespace barnabas::kafka {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

// Takes one code point off the front. A damaged sequence gives up its first byte only.
uint32_t take_code_point(std::string_view& rest) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(rest[i]); };
  const uint8_t first = byte(0);
  size_t length = 1;
  uint32_t point = first;
  uint32_t smallest = 0;
  if (first >= 0xF0 && first < 0xF8) {
    length = 4, point = first & 0x07, smallest = 0x10000;
  } else if (first >= 0xE0) {
    length = 3, point = first & 0x0F, smallest = 0x800;
  } else if (first >= 0xC0) {
    length = 2, point = first & 0x1F, smallest = 0x80;
  } else if (first >= 0x80) {
    length = 0;
  }
  bool sound = length != 0 && first < 0xF8 && rest.size() >= length;
  for (size_t i = 1; sound && i < length; ++i) {
    sound = (byte(i) & 0xC0) == 0x80;
    point = (point << 6) | (byte(i) & 0x3F);
  }
  sound = sound && point >= smallest && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
  rest.remove_prefix(sound ? length : 1);
  return sound ? point : kReplacement;
}

}  // namespace

int32_t java_string_hash(std::string_view utf8) {
  uint32_t hash = 0;
  while (!utf8.empty()) {
    const uint32_t point = take_code_point(utf8);
    if (point < 0x10000) {
      hash = hash * 31 + point;
    } else {
      hash = hash * 31 + (0xD800 + ((point - 0x10000) >> 10));
      hash = hash * 31 + (0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  return static_cast<int32_t>(hash);
}

int32_t coordinator_partition(std::string_view id, int32_t partitions) {
  const int32_t hash = java_string_hash(id);
  // The smallest number has no positive counterpart; the reference takes 0 for it.
  const int32_t positive = hash == INT32_MIN ? 0 : (hash < 0 ? -hash : hash);
  return positive % partitions;
}

}  // namespace barnabas::kafka

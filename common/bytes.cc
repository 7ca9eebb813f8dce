#include "common/bytes.h"

#include <absl/strings/str_cat.h>

namespace barnabas {

absl::Status ByteReader::status() const {
  if (ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(reason_, ", at byte ", failed_at_));
}

void ByteReader::fail(const char* reason) {
  if (!ok()) return;
  reason_ = reason;
  failed_at_ = position();
  // Nothing can be read any more, so every later read fails on its own bounds check.
  at_ = end_;
}

uint32_t ByteReader::read_uvarint() {
  uint32_t value = 0;
  const char* next = get_uvarint32(at_, end_, value);
  if (next == nullptr) {
    fail("a varint is cut off or too long");
    return 0;
  }
  at_ = next;
  return value;
}

uint64_t ByteReader::read_uvarlong() {
  uint64_t value = 0;
  const char* next = get_uvarint64(at_, end_, value);
  if (next == nullptr) {
    fail("a varlong is cut off or too long");
    return 0;
  }
  at_ = next;
  return value;
}

}  // namespace barnabas

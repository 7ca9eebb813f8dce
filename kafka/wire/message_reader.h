// The pieces from which generated readers are made.
//
// Everything read borrows from the frame. Failures stick to the ByteReader, so these functions
// return values and the message's read() asks once at the end. `flexible` selects the compact
// encoding (uvarint of length + 1, 0 = null) instead of the old one (int16 or int32 length,
// -1 = null).
//
// Bounds: a count is accepted only if that many elements, each at its smallest, fit into what
// remains; and no more than kReserveLimit elements are allocated ahead of having been read. So
// memory stays within a constant factor of the bytes that really arrived.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/buffer.h"
#include "common/bytes.h"
#include "common/uuid.h"
#include "kafka/wire/unknown_tags.h"

namespace barnabas::kafka {

inline constexpr size_t kReserveLimit = 1024;

Uuid read_uuid(ByteReader& in);

// Strings and byte runs differ in their old length fields: two bytes and four.
std::string_view read_string(ByteReader& in, bool flexible);
std::optional<std::string_view> read_nullable_string(ByteReader& in, bool flexible);
std::string_view read_bytes(ByteReader& in, bool flexible);
std::optional<std::string_view> read_nullable_bytes(ByteReader& in, bool flexible);
// Borrowed slices of the frame.
Buffer read_records(ByteReader& in, bool flexible);
std::optional<Buffer> read_nullable_records(ByteReader& in, bool flexible);

// The number of elements of an array, each of which takes `minimum` bytes (1 or more) at least.
size_t read_count(ByteReader& in, bool flexible, size_t minimum);
std::optional<size_t> read_nullable_count(ByteReader& in, bool flexible, size_t minimum);
// Whether a nullable struct is there.
bool read_presence(ByteReader& in);

void read_element(ByteReader& in, bool flexible, int8_t& out);
void read_element(ByteReader& in, bool flexible, int16_t& out);
void read_element(ByteReader& in, bool flexible, int32_t& out);
void read_element(ByteReader& in, bool flexible, int64_t& out);
void read_element(ByteReader& in, bool flexible, Uuid& out);
void read_element(ByteReader& in, bool flexible, std::string_view& out);

// Arrays of simple elements (int8_t, int16_t, int32_t, int64_t, Uuid, std::string_view).
template <class T>
void read_array(ByteReader& in, bool flexible, std::vector<T>& out);
template <class T>
void read_nullable_array(ByteReader& in, bool flexible, std::optional<std::vector<T>>& out);

// The head of one struct's section of tagged fields, then its fields one by one.
//
//   for (TaggedFields tags(in); tags.next();) {
//     switch (tags.tag()) { case 0: ... read from tags.body() ...; default: tags.keep(unknown); }
//   }
class TaggedFields {
 public:
  explicit TaggedFields(ByteReader& in) : in_(in), left_(in.read_uvarint()), body_({}) {}

  // Finishes the field before (whose body must have been read to its end) and opens the next.
  bool next();
  uint32_t tag() const { return tag_; }
  ByteReader& body() { return body_; }
  void keep(UnknownTags& unknown);

 private:
  ByteReader& in_;
  uint32_t left_;
  bool open_ = false;
  uint32_t tag_ = 0;
  ByteReader body_;
};

// A section without fields known to us.
void read_unknown_tags(ByteReader& in, UnknownTags& unknown);

// Arrays of structs.
template <class T>
void read_struct_elements(ByteReader& in, size_t count, int16_t version, std::vector<T>& out) {
  out.clear();  // a tagged field may come twice; the last one counts
  out.reserve(std::min(count, kReserveLimit));
  for (size_t i = 0; i < count && in.ok(); ++i) out.emplace_back().read_fields(in, version);
}

template <class T>
void read_structs(ByteReader& in, bool flexible, size_t minimum, int16_t version,
                  std::vector<T>& out) {
  read_struct_elements(in, read_count(in, flexible, minimum), version, out);
}

template <class T>
void read_nullable_structs(ByteReader& in, bool flexible, size_t minimum, int16_t version,
                           std::optional<std::vector<T>>& out) {
  const std::optional<size_t> count = read_nullable_count(in, flexible, minimum);
  if (!count.has_value()) {
    out.reset();
    return;
  }
  read_struct_elements(in, *count, version, out.emplace());
}

}  // namespace barnabas::kafka

#include "kafka/wire/message_reader.h"

#include <array>
#include <cstring>
#include <string>
#include <type_traits>

namespace barnabas::kafka {
namespace {

// What a length field says; -1 is null. In the compact form anything up to 2^32 - 2 can be said,
// which the check against the remaining bytes then refuses.
int64_t read_length(ByteReader& in, bool flexible, bool short_form) {
  if (flexible) return static_cast<int64_t>(in.read_uvarint()) - 1;
  return short_form ? in.read_int16() : in.read_int32();
}

std::optional<std::string_view> read_run(ByteReader& in, bool flexible, bool short_form) {
  const int64_t length = read_length(in, flexible, short_form);
  if (length < 0) {
    if (length < -1) in.fail("a length is negative");
    return std::nullopt;
  }
  return in.read_bytes(static_cast<size_t>(length));
}

std::string_view require(ByteReader& in, std::optional<std::string_view> run) {
  if (!run.has_value()) in.fail("null where a value is required");
  return run.value_or(std::string_view());
}

template <class T>
size_t minimum_size(bool flexible) {
  if constexpr (std::is_integral_v<T>) return sizeof(T);
  if constexpr (std::is_same_v<T, Uuid>) return 16;
  return flexible ? 1 : 2;
}

template <class T>
void read_elements(ByteReader& in, bool flexible, size_t count, std::vector<T>& out) {
  out.clear();
  // Simple elements are about as large in memory as on the wire, so the count's own check is
  // enough to allocate at once; strings are not.
  out.reserve(std::is_same_v<T, std::string_view> ? std::min(count, kReserveLimit) : count);
  for (size_t i = 0; i < count && in.ok(); ++i) read_element(in, flexible, out.emplace_back());
}

}  // namespace

Uuid read_uuid(ByteReader& in) {
  std::array<uint8_t, 16> bytes{};
  const std::string_view raw = in.read_bytes(bytes.size());
  if (raw.size() == bytes.size()) std::memcpy(bytes.data(), raw.data(), bytes.size());
  return Uuid(bytes);
}

std::string_view read_string(ByteReader& in, bool flexible) {
  return require(in, read_run(in, flexible, true));
}
std::optional<std::string_view> read_nullable_string(ByteReader& in, bool flexible) {
  return read_run(in, flexible, true);
}
std::string_view read_bytes(ByteReader& in, bool flexible) {
  return require(in, read_run(in, flexible, false));
}
std::optional<std::string_view> read_nullable_bytes(ByteReader& in, bool flexible) {
  return read_run(in, flexible, false);
}
Buffer read_records(ByteReader& in, bool flexible) {
  return Buffer::borrow(read_bytes(in, flexible));
}
std::optional<Buffer> read_nullable_records(ByteReader& in, bool flexible) {
  const std::optional<std::string_view> run = read_run(in, flexible, false);
  if (!run.has_value()) return std::nullopt;
  return Buffer::borrow(*run);
}

std::optional<size_t> read_nullable_count(ByteReader& in, bool flexible, size_t minimum) {
  const int64_t length = read_length(in, flexible, false);
  if (length < 0) {
    if (length < -1) in.fail("a count is negative");
    return std::nullopt;
  }
  const auto count = static_cast<size_t>(length);
  if (count > in.remaining() / minimum) {
    in.fail("a count exceeds what the remaining bytes can hold");
    return 0;
  }
  return count;
}

size_t read_count(ByteReader& in, bool flexible, size_t minimum) {
  const std::optional<size_t> count = read_nullable_count(in, flexible, minimum);
  if (!count.has_value()) in.fail("null where an array is required");
  return count.value_or(0);
}

bool read_presence(ByteReader& in) { return in.read_int8() >= 0; }

void read_element(ByteReader& in, bool, int8_t& out) { out = in.read_int8(); }
void read_element(ByteReader& in, bool, int16_t& out) { out = in.read_int16(); }
void read_element(ByteReader& in, bool, int32_t& out) { out = in.read_int32(); }
void read_element(ByteReader& in, bool, int64_t& out) { out = in.read_int64(); }
void read_element(ByteReader& in, bool, Uuid& out) { out = read_uuid(in); }
void read_element(ByteReader& in, bool flexible, std::string_view& out) {
  out = read_string(in, flexible);
}

template <class T>
void read_array(ByteReader& in, bool flexible, std::vector<T>& out) {
  read_elements(in, flexible, read_count(in, flexible, minimum_size<T>(flexible)), out);
}

template <class T>
void read_nullable_array(ByteReader& in, bool flexible, std::optional<std::vector<T>>& out) {
  const std::optional<size_t> count = read_nullable_count(in, flexible, minimum_size<T>(flexible));
  if (!count.has_value()) {
    out.reset();
    return;
  }
  read_elements(in, flexible, *count, out.emplace());
}

// Instantiated here once, so that no generated file has to.
#define BARNABAS_READ_ARRAYS(T)                                    \
  template void read_array<T>(ByteReader&, bool, std::vector<T>&); \
  template void read_nullable_array<T>(ByteReader&, bool, std::optional<std::vector<T>>&);
BARNABAS_READ_ARRAYS(int8_t)
BARNABAS_READ_ARRAYS(int16_t)
BARNABAS_READ_ARRAYS(int32_t)
BARNABAS_READ_ARRAYS(int64_t)
BARNABAS_READ_ARRAYS(Uuid)
BARNABAS_READ_ARRAYS(std::string_view)
#undef BARNABAS_READ_ARRAYS

bool TaggedFields::next() {
  if (open_ && in_.ok()) {
    if (!body_.ok()) in_.fail("a tagged field is damaged");
    if (!body_.at_end()) in_.fail("a tagged field is longer than its value");
  }
  if (left_ == 0 || !in_.ok()) return false;
  --left_;
  open_ = true;
  tag_ = in_.read_uvarint();
  const uint32_t size = in_.read_uvarint();
  if (size > in_.remaining()) in_.fail("a tagged field reaches beyond the end");
  body_ = ByteReader(in_.read_bytes(size));
  return in_.ok();
}

void TaggedFields::keep(UnknownTags& unknown) {
  unknown.add({tag_, body_.read_bytes(body_.remaining())});
}

void read_unknown_tags(ByteReader& in, UnknownTags& unknown) {
  for (TaggedFields tags(in); tags.next();) tags.keep(unknown);
}

}  // namespace barnabas::kafka

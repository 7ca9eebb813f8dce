// Reading and writing of big-endian numbers and byte runs, bounded.
//
// ByteReader walks over bytes that somebody else owns. Its first failure sticks: from then on
// every read gives zero or nothing and consumes nothing, so a decoder may read a whole structure
// and ask once at the end; only loops over counts must look at ok() on the way. A reader never
// looks past its end and never allocates.
//
// ByteWriter appends to a string of its own.

#pragma once

#include <absl/status/status.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "common/varint.h"

namespace barnabas {

// Big-endian numbers at a place that the caller has checked to have room.
template <class T>
T load_big_endian(const char* at) {
  static_assert(std::is_integral_v<T>);
  if constexpr (sizeof(T) == 1) {
    return static_cast<T>(*at);
  } else {
    std::make_unsigned_t<T> value;
    std::memcpy(&value, at, sizeof value);
    if constexpr (std::endian::native == std::endian::little) {
      if constexpr (sizeof(T) == 2) value = __builtin_bswap16(value);
      if constexpr (sizeof(T) == 4) value = __builtin_bswap32(value);
      if constexpr (sizeof(T) == 8) value = __builtin_bswap64(value);
    }
    return static_cast<T>(value);
  }
}

template <class T>
void store_big_endian(char* at, T number) {
  static_assert(std::is_integral_v<T>);
  auto value = static_cast<std::make_unsigned_t<T>>(number);
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof(T) == 2) value = __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) value = __builtin_bswap32(value);
    if constexpr (sizeof(T) == 8) value = __builtin_bswap64(value);
  }
  std::memcpy(at, &value, sizeof value);
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes)
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  bool at_end() const { return at_ == end_; }
  // How many bytes have been read.
  size_t position() const { return static_cast<size_t>(at_ - begin_); }
  // What has not been read yet.
  std::string_view rest() const { return {at_, remaining()}; }

  bool ok() const { return reason_ == nullptr; }
  // OK, or INVALID_ARGUMENT with the first failure and where it happened.
  absl::Status status() const;
  // Records a failure, unless there was one before. `reason` must outlive the reader.
  void fail(const char* reason);

  int8_t read_int8() { return read_number<int8_t>(); }
  int16_t read_int16() { return read_number<int16_t>(); }
  int32_t read_int32() { return read_number<int32_t>(); }
  int64_t read_int64() { return read_number<int64_t>(); }
  uint8_t read_uint8() { return read_number<uint8_t>(); }
  uint16_t read_uint16() { return read_number<uint16_t>(); }
  uint32_t read_uint32() { return read_number<uint32_t>(); }
  uint64_t read_uint64() { return read_number<uint64_t>(); }
  double read_float64() { return std::bit_cast<double>(read_number<uint64_t>()); }
  // Anything but zero is true.
  bool read_bool() { return read_number<uint8_t>() != 0; }

  uint32_t read_uvarint();
  uint64_t read_uvarlong();
  int32_t read_varint() { return unzigzag(read_uvarint()); }
  int64_t read_varlong() { return unzigzag(read_uvarlong()); }

  // A view of the next `size` bytes.
  std::string_view read_bytes(size_t size) {
    if (size > remaining()) {
      fail("a length reaches beyond the end");
      return {};
    }
    const std::string_view out(at_, size);
    at_ += size;
    return out;
  }

 private:
  template <class T>
  T read_number() {
    if (remaining() < sizeof(T)) {
      fail("the bytes end inside a number");
      return 0;
    }
    const T value = load_big_endian<T>(at_);
    at_ += sizeof(T);
    return value;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* reason_ = nullptr;
  size_t failed_at_ = 0;
};

class ByteWriter {
 public:
  ByteWriter() = default;
  explicit ByteWriter(size_t expected_size) { out_.reserve(expected_size); }

  void write_int8(int8_t value) { out_.push_back(static_cast<char>(value)); }
  void write_int16(int16_t value) { write_number(value); }
  void write_int32(int32_t value) { write_number(value); }
  void write_int64(int64_t value) { write_number(value); }
  void write_uint8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void write_uint16(uint16_t value) { write_number(value); }
  void write_uint32(uint32_t value) { write_number(value); }
  void write_uint64(uint64_t value) { write_number(value); }
  void write_float64(double value) { write_number(std::bit_cast<uint64_t>(value)); }
  void write_bool(bool value) { out_.push_back(value ? 1 : 0); }

  void write_uvarint(uint32_t value) { write_uvarlong(value); }
  void write_uvarlong(uint64_t value) {
    char bytes[kMaxVarlongSize];
    out_.append(bytes, static_cast<size_t>(put_uvarint(bytes, value) - bytes));
  }
  void write_varint(int32_t value) { write_uvarlong(zigzag(value)); }
  void write_varlong(int64_t value) { write_uvarlong(zigzag(value)); }
  void write_bytes(std::string_view bytes) { out_.append(bytes); }

  size_t size() const { return out_.size(); }
  std::string_view view() const { return out_; }
  // Overwrites a number that was written at `position` before.
  template <class T>
  void patch(size_t position, T value) {
    store_big_endian<T>(out_.data() + position, value);
  }
  // Moves what follows `position` back to make room for `bytes`.
  void insert(size_t position, std::string_view bytes) { out_.insert(position, bytes); }
  void reserve(size_t total) { out_.reserve(total); }
  std::string take() { return std::exchange(out_, {}); }

 private:
  template <class T>
  void write_number(T value) {
    char bytes[sizeof(T)];
    store_big_endian<T>(bytes, value);
    out_.append(bytes, sizeof bytes);
  }

  std::string out_;
};

}  // namespace barnabas

// Where generated writers write.
//
// Everything is appended to one growing buffer, except large `records` that own their bytes:
// those are passed on by reference, so that a fetch answer goes from the page cache to the socket
// without another copy. The first failure sticks; the message's write() reports it.

#pragma once

#include <absl/status/status.h>

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

// Owned records of this size or more are not copied. Below, a piece of its own costs more in the
// socket call than the copy.
inline constexpr size_t kReferenceThreshold = 1024;

class MessageWriter : private ByteWriter {
 public:
  explicit MessageWriter(size_t expected_size = 256) : ByteWriter(expected_size) {}

  using ByteWriter::write_bool;
  using ByteWriter::write_float64;
  using ByteWriter::write_int16;
  using ByteWriter::write_int32;
  using ByteWriter::write_int64;
  using ByteWriter::write_int8;
  using ByteWriter::write_uint16;
  using ByteWriter::write_uint32;
  using ByteWriter::write_uint8;
  using ByteWriter::write_uvarint;

  void write_uuid(const Uuid& value) { ByteWriter::write_bytes(value.view()); }
  void write_string(std::string_view value, bool flexible);
  void write_nullable_string(const std::optional<std::string_view>& value, bool flexible);
  void write_bytes(std::string_view value, bool flexible);
  void write_nullable_bytes(const std::optional<std::string_view>& value, bool flexible);
  void write_records(const Buffer& value, bool flexible);
  void write_nullable_records(const std::optional<Buffer>& value, bool flexible);
  // The number of elements of an array, or that there is none.
  void write_count(size_t count, bool flexible);
  void write_null_count(bool flexible);
  // Whether a nullable struct follows.
  void write_presence(bool present) { write_int8(present ? 1 : -1); }

  void write_element(int8_t value, bool) { write_int8(value); }
  void write_element(int16_t value, bool) { write_int16(value); }
  void write_element(int32_t value, bool) { write_int32(value); }
  void write_element(int64_t value, bool) { write_int64(value); }
  void write_element(const Uuid& value, bool) { write_uuid(value); }
  void write_element(std::string_view value, bool flexible) { write_string(value, flexible); }

  // Arrays of simple elements.
  template <class T>
  void write_array(const std::vector<T>& values, bool flexible) {
    write_count(values.size(), flexible);
    for (const T& value : values) write_element(value, flexible);
  }
  template <class T>
  void write_nullable_array(const std::optional<std::vector<T>>& values, bool flexible) {
    if (values.has_value()) {
      write_array(*values, flexible);
    } else {
      write_null_count(flexible);
    }
  }
  // Arrays of structs.
  template <class T>
  void write_structs(const std::vector<T>& values, bool flexible, int16_t version) {
    write_count(values.size(), flexible);
    for (const T& value : values) value.write_fields(*this, version);
  }
  template <class T>
  void write_nullable_structs(const std::optional<std::vector<T>>& values, bool flexible,
                              int16_t version) {
    if (values.has_value()) {
      write_structs(*values, flexible, version);
    } else {
      write_null_count(flexible);
    }
  }

  // Records that `what` has a value that this version cannot carry and that must not be dropped.
  void refuse(const char* what, int16_t version);
  void refuse_null(const char* what, int16_t version);
  absl::Status status() const { return status_; }

  // Bytes written so far, referenced ones included.
  size_t size() const { return ByteWriter::size() + referenced_; }

  // What was written, in order; the writer is empty then.
  BufferChain finish();
  // The same with its total size in front (int32), as a frame goes onto a connection.
  BufferChain finish_frame();

 private:
  friend class TagSection;
  struct Reference {
    size_t position;  // behind so many bytes of the buffer
    Buffer bytes;
  };

  void write_length(size_t length, bool flexible, bool short_form);
  void write_null_length(bool flexible, bool short_form);
  BufferChain assemble();

  std::vector<Reference> references_;
  size_t referenced_ = 0;
  absl::Status status_;
};

// One struct's section of tagged fields: known ones in ascending order, unknown ones merged in.
//
//   TagSection tags(out, unknown);
//   if (field is not at its default) { tags.begin(0); ... write to out ...; tags.end(); }
//   tags.finish();
class TagSection {
 public:
  TagSection(MessageWriter& out, const UnknownTags& unknown)
      : out_(out), unknown_(unknown), start_(out.ByteWriter::size()) {}

  void begin(uint32_t tag);
  void end();
  void finish();

 private:
  void write_unknown_below(uint64_t tag);

  MessageWriter& out_;
  const UnknownTags& unknown_;
  size_t start_;
  size_t body_ = 0;
  uint32_t count_ = 0;
  size_t unknown_written_ = 0;
};

// A section without known fields.
void write_unknown_tags(MessageWriter& out, const UnknownTags& unknown);

}  // namespace barnabas::kafka

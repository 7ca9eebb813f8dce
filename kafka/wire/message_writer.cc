#include "kafka/wire/message_writer.h"

#include <absl/strings/str_cat.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace barnabas::kafka {

void MessageWriter::write_length(size_t length, bool flexible, bool short_form) {
  const size_t limit = short_form ? std::numeric_limits<int16_t>::max()
                                  : static_cast<size_t>(std::numeric_limits<int32_t>::max());
  if (length > limit) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat("a length of ", length, " exceeds what the protocol allows, ", limit));
    }
    length = 0;
  }
  if (flexible) {
    write_uvarint(static_cast<uint32_t>(length) + 1);
  } else if (short_form) {
    write_int16(static_cast<int16_t>(length));
  } else {
    write_int32(static_cast<int32_t>(length));
  }
}

void MessageWriter::write_null_length(bool flexible, bool short_form) {
  if (flexible) {
    write_uvarint(0);
  } else if (short_form) {
    write_int16(-1);
  } else {
    write_int32(-1);
  }
}

void MessageWriter::write_string(std::string_view value, bool flexible) {
  write_length(value.size(), flexible, true);
  ByteWriter::write_bytes(value);
}

void MessageWriter::write_nullable_string(const std::optional<std::string_view>& value,
                                          bool flexible) {
  if (!value.has_value()) return write_null_length(flexible, true);
  write_string(*value, flexible);
}

void MessageWriter::write_bytes(std::string_view value, bool flexible) {
  write_length(value.size(), flexible, false);
  ByteWriter::write_bytes(value);
}

void MessageWriter::write_nullable_bytes(const std::optional<std::string_view>& value,
                                         bool flexible) {
  if (!value.has_value()) return write_null_length(flexible, false);
  write_bytes(*value, flexible);
}

void MessageWriter::write_records(const Buffer& value, bool flexible) {
  write_length(value.size(), flexible, false);
  if (value.borrowed() || value.size() < kReferenceThreshold) {
    ByteWriter::write_bytes(value.view());
    return;
  }
  references_.push_back({ByteWriter::size(), value});
  referenced_ += value.size();
}

void MessageWriter::write_nullable_records(const std::optional<Buffer>& value, bool flexible) {
  if (!value.has_value()) return write_null_length(flexible, false);
  write_records(*value, flexible);
}

void MessageWriter::write_count(size_t count, bool flexible) {
  write_length(count, flexible, false);
}
void MessageWriter::write_null_count(bool flexible) { write_null_length(flexible, false); }

void MessageWriter::refuse(const char* what, int16_t version) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(
      absl::StrCat(what, " is set, and version ", version, " of the message cannot carry it"));
}

void MessageWriter::refuse_null(const char* what, int16_t version) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(
      absl::StrCat(what, " is null, and version ", version, " of the message needs a value"));
}

BufferChain MessageWriter::finish() { return assemble(); }

BufferChain MessageWriter::finish_frame() {
  char size_bytes[sizeof(int32_t)];
  store_big_endian<int32_t>(size_bytes, static_cast<int32_t>(size()));
  insert(0, {size_bytes, sizeof size_bytes});
  for (Reference& reference : references_) reference.position += sizeof size_bytes;
  return assemble();
}

BufferChain MessageWriter::assemble() {
  const Buffer written = Buffer::own(take());
  BufferChain chain;
  size_t from = 0;
  for (Reference& reference : references_) {
    if (reference.position > from) {
      chain.push_back(written.slice(from, reference.position - from));
      from = reference.position;
    }
    chain.push_back(std::move(reference.bytes));
  }
  if (from < written.size()) chain.push_back(written.slice(from));
  references_.clear();
  referenced_ = 0;
  return chain;
}

void TagSection::begin(uint32_t tag) {
  write_unknown_below(tag);
  out_.write_uvarint(tag);
  body_ = out_.ByteWriter::size();
  ++count_;
}

// The size and the count are known only behind what they count. Tagged fields are rare and small:
// moving them by a byte or two is cheaper than measuring everything first.
void TagSection::end() {
  char bytes[kMaxVarlongSize];
  const char* end = put_uvarint(bytes, out_.ByteWriter::size() - body_);
  out_.insert(body_, {bytes, static_cast<size_t>(end - bytes)});
}

void TagSection::finish() {
  write_unknown_below(std::numeric_limits<uint64_t>::max());
  if (count_ == 0) {
    out_.write_uint8(0);
    return;
  }
  char bytes[kMaxVarlongSize];
  const char* end = put_uvarint(bytes, count_);
  out_.insert(start_, {bytes, static_cast<size_t>(end - bytes)});
}

void TagSection::write_unknown_below(uint64_t tag) {
  const std::vector<UnknownTag>& all = unknown_.all();
  while (unknown_written_ < all.size() && all[unknown_written_].tag < tag) {
    const UnknownTag& unknown = all[unknown_written_++];
    out_.write_uvarint(unknown.tag);
    out_.write_uvarint(static_cast<uint32_t>(unknown.bytes.size()));
    out_.ByteWriter::write_bytes(unknown.bytes);
    ++count_;
  }
}

void write_unknown_tags(MessageWriter& out, const UnknownTags& unknown) {
  TagSection(out, unknown).finish();
}

}  // namespace barnabas::kafka

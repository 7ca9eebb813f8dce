#include "kafka/records/record.h"

#include <absl/strings/str_cat.h>

namespace barnabas::kafka {
namespace {

// Most numbers in a record fit into one byte, and there are seven or more of them.
int32_t read_varint(ByteReader& in) {
  if (!in.at_end() && (in.rest().front() & 0x80) == 0) {
    return unzigzag(static_cast<uint32_t>(in.read_uint8()));
  }
  return in.read_varint();
}

// Null is written as -1; the reference reads every negative length as null, and so do we.
std::optional<std::string_view> read_nullable(ByteReader& in) {
  const int32_t size = read_varint(in);
  if (size < 0) return std::nullopt;
  return in.read_bytes(static_cast<size_t>(size));
}

RecordHeaderView read_header(ByteReader& in) {
  RecordHeaderView header;
  const int32_t key_size = read_varint(in);
  if (key_size < 0) {
    in.fail("a header has no name");
    return header;
  }
  header.key = in.read_bytes(static_cast<size_t>(key_size));
  header.value = read_nullable(in);
  return header;
}

}  // namespace

std::vector<RecordHeaderView> RecordView::headers() const {
  std::vector<RecordHeaderView> out;
  out.reserve(static_cast<size_t>(header_count));
  ByteReader in(header_bytes);
  for (int32_t i = 0; i < header_count; ++i) out.push_back(read_header(in));
  return out;
}

RecordReader::RecordReader(const BatchView& batch, std::string_view records)
    : in_(records),
      base_offset_(batch.base_offset().value()),
      base_timestamp_(batch.base_timestamp()),
      count_(batch.record_count()) {
  if (batch.timestamp_type() == TimestampType::kLogAppendTime) append_time_ = batch.max_timestamp();
  if (count_ < 0) fail("the record count is negative");
}

std::nullopt_t RecordReader::fail(std::string_view reason) {
  status_ = absl::DataLossError(absl::StrCat("record ", read_, " of ", count_, ": ",
                                             absl::string_view(reason.data(), reason.size())));
  return std::nullopt;
}

std::optional<RecordView> RecordReader::next() {
  if (!status_.ok()) return std::nullopt;
  if (read_ == count_) {
    if (!in_.at_end()) return fail("there are bytes behind the last record");
    return std::nullopt;
  }
  const size_t start = in_.position();
  const int32_t length = read_varint(in_);
  if (length < 0) return fail("its length is negative");
  const std::string_view body = in_.read_bytes(static_cast<size_t>(length));
  if (!in_.ok()) return fail(std::string(in_.status().message()));

  RecordView record;
  record.size = in_.position() - start;
  ByteReader fields(body);
  fields.read_int8();  // attributes: unused in this format
  // Unsigned sums, because a damaged delta may overflow.
  record.create_timestamp = static_cast<int64_t>(static_cast<uint64_t>(base_timestamp_) +
                                                 static_cast<uint64_t>(fields.read_varlong()));
  record.timestamp = append_time_.value_or(record.create_timestamp);
  record.offset_delta = read_varint(fields);
  record.offset = Offset(static_cast<int64_t>(static_cast<uint64_t>(base_offset_) +
                                              static_cast<uint64_t>(record.offset_delta)));
  record.key = read_nullable(fields);
  record.value = read_nullable(fields);
  record.header_count = read_varint(fields);
  if (record.header_count < 0) return fail("its header count is negative");
  record.header_bytes = fields.rest();
  // Each header takes two bytes at least, so a huge count ends at the end of the bytes.
  for (int32_t i = 0; i < record.header_count && fields.ok(); ++i) read_header(fields);
  if (!fields.ok()) return fail(std::string(fields.status().message()));
  if (!fields.at_end()) return fail("it is longer than its fields");
  ++read_;
  return record;
}

}  // namespace barnabas::kafka

#include "kafka/records/batch.h"

#include <absl/strings/str_cat.h>

#include "common/crc32c.h"

namespace barnabas::kafka {

std::string_view codec_name(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return "none";
    case Codec::kGzip:
      return "gzip";
    case Codec::kSnappy:
      return "snappy";
    case Codec::kLz4:
      return "lz4";
    case Codec::kZstd:
      return "zstd";
  }
  return "unknown";
}

absl::StatusOr<size_t> BatchView::peek_size(std::string_view prefix) {
  if (prefix.size() < kBatchPrefixSize) {
    return absl::OutOfRangeError(
        absl::StrCat("only ", prefix.size(), " bytes, not even the length of a record batch"));
  }
  const auto length = load_big_endian<int32_t>(prefix.data() + 8);
  if (length < static_cast<int32_t>(kBatchHeaderSize - kBatchPrefixSize)) {
    return absl::DataLossError(
        absl::StrCat("the record batch claims a length of ", length, ", less than its header"));
  }
  return static_cast<size_t>(length) + kBatchPrefixSize;
}

absl::StatusOr<BatchView> BatchView::parse(std::string_view bytes) {
  const absl::StatusOr<size_t> size = peek_size(bytes);
  if (!size.ok()) return size.status();
  // The magic first: of another format the length means something else.
  if (bytes.size() > kBatchStampSize && bytes[kBatchStampSize] != kBatchMagic) {
    return absl::DataLossError(absl::StrCat("record batch of format ",
                                            static_cast<int>(bytes[kBatchStampSize]),
                                            "; only format 2 is supported"));
  }
  if (bytes.size() < *size) {
    return absl::OutOfRangeError(
        absl::StrCat("only ", bytes.size(), " bytes of a record batch of ", *size));
  }
  return BatchView(bytes.substr(0, *size));
}

int32_t BatchView::sequence_at(int32_t offset_delta) const {
  if (base_sequence() < 0) return -1;
  const int64_t sequence = static_cast<int64_t>(base_sequence()) + offset_delta;
  return static_cast<int32_t>(sequence & INT32_MAX);
}

uint32_t BatchView::computed_crc() const { return crc32c(bytes_.substr(21)); }

std::optional<BatchView> BatchStream::next() {
  if (!status_.ok() || rest_.empty()) return std::nullopt;
  absl::StatusOr<BatchView> batch = BatchView::parse(rest_);
  if (!batch.ok()) {
    status_ = batch.status();
    return std::nullopt;
  }
  rest_.remove_prefix(batch->size());
  return *batch;
}

}  // namespace barnabas::kafka

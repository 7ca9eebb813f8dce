// The records inside a batch, one after the other, without copying.
//
//   length varint, attributes i8, timestamp delta varlong, offset delta varint,
//   key length varint (-1: null), key, value length varint (-1: null), value,
//   header count varint, per header: name length varint, name, value length varint (-1: null),
//   value
//
// RecordReader is strict about framing: each record must fill exactly the length it claims. It
// allocates nothing; headers are walked only when asked for.

#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/ids.h"
#include "kafka/records/batch.h"

namespace barnabas::kafka {

struct RecordHeaderView {
  std::string_view key;
  std::optional<std::string_view> value;
};

struct RecordView {
  int32_t offset_delta = 0;
  Offset offset;
  int64_t timestamp = 0;         // what consumers are told
  int64_t create_timestamp = 0;  // what the producer said, also under log append time
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  int32_t header_count = 0;
  std::string_view header_bytes;  // checked by the reader: headers() cannot fail
  size_t size = 0;                // with the length in front

  std::vector<RecordHeaderView> headers() const;
};

class RecordReader {
 public:
  // Over `records`, the payload of `batch` if that is not compressed, its decompressed payload
  // otherwise. Offsets and timestamps come out absolute; with log append time, every record has
  // the batch's.
  RecordReader(const BatchView& batch, std::string_view records);

  // Nothing at the end and after a failure.
  std::optional<RecordView> next();
  // OK, or DATA_LOSS saying which record is damaged and how. A batch that has fewer records than
  // its header says, or bytes behind them, is damaged too.
  const absl::Status& status() const { return status_; }

 private:
  std::nullopt_t fail(std::string_view reason);

  ByteReader in_;
  int64_t base_offset_;
  int64_t base_timestamp_;
  std::optional<int64_t> append_time_;
  int32_t count_;
  int32_t read_ = 0;
  absl::Status status_;
};

}  // namespace barnabas::kafka

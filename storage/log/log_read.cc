// Reading a SegmentedLog, by offset and by timestamp.

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "common/status.h"
#include "kafka/records/compression.h"
#include "kafka/records/record.h"
#include "storage/log/segmented_log.h"

namespace barnabas::storage {
namespace {

struct RecordAt {
  Offset offset;
  int64_t timestamp;
};

// The first record of `batch` at or after both bounds.
absl::StatusOr<std::optional<RecordAt>> find_record(const kafka::BatchView& batch,
                                                    int64_t timestamp, Offset from) {
  std::string decompressed;
  std::string_view records = batch.payload();
  if (batch.compressed()) {
    ASSIGN_OR_RETURN(decompressed, kafka::decompress(batch.codec(), records));
    records = decompressed;
  }
  kafka::RecordReader reader(batch, records);
  while (const std::optional<kafka::RecordView> record = reader.next()) {
    if (record->timestamp >= timestamp && record->offset >= from) {
      return RecordAt{record->offset, record->timestamp};
    }
  }
  RETURN_IF_ERROR(reader.status());
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Buffer> SegmentedLog::read(Offset from, size_t max_bytes, Offset below,
                                          bool at_least_one) const {
  RETURN_IF_ERROR(usable());
  if (from < start_ || from > end_) {
    return absl::OutOfRangeError(absl::StrCat("read of offset ", from.value(), " of ", directory(),
                                              ", which holds ", start_.value(), " to ",
                                              end_.value()));
  }
  if (from == end_ || from >= below) return Buffer();
  if (std::optional<Buffer> cached = tail_.read(from, max_bytes, below, at_least_one)) {
    return *std::move(cached);
  }
  return read_segments({from, max_bytes, below, at_least_one});
}

absl::StatusOr<Buffer> SegmentedLog::read_segments(const ReadRequest& request) const {
  for (size_t i = segment_index(request.from); i < segments_.size(); ++i) {
    Segment& segment = *segments_[i];
    if (segment.size() == 0) continue;
    const auto hint = std::find_if(hints_.begin(), hints_.end(), [&](const Hint& known) {
      return known.offset == request.from && known.segment == &segment;
    });
    const bool exact = hint != hints_.end() || segment.base() == request.from;
    uint64_t position = 0;
    if (hint != hints_.end()) {
      position = hint->position;
    } else if (!exact) {
      ASSIGN_OR_RETURN(position, segment.position_before(request.from));
    }
    ASSIGN_OR_RETURN(Segment::Slice slice, segment.read(request, position, exact, epochs_));
    // Nothing at or above `from` here (the tail of a segment may hold no more offsets), unless the
    // bounds of the request allow nothing.
    if (slice.bytes.empty()) {
      const bool segment_ends = i + 1 < segments_.size();
      if (segment_ends && segments_[i + 1]->base() <= request.from) continue;
      return Buffer();
    }
    Hint& remembered = hint != hints_.end() ? *hint : hints_[next_hint_++ % hints_.size()];
    remembered = {slice.next, &segment, slice.next_position};
    return std::move(slice.bytes);
  }
  return Buffer();
}

absl::StatusOr<std::optional<TimestampHit>> SegmentedLog::find_timestamp(int64_t timestamp_ms,
                                                                         Offset below) const {
  RETURN_IF_ERROR(usable());
  for (const std::unique_ptr<Segment>& segment : segments_) {
    if (segment->size() == 0 || segment->base() >= below) continue;
    ASSIGN_OR_RETURN(const LargestTimestamp largest, segment->largest_timestamp());
    if (largest.timestamp < timestamp_ms) continue;
    ASSIGN_OR_RETURN(const uint64_t position, segment->position_for_timestamp(timestamp_ms));
    BatchScanner batches = segment->scan(position);
    while (true) {
      ASSIGN_OR_RETURN(const std::optional<kafka::BatchView> batch, batches.next());
      if (!batch.has_value()) break;
      if (batch->base_offset() >= below) return std::nullopt;
      if (batch->max_timestamp() < timestamp_ms || batch->last_offset() < start_) continue;
      ASSIGN_OR_RETURN(const std::optional<RecordAt> hit,
                       find_record(*batch, timestamp_ms, start_));
      if (!hit.has_value()) continue;
      if (hit->offset >= below) return std::nullopt;
      return TimestampHit{hit->offset, hit->timestamp, epochs_.epoch_at(hit->offset)};
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<TimestampHit>> SegmentedLog::max_timestamp(Offset below) const {
  RETURN_IF_ERROR(usable());
  // The segments' own largest timestamps say where to look; `below` and start() may exclude them.
  std::optional<LargestTimestamp> best;
  for (const std::unique_ptr<Segment>& segment : segments_) {
    if (segment->size() == 0 || segment->base() >= below) continue;
    ASSIGN_OR_RETURN(LargestTimestamp largest, segment->largest_timestamp());
    if (best.has_value() && largest.timestamp <= best->timestamp) continue;
    if (largest.offset >= below || largest.offset < start_) {
      largest = {};
      BatchScanner batches = segment->scan(0);
      while (true) {
        ASSIGN_OR_RETURN(const std::optional<kafka::BatchView> batch, batches.next());
        if (!batch.has_value() || batch->last_offset() >= below) break;
        if (batch->last_offset() >= start_ && batch->max_timestamp() > largest.timestamp) {
          largest = {batch->max_timestamp(), batch->last_offset()};
        }
      }
    }
    if (largest.timestamp >= 0 && (!best.has_value() || largest.timestamp > best->timestamp)) {
      best = largest;
    }
  }
  if (!best.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(const std::optional<Segment::Found> found,
                   segments_[segment_index(best->offset)]->find(best->offset));
  if (!found.has_value()) return std::nullopt;
  BatchScanner batch_there = segments_[segment_index(best->offset)]->scan(found->position);
  ASSIGN_OR_RETURN(const std::optional<kafka::BatchView> batch, batch_there.next());
  if (!batch.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(const std::optional<RecordAt> hit, find_record(*batch, best->timestamp, start_));
  if (!hit.has_value()) return std::nullopt;
  return TimestampHit{hit->offset, hit->timestamp, epochs_.epoch_at(hit->offset)};
}

}  // namespace barnabas::storage

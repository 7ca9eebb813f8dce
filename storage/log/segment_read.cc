// Finding and reading in a segment.

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/probe.h"
#include "common/status.h"
#include "storage/log/file_names.h"
#include "storage/log/segment.h"

namespace barnabas::storage {
namespace {

// Less costs as much, and would find most batches cut off.
constexpr size_t kLeastReadBytes = 4096;

}  // namespace

// What a walk over bytes of the file found for a request.
struct Segment::Walk {
  absl::Status status;
  size_t first = 0;  // [first, end): whole batches that answer the request
  size_t end = 0;
  Offset next;
  bool satisfied = false;  // more bytes would not change the answer
  // If the bytes end inside a batch that matters: where it begins, and its size.
  size_t cut_at = 0;
  size_t cut_size = 0;
};

absl::StatusOr<bool> Segment::entry_fits(const OffsetEntry& entry) const {
  const auto position = static_cast<uint64_t>(entry.position);
  if (entry.position < 0 || position + kafka::kBatchHeaderSize > size_) return false;
  std::array<char, kafka::kBatchHeaderSize> header;
  ASSIGN_OR_RETURN(const FilePtr log, file());
  ASSIGN_OR_RETURN(const size_t got, log->read(position, absl::MakeSpan(header)));
  if (got != header.size() || header[16] != kafka::kBatchMagic) return false;
  const int64_t last =
      load_big_endian<int64_t>(header.data()) + load_big_endian<int32_t>(header.data() + 23);
  return last == base_.value() + entry.relative_last_offset;
}

absl::StatusOr<std::optional<OffsetEntry>> Segment::stored_floor(Offset offset) {
  ASSIGN_OR_RETURN(const FilePtr index, index_file(offset_index_slot_, kOffsetIndexSuffix));
  ASSIGN_OR_RETURN(const std::optional<OffsetEntry> entry,
                   floor_in_offset_index(*index, distance(base_, offset)));
  if (!entry.has_value()) return entry;
  ASSIGN_OR_RETURN(const bool fits, entry_fits(*entry));
  if (!fits) return absl::DataLossError("an index entry points at no such batch");
  return entry;
}

absl::StatusOr<uint64_t> Segment::position_before(Offset offset) {
  if (index_.has_value()) {
    const auto entry = index_->floor_offset(distance(base_, offset));
    return entry.has_value() ? static_cast<uint64_t>(entry->position) : 0;
  }
  absl::StatusOr<std::optional<OffsetEntry>> entry = stored_floor(offset);
  if (absl::IsNotFound(entry.status()) || absl::IsDataLoss(entry.status())) {
    ASSIGN_OR_RETURN(const SegmentIndex rebuilt, rebuild_index());
    entry = rebuilt.floor_offset(distance(base_, offset));
  }
  if (!entry.ok()) return entry.status();
  return entry->has_value() ? static_cast<uint64_t>((*entry)->position) : 0;
}

absl::StatusOr<std::optional<Segment::Found>> Segment::find(Offset offset) {
  ASSIGN_OR_RETURN(const uint64_t start, position_before(offset));
  BatchScanner batches = scan(start);
  while (true) {
    absl::StatusOr<std::optional<kafka::BatchView>> batch = batches.next();
    if (!batch.ok()) return damaged(batches.position(), batch.status().message());
    if (!batch->has_value()) return std::nullopt;
    if ((*batch)->last_offset() >= offset) {
      return Found{batches.position(), (*batch)->base_offset(), (*batch)->last_offset()};
    }
  }
}

Segment::Walk Segment::walk(std::string_view bytes, uint64_t position, const ReadRequest& request,
                            const EpochCache& epochs) {
  Walk walk;
  kafka::BatchStream batches(bytes);
  std::optional<Offset> expected;
  size_t at = 0;
  while (const std::optional<kafka::BatchView> batch = batches.next()) {
    const size_t behind = at + batch->size();
    if (expected.has_value() && batch->base_offset() != *expected) {
      walk.status =
          damaged(position + at, absl::StrCat("offset ", batch->base_offset().value(), " where ",
                                              expected->value(), " should follow"));
      return walk;
    }
    expected = batch->next_offset();
    if (batch->last_offset() >= request.from) {
      if (walk.end == 0) walk.first = walk.end = at;
      const bool fits = behind - walk.first <= request.max_bytes ||
                        (walk.end == walk.first && request.at_least_one);
      if (batch->last_offset() >= request.below || !fits) {
        walk.satisfied = true;
        break;
      }
      walk.end = behind;
      walk.next = batch->next_offset();
    }
    at = behind;
  }
  if (!walk.status.ok()) return walk;
  if (walk.end > walk.first) {
    // Whatever lies behind is the business of the next read.
  } else if (absl::IsDataLoss(batches.status())) {
    walk.status = damaged(position + at, batches.status().message());
  } else if (!walk.satisfied && position + at < size_) {
    walk.cut_at = at;
    walk.cut_size = kafka::BatchView::peek_size(bytes.substr(at)).value_or(0);
    if (position + at + walk.cut_size > size_) {
      walk.status = damaged(position + at, "a batch that reaches beyond the end of the file");
    }
  }
  if (walk.status.ok() && walk.end > walk.first && cold_) {
    walk.status =
        verify(bytes.substr(walk.first, walk.end - walk.first), position + walk.first, epochs);
  }
  return walk;
}

absl::Status Segment::verify(std::string_view batches, uint64_t position,
                             const EpochCache& epochs) {
  if (verified_.covers(position, position + batches.size())) return absl::OkStatus();
  if (planted("storage: a cold read is not verified")) return absl::OkStatus();
  kafka::BatchStream stream(batches);
  uint64_t at = position;
  while (const std::optional<kafka::BatchView> batch = stream.next()) {
    if (!batch->crc_matches()) return damaged(at, "a batch whose checksum does not match");
    const LeaderEpoch expected = epochs.epoch_at(batch->base_offset());
    if (batch->leader_epoch() != expected) {
      return damaged(at, absl::StrCat("a batch of epoch ", batch->leader_epoch().value(),
                                      " where the epoch checkpoint says ", expected.value()));
    }
    at += batch->size();
  }
  verified_.add(position, at);
  return absl::OkStatus();
}

absl::StatusOr<Segment::Slice> Segment::read(const ReadRequest& request, uint64_t position,
                                             bool exact, const EpochCache& epochs) {
  ASSIGN_OR_RETURN(const FilePtr log, file());
  const size_t slack = exact ? 0 : static_cast<size_t>(home_.index_interval_bytes);
  size_t wanted = std::max(request.max_bytes + slack, kLeastReadBytes);
  while (position < size_) {
    wanted = static_cast<size_t>(std::min<uint64_t>(wanted, size_ - position));
    // Not zeroed: the read fills it.
    auto bytes = std::make_shared_for_overwrite<char[]>(wanted);
    ASSIGN_OR_RETURN(const size_t got, log->read(position, absl::MakeSpan(bytes.get(), wanted)));
    if (got < wanted) return damaged(position + got, "the file is shorter than it was");
    Walk found = walk({bytes.get(), got}, position, request, epochs);
    RETURN_IF_ERROR(found.status);
    if (found.end > found.first) {
      const std::string_view batches(bytes.get() + found.first, found.end - found.first);
      return Slice{Buffer(std::move(bytes), batches), position + found.end, found.next};
    }
    const bool at_end = position + got == size_ && found.cut_size == 0 && found.cut_at == 0;
    if (found.satisfied || at_end) return Slice{};
    // The batch that is cut off lies before `from`, or it is the first of the answer and large.
    position += found.cut_at;
    wanted = std::max({found.cut_size, request.max_bytes, kLeastReadBytes});
  }
  return Slice{};
}

absl::StatusOr<LargestTimestamp> Segment::largest_timestamp() {
  if (index_.has_value()) return index_->largest();
  if (!largest_.has_value()) {
    absl::StatusOr<FilePtr> index = index_file(time_index_slot_, kTimeIndexSuffix);
    absl::StatusOr<std::optional<TimeEntry>> last =
        index.ok() ? last_of_time_index(**index) : index.status();
    if (last.ok() && last->has_value()) {
      largest_ = {(*last)->timestamp, advance(base_, int64_t{(*last)->relative_offset})};
    } else {
      RETURN_IF_ERROR(rebuild_index().status());
    }
  }
  return *largest_;
}

absl::StatusOr<uint64_t> Segment::position_for_timestamp(int64_t timestamp) {
  std::optional<TimeEntry> entry;
  if (index_.has_value()) {
    entry = index_->floor_time(timestamp);
  } else {
    const absl::StatusOr<FilePtr> index = index_file(time_index_slot_, kTimeIndexSuffix);
    absl::StatusOr<std::optional<TimeEntry>> stored =
        index.ok() ? floor_in_time_index(**index, timestamp) : index.status();
    if (absl::IsNotFound(stored.status()) || absl::IsDataLoss(stored.status())) {
      ASSIGN_OR_RETURN(const SegmentIndex rebuilt, rebuild_index());
      stored = rebuilt.floor_time(timestamp);
    }
    ASSIGN_OR_RETURN(entry, stored);
  }
  if (!entry.has_value()) return 0;
  return position_before(advance(base_, int64_t{entry->relative_offset}));
}

}  // namespace barnabas::storage

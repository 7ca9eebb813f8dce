#include "storage/log/segment.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <utility>

#include "common/status.h"
#include "storage/log/file_names.h"

namespace barnabas::storage {

Segment::Segment(const SegmentHome& home, Offset base, uint64_t size, bool cold)
    : home_(home), base_(base), size_(size), cold_(cold) {
  if (size == 0) index_.emplace(base);
}

Segment::~Segment() {
  for (FileCache::Slot* slot : {&log_slot_, &offset_index_slot_, &time_index_slot_}) {
    home_.files.forget(*slot);
  }
}

std::string Segment::path(std::string_view suffix) const {
  return offset_path(home_.directory, base_, suffix);
}

absl::StatusOr<FilePtr> Segment::file() const {
  return home_.files.get(log_slot_, home_.disk, OpenMode::kCreate,
                         [this] { return path(kLogSuffix); });
}

absl::StatusOr<FilePtr> Segment::index_file(FileCache::Slot& slot, std::string_view suffix) const {
  return home_.files.get(slot, home_.disk, OpenMode::kReadWrite, [&] { return path(suffix); });
}

absl::Status Segment::damaged(uint64_t position, absl::string_view what) const {
  const std::string name = path(kLogSuffix);
  return absl::DataLossError(absl::StrCat(
      name, " is damaged at byte ", position, ": ", what,
      "; usual cause: a failing device, or a file that was changed by hand. This replica must be "
      "rebuilt from another one"));
}

absl::Status Segment::write(absl::Span<const std::string_view> pieces) {
  ASSIGN_OR_RETURN(const FilePtr log, file());
  absl::Status status = log->write(size_, pieces);
  if (status.ok()) {
    for (const std::string_view piece : pieces) size_ += piece.size();
    return status;
  }
  // The bytes behind size_ are undefined now and would look like batches to recovery.
  const absl::Status restored = log->truncate(size_);
  if (absl::IsResourceExhausted(status) && !restored.ok()) {
    return absl::InternalError(absl::StrCat(status.message(), "; then ", restored.message()));
  }
  return status;
}

void Segment::added(const kafka::BatchView& batch, Offset base_offset, uint64_t position) {
  if (!first_timestamp_.has_value()) first_timestamp_ = batch.max_timestamp();
  index_->add(batch, base_offset, position, home_.index_interval_bytes);
}

absl::StatusOr<std::vector<FilePtr>> Segment::close() {
  index_->seal();
  ASSIGN_OR_RETURN(std::vector<FilePtr> files, store(*index_));
  largest_ = index_->largest();
  index_.reset();
  return files;
}

absl::StatusOr<std::vector<FilePtr>> Segment::store(const SegmentIndex& index) {
  const std::array<std::pair<std::string_view, std::string>, 2> contents = {
      {{kOffsetIndexSuffix, index.offset_bytes()}, {kTimeIndexSuffix, index.time_bytes()}}};
  home_.files.forget(offset_index_slot_);
  home_.files.forget(time_index_slot_);
  std::vector<FilePtr> files;
  for (const auto& [suffix, bytes] : contents) {
    ASSIGN_OR_RETURN(FilePtr stored, home_.disk.open(path(suffix), OpenMode::kCreate));
    const std::array<std::string_view, 1> pieces = {bytes};
    RETURN_IF_ERROR(stored->truncate(0));
    RETURN_IF_ERROR(stored->write(0, pieces));
    files.push_back(std::move(stored));
  }
  return files;
}

BatchScanner Segment::scan(uint64_t from) const {
  return BatchScanner(
      [this](uint64_t at, absl::Span<char> into) -> absl::StatusOr<size_t> {
        ASSIGN_OR_RETURN(const FilePtr log, file());
        return log->read(at, into);
      },
      from, size_);
}

absl::StatusOr<bool> Segment::restore_index(SegmentIndex& index) const {
  absl::StatusOr<std::string> offsets = read_file(home_.disk, path(kOffsetIndexSuffix));
  absl::StatusOr<std::string> times = read_file(home_.disk, path(kTimeIndexSuffix));
  for (const absl::Status& status : {offsets.status(), times.status()}) {
    if (!status.ok() && !absl::IsNotFound(status)) return status;
    if (!status.ok()) return false;
  }
  if (!index.restore(*offsets, *times, size_)) return false;
  const std::optional<OffsetEntry> last = index.last_offset_entry();
  return !last.has_value() || entry_fits(*last).value_or(false);
}

absl::StatusOr<Offset> Segment::activate() {
  SegmentIndex index(base_);
  ASSIGN_OR_RETURN(const bool restored, restore_index(index));
  return activate_from(restored ? std::move(index) : SegmentIndex(base_));
}

absl::StatusOr<Offset> Segment::activate_from(SegmentIndex index) {
  const std::optional<OffsetEntry> last = index.last_offset_entry();
  Offset end = base_;
  BatchScanner batches = scan(last.has_value() ? static_cast<uint64_t>(last->position) : 0);
  while (true) {
    absl::StatusOr<std::optional<kafka::BatchView>> batch = batches.next();
    if (absl::IsOutOfRange(batch.status()) || absl::IsDataLoss(batch.status())) {
      return damaged(batches.position(), batch.status().message());
    }
    if (!batch.ok()) return batch.status();
    if (!batch->has_value()) break;
    if (batches.position() > 0 && end != base_ && (*batch)->base_offset() != end) {
      return damaged(batches.position(),
                     absl::StrCat("a batch at offset ", (*batch)->base_offset().value(), " where ",
                                  end.value(), " should follow"));
    }
    index.add(**batch, (*batch)->base_offset(), batches.position(), home_.index_interval_bytes);
    end = (*batch)->next_offset();
  }
  if (size_ > 0) {
    std::array<char, kafka::kBatchHeaderSize> header;
    ASSIGN_OR_RETURN(const FilePtr log, file());
    ASSIGN_OR_RETURN(const size_t got, log->read(0, absl::MakeSpan(header)));
    if (got == header.size()) first_timestamp_ = load_big_endian<int64_t>(header.data() + 35);
  }
  index_ = std::move(index);
  largest_.reset();
  return end;
}

absl::Status Segment::cut_file(uint64_t size) {
  ASSIGN_OR_RETURN(const FilePtr log, file());
  RETURN_IF_ERROR(log->truncate(size));
  size_ = size;
  verified_.clear();
  return absl::OkStatus();
}

absl::StatusOr<Offset> Segment::truncate(uint64_t size) {
  RETURN_IF_ERROR(cut_file(size));
  if (size == 0) first_timestamp_.reset();
  SegmentIndex index(base_);
  bool known = false;
  if (index_.has_value()) {
    known = index.restore(index_->offset_bytes(), index_->time_bytes(), size_);
  } else {
    ASSIGN_OR_RETURN(known, restore_index(index));
  }
  ASSIGN_OR_RETURN(const Offset end, activate_from(known ? std::move(index) : SegmentIndex(base_)));
  // They speak of what is gone, and the batches that come next may deceive a later start.
  home_.files.forget(offset_index_slot_);
  home_.files.forget(time_index_slot_);
  for (const std::string_view suffix : {kOffsetIndexSuffix, kTimeIndexSuffix}) {
    absl::Status removed = home_.disk.unlink(path(suffix));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  }
  return end;
}

void Segment::adopt(SegmentIndex index, std::optional<int64_t> first_timestamp) {
  index_ = std::move(index);
  first_timestamp_ = first_timestamp;
  largest_.reset();
  cold_ = false;
}

absl::StatusOr<SegmentIndex> Segment::rebuild_index() {
  SegmentIndex index(base_);
  BatchScanner batches = scan(0);
  while (true) {
    absl::StatusOr<std::optional<kafka::BatchView>> batch = batches.next();
    if (!batch.ok()) return damaged(batches.position(), batch.status().message());
    if (!batch->has_value()) break;
    index.add(**batch, (*batch)->base_offset(), batches.position(), home_.index_interval_bytes);
  }
  index.seal();
  largest_ = index.largest();
  // Without room for the files, reads go on: the next one makes the index again.
  (void)store(index);
  return index;
}

}  // namespace barnabas::storage

// Truncation, restart, log start, epochs and snapshots of a SegmentedLog.

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/status.h"
#include "storage/log/file_names.h"
#include "storage/log/segmented_log.h"

namespace barnabas::storage {

absl::Status SegmentedLog::truncate(Offset to) {
  RETURN_IF_ERROR(usable());
  if (to >= end_) return absl::OkStatus();
  if (to < segments_.front()->base()) return restart_at(to);
  const size_t keep = segment_index(to);
  Segment& last = *segments_[keep];
  ASSIGN_OR_RETURN(const std::optional<Segment::Found> found, last.find(to));
  // From here on the files change: a failure leaves a log that nobody may use.
  for (size_t i = segments_.size(); i-- > keep + 1;) {
    RETURN_IF_ERROR(failed_with(set_aside(*segments_[i])));
    segments_.pop_back();
  }
  const Offset new_end = found.has_value() ? found->base : std::min(to, end_);
  const uint64_t size = found.has_value() ? found->position : last.size();
  const absl::StatusOr<Offset> cut = last.truncate(size);
  if (!cut.ok()) return failed_with(cut.status());
  ASSIGN_OR_RETURN(const FilePtr file, last.file());
  mark_dirty(file);
  dropped_tail(new_end);
  start_ = std::min(start_, new_end);
  epochs_.truncate_end(new_end);
  RETURN_IF_ERROR(failed_with(write_epochs()));
  return failed_with(drop_snapshots_above(new_end));
}

absl::Status SegmentedLog::restart_at(Offset at) {
  RETURN_IF_ERROR(usable());
  // The newest first: a crash in between leaves the beginning of the old log.
  while (!segments_.empty()) {
    RETURN_IF_ERROR(failed_with(set_aside(*segments_.back())));
    segments_.pop_back();
  }
  segments_.push_back(std::make_unique<Segment>(home_, at, 0, false));
  // Made now, unlike other segments: its name is all that remembers where the log goes on.
  const absl::StatusOr<FilePtr> file = active().file();
  if (!file.ok()) return failed_with(file.status());
  mark_dirty(*file);
  dropped_tail(at);
  start_ = durable_end_ = at;
  epochs_.clear();
  RETURN_IF_ERROR(failed_with(write_epochs()));
  // Not even the one at `at`: what it was made from is gone.
  return failed_with(drop_snapshots_above(kNoOffset));
}

// Whatever was promised or remembered of offsets from `new_end` on is void (S17).
void SegmentedLog::dropped_tail(Offset new_end) {
  ++generation_;
  early_name_.reset();
  truncation_pending_ = true;
  end_ = new_end;
  durable_end_ = std::min(durable_end_, new_end);
  directory_dirty_ = true;
  tail_.clear();
  forget_hints();
}

absl::Status SegmentedLog::advance_start(Offset to) {
  RETURN_IF_ERROR(usable());
  if (to > end_) {
    return absl::OutOfRangeError(absl::StrCat("the log ", directory(), " ends at ", end_.value(),
                                              ": it cannot start at ", to.value()));
  }
  if (to <= start_) return absl::OkStatus();
  start_ = to;
  return drop_unreadable();
}

// Whole segments below the log start.
absl::Status SegmentedLog::drop_unreadable() {
  size_t dropped = 0;
  // The next one must be sure to be there after a crash, or the log would seem never to have been.
  while (dropped + 1 < segments_.size() && segments_[dropped + 1]->base() <= start_ &&
         name_is_durable(*segments_[dropped + 1])) {
    RETURN_IF_ERROR(failed_with(set_aside(*segments_[dropped])));
    ++dropped;
  }
  if (dropped == 0) return absl::OkStatus();
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(dropped));
  directory_dirty_ = true;
  forget_hints();
  epochs_.truncate_start(segments_.front()->base());
  epochs_dirty_ = true;
  return absl::OkStatus();
}

absl::StatusOr<Offset> SegmentedLog::retention_start(const RetentionRules& rules, Offset limit,
                                                     WallTime now) {
  RETURN_IF_ERROR(usable());
  Retention retention(rules, start_, limit, size_bytes(), now);
  Offset to = start_;
  for (size_t i = 0; i < segments_.size(); ++i) {
    Segment& segment = *segments_[i];
    SegmentFacts facts;
    facts.base = segment.base();
    facts.end = i + 1 < segments_.size() ? segments_[i + 1]->base() : end_;
    facts.bytes = segment.size();
    if (retention.asks_for_age() && segment.size() > 0) {
      ASSIGN_OR_RETURN(const LargestTimestamp largest, segment.largest_timestamp());
      facts.largest_timestamp_ms = largest.timestamp;
    }
    if (!retention.may_go(facts)) break;
    to = std::max(to, facts.end);
  }
  return to;
}

absl::Status SegmentedLog::roll_if_spent() {
  RETURN_IF_ERROR(usable());
  if (active().size() == 0 || start_ < end_ || !name_is_durable(active())) return absl::OkStatus();
  RETURN_IF_ERROR(failed_with(roll()));
  // Made now, unlike other segments: its name is what will remember where the log goes on.
  const absl::StatusOr<FilePtr> file = active().file();
  if (!file.ok()) return failed_with(file.status());
  mark_dirty(*file);
  early_name_ = {active().base(), Name::kMade};
  return absl::OkStatus();
}

absl::Status SegmentedLog::set_aside(const Segment& segment) {
  const std::string path = segment.path(kLogSuffix);
  // A name of its own for each, should a later segment of the same base go the same way before
  // this one is removed.
  const std::string aside =
      absl::StrCat(path, ".", generation_, ".", deleted_.size(), kDeletedSuffix.data());
  absl::Status renamed = disk_.rename(path, aside);
  if (renamed.ok()) {
    deleted_.push_back({aside, std::nullopt});
  } else if (!absl::IsNotFound(renamed)) {
    return renamed;
  }
  for (const std::string_view suffix : {kOffsetIndexSuffix, kTimeIndexSuffix}) {
    absl::Status removed = disk_.unlink(segment.path(suffix));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  }
  directory_dirty_ = true;
  return absl::OkStatus();
}

absl::StatusOr<bool> SegmentedLog::remove_deleted(size_t at_most, Instant now) {
  if (usable().ok()) RETURN_IF_ERROR(drop_unreadable());
  for (Aside& aside : deleted_) {
    if (!aside.due.has_value()) aside.due = now + options_.delete_delay;
  }
  for (size_t i = 0; i < at_most && !deleted_.empty() && *deleted_.front().due <= now; ++i) {
    absl::Status removed = disk_.unlink(deleted_.front().path);
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
    deleted_.pop_front();
  }
  return !deleted_.empty();
}

EpochEnd SegmentedLog::epoch_end(LeaderEpoch asked) const {
  const EpochCache::End end = epochs_.end_of(asked, end_);
  return {end.epoch, end.end};
}

LeaderEpoch SegmentedLog::epoch_before(Offset offset) const {
  if (offset <= start_ || offset > end_) return kNoLeaderEpoch;
  return epochs_.epoch_at(advance(offset, int64_t{-1}));
}

absl::Status SegmentedLog::begin_epoch(LeaderEpoch epoch) {
  RETURN_IF_ERROR(usable());
  if (epoch < last_epoch()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "begin of epoch ", epoch.value(), " in a log that is in epoch ", last_epoch().value()));
  }
  if (epoch == last_epoch()) return absl::OkStatus();
  epochs_.begin(epoch, end_);
  epochs_dirty_ = true;
  return absl::OkStatus();
}

absl::Status SegmentedLog::write_epochs() {
  const std::string path = absl::StrCat(directory(), "/", kEpochCheckpointName.data());
  const std::string aside = absl::StrCat(path, kTemporarySuffix.data());
  const std::string text = epochs_.text();
  ASSIGN_OR_RETURN(const FilePtr file, disk_.open(aside, OpenMode::kCreate));
  const std::array<std::string_view, 1> pieces = {text};
  RETURN_IF_ERROR(file->truncate(0));
  RETURN_IF_ERROR(file->write(0, pieces));
  // Not synced first: a start that finds the file torn derives it again.
  RETURN_IF_ERROR(disk_.rename(aside, path));
  mark_dirty(file);
  directory_dirty_ = true;
  epochs_dirty_ = false;
  return absl::OkStatus();
}

absl::Status SegmentedLog::write_snapshot(Offset at, std::string_view bytes) {
  RETURN_IF_ERROR(usable());
  const std::string path = offset_path(directory(), at, kSnapshotSuffix);
  const std::string aside = absl::StrCat(path, kTemporarySuffix.data());
  ASSIGN_OR_RETURN(const FilePtr file, disk_.open(aside, OpenMode::kCreate));
  const std::array<std::string_view, 1> pieces = {bytes};
  RETURN_IF_ERROR(file->truncate(0));
  RETURN_IF_ERROR(file->write(0, pieces));
  RETURN_IF_ERROR(disk_.rename(aside, path));
  mark_dirty(file);
  directory_dirty_ = true;
  if (!std::binary_search(snapshots_.begin(), snapshots_.end(), at)) {
    snapshots_.insert(std::upper_bound(snapshots_.begin(), snapshots_.end(), at), at);
  }
  // The newest, and one to fall back to if a crash tore it.
  constexpr size_t kKept = 2;
  while (snapshots_.size() > kKept) {
    const absl::Status removed =
        disk_.unlink(offset_path(directory(), snapshots_.front(), kSnapshotSuffix));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
    snapshots_.erase(snapshots_.begin());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::pair<Offset, std::string>>> SegmentedLog::latest_snapshot(
    Offset not_after) const {
  const auto behind = std::upper_bound(snapshots_.begin(), snapshots_.end(), not_after);
  if (behind == snapshots_.begin()) return std::nullopt;
  const Offset at = *std::prev(behind);
  ASSIGN_OR_RETURN(std::string bytes,
                   read_file(disk_, offset_path(directory(), at, kSnapshotSuffix)));
  return std::make_pair(at, std::move(bytes));
}

absl::Status SegmentedLog::drop_snapshots_above(Offset offset) {
  while (!snapshots_.empty() && snapshots_.back() > offset) {
    const absl::Status removed =
        disk_.unlink(offset_path(directory(), snapshots_.back(), kSnapshotSuffix));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
    snapshots_.pop_back();
    directory_dirty_ = true;
  }
  return absl::OkStatus();
}

}  // namespace barnabas::storage

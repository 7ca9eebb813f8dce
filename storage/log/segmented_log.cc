#include "storage/log/segmented_log.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include "common/crc32c.h"
#include "common/probe.h"
#include "common/status.h"
#include "kafka/records/stamp.h"
#include "storage/log/file_names.h"

namespace barnabas::storage {
namespace {

// Positions in an index are 32 bits wide.
constexpr uint64_t kMaxSegmentBytes = std::numeric_limits<int32_t>::max();

// Only to be told apart within one process: tickets do not outlive it.
uint64_t next_incarnation() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Log>> Log::open(Disk& disk, std::string directory,
                                               LogOptions options, RecoveryHints hints) {
  auto log = std::make_unique<SegmentedLog>(disk, std::move(directory), std::move(options));
  RETURN_IF_ERROR(log->recover(hints));
  return log;
}

SegmentedLog::SegmentedLog(Disk& disk, std::string directory, LogOptions options)
    : disk_(disk),
      options_(std::move(options)),
      resources_(options_.resources != nullptr ? options_.resources
                                               : std::make_shared<LogResources>()),
      home_{disk, resources_->files(), std::move(directory), options_.index_interval_bytes},
      tail_(resources_->tail_budget()),
      incarnation_(next_incarnation()) {}

absl::Status SegmentedLog::recover(const RecoveryHints& hints) {
  ASSIGN_OR_RETURN(RecoveredLog found, recover_log(home_, hints));
  segments_ = std::move(found.segments);
  epochs_ = std::move(found.epochs);
  epochs_dirty_ = !hints.clean;
  snapshots_ = std::move(found.snapshots);
  report_ = found.report;
  start_ = found.start;
  end_ = durable_end_ = found.end;
  directory_dirty_ = parent_dirty_ = found.names_unsynced;
  if (found.names_unsynced) {
    // Made together with the directory, and durable together with the first records.
    const auto metadata = disk_.open(directory() + "/partition.metadata", OpenMode::kReadWrite);
    if (metadata.ok()) mark_dirty(*metadata);
  } else if (active().size() == 0) {
    early_name_ = {active().base(), Name::kDurable};
  }
  return drop_snapshots_above(end_);
}

uint64_t SegmentedLog::size_bytes() const {
  uint64_t sum = 0;
  for (const std::unique_ptr<Segment>& segment : segments_) sum += segment->size();
  return sum;
}

size_t SegmentedLog::segment_index(Offset offset) const {
  const auto behind = std::upper_bound(segments_.begin(), segments_.end(), offset,
                                       [](Offset asked, const std::unique_ptr<Segment>& segment) {
                                         return asked < segment->base();
                                       });
  return behind == segments_.begin() ? 0 : static_cast<size_t>(behind - segments_.begin()) - 1;
}

absl::Status SegmentedLog::usable() const {
  if (!failure_.ok()) return failure_;
  if (closed_) return absl::FailedPreconditionError(absl::StrCat(directory(), " is closed"));
  return absl::OkStatus();
}

absl::Status SegmentedLog::failed_with(const absl::Status& status) {
  // A full disk leaves the log as it was; anything else leaves it in a state that is not known.
  if (!status.ok() && !absl::IsResourceExhausted(status) && failure_.ok()) {
    failure_ = annotate(status, absl::StrCat("the log ", directory(), " failed"));
  }
  return status;
}

absl::StatusOr<Appended> SegmentedLog::append_as_leader(std::string_view bytes, LeaderEpoch epoch,
                                                        WallTime now) {
  RETURN_IF_ERROR(usable());
  if (epoch < last_epoch()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "append in epoch ", epoch.value(), " to a log that is in epoch ", last_epoch().value()));
  }
  Batches batches;
  kafka::BatchStream stream(bytes);
  while (const auto batch = stream.next()) batches.push_back(*batch);
  if (!stream.rest().empty() || batches.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("append of ", bytes.size(),
                     " bytes that are not whole batches: ", stream.status().message()));
  }
  if (options_.one_batch_per_append && batches.size() != 1) {
    return absl::InvalidArgumentError("append of several batches where one is one decision");
  }
  absl::InlinedVector<kafka::BatchStamp, 4> stamps(batches.size());
  absl::InlinedVector<std::string_view, 8> pieces;
  pieces.reserve(batches.size() * 2);
  Offset next = end_;
  for (size_t i = 0; i < batches.size(); ++i) {
    if (batches[i].last_offset_delta() < 0) {
      return absl::InvalidArgumentError("append of a batch with a negative last offset delta");
    }
    stamps[i] = kafka::make_stamp(batches[i], next, epoch);
    pieces.push_back(kafka::view(stamps[i]));
    pieces.push_back(batches[i].bytes().substr(kafka::kBatchStampSize));
    next = advance(next, int64_t{batches[i].last_offset_delta()} + 1);
  }
  const Offset first = end_;
  RETURN_IF_ERROR(append(batches, first, pieces, bytes.size(), epoch, now));
  return Appended{first, end_};
}

absl::StatusOr<Appended> SegmentedLog::append_as_follower(std::string_view bytes, WallTime now) {
  RETURN_IF_ERROR(usable());
  Batches batches;
  kafka::BatchStream stream(bytes);
  Offset next = end_;
  // Of the last record: an epoch that this replica began as leader and wrote nothing in is no part
  // of a log that a leader of a newer epoch continues.
  LeaderEpoch epoch = epoch_before(end_);
  while (const auto batch = stream.next()) {
    if (batch->base_offset() != next || batch->last_offset_delta() < 0) {
      return absl::InvalidArgumentError(absl::StrCat("a batch at offset ",
                                                     batch->base_offset().value(), " where ",
                                                     next.value(), " should follow"));
    }
    if (batch->leader_epoch() < epoch) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a batch of epoch ", batch->leader_epoch().value(), " after epoch ", epoch.value()));
    }
    if (!batch->crc_matches()) {
      return absl::InvalidArgumentError(
          absl::StrCat("a batch at offset ", next.value(), " whose checksum does not match"));
    }
    next = batch->next_offset();
    epoch = batch->leader_epoch();
    batches.push_back(*batch);
  }
  if (absl::IsDataLoss(stream.status())) {
    return absl::InvalidArgumentError(stream.status().message());
  }
  const Offset first = end_;
  if (batches.empty()) return Appended{first, first};
  const size_t size = bytes.size() - stream.rest().size();
  const std::string_view whole = bytes.substr(0, size);
  RETURN_IF_ERROR(append(batches, first, absl::MakeSpan(&whole, 1), size, kNoLeaderEpoch, now));
  return Appended{first, end_};
}

// `epoch`: of all batches; none: each carries its own.
absl::Status SegmentedLog::append(const Batches& batches, Offset first,
                                  absl::Span<const std::string_view> pieces, size_t size,
                                  LeaderEpoch epoch, WallTime now) {
  RETURN_IF_ERROR(failed_with(settle_truncation()));
  RETURN_IF_ERROR(failed_with(roll_before(size, now)));
  Segment& segment = active();
  const bool first_write = segment.size() == 0;
  uint64_t position = segment.size();
  absl::StatusOr<FilePtr> file = segment.file();
  if (!file.ok()) return failed_with(file.status());
  RETURN_IF_ERROR(failed_with(segment.write(pieces)));
  if (first_write) directory_dirty_ = true;
  mark_dirty(*file);
  for (const kafka::BatchView& batch : batches) {
    const LeaderEpoch of_batch = epoch == kNoLeaderEpoch ? batch.leader_epoch() : epoch;
    if (of_batch < last_epoch()) {
      epochs_.truncate_end(end_);
      epochs_dirty_ = true;
    }
    if (of_batch > last_epoch()) {
      epochs_.begin(of_batch, end_);
      epochs_dirty_ = true;
    }
    segment.added(batch, end_, position);
    position += batch.size();
    end_ = advance(end_, int64_t{batch.last_offset_delta()} + 1);
  }
  tail_.append(first, end_, pieces);
  return absl::OkStatus();
}

// A crash must not find new batches among ones that were dropped: with the offsets in line, nothing
// would tell that such a log never was. Epochs do not tell either, because what replaces a suffix
// may be older than it. Usually a round has been there since, and nothing is left to do.
absl::Status SegmentedLog::settle_truncation() {
  if (!truncation_pending_) return absl::OkStatus();
  if (planted("storage: what replaces a suffix may be there before it is gone")) {
    return absl::OkStatus();
  }
  reached("storage: an append waited for a truncation to be durable");
  // With what a round has taken and not yet brought back.
  SyncSet set = in_flight_;
  set.files.insert(set.files.end(), dirty_files_.begin(), dirty_files_.end());
  set.directories.push_back(directory());
  RETURN_IF_ERROR(disk_.sync_and_wait(set));
  truncation_pending_ = false;
  return absl::OkStatus();
}

void SegmentedLog::mark_dirty(const FilePtr& file) {
  if (std::find(dirty_files_.begin(), dirty_files_.end(), file) == dirty_files_.end()) {
    dirty_files_.push_back(file);
  }
}

bool SegmentedLog::is_old(const Segment& segment, WallTime now) const {
  const auto first = segment.first_timestamp();
  return segment.size() > 0 && first.has_value() && *first >= 0 &&
         now.time_since_epoch() - std::chrono::milliseconds(*first) >
             options_.segment_age - jitter_of(segment);
}

// Segments that began together must not all be rolled together. Drawn from the name, so that it is
// the same each time it is asked for.
std::chrono::milliseconds SegmentedLog::jitter_of(const Segment& segment) const {
  const auto most = std::min(options_.segment_jitter, options_.segment_age);
  if (most.count() <= 0) return std::chrono::milliseconds(0);
  const std::string name = segment.path(kLogSuffix);
  return std::chrono::milliseconds(crc32c(name) % static_cast<uint64_t>(most.count()));
}

absl::Status SegmentedLog::roll_before(size_t bytes, WallTime now) {
  const Segment& segment = active();
  if (segment.size() == 0) return absl::OkStatus();
  const uint64_t limit =
      std::min<uint64_t>(static_cast<uint64_t>(options_.segment_bytes), kMaxSegmentBytes);
  const bool full = segment.size() + bytes > limit;
  const bool far = distance(segment.base(), end_) > std::numeric_limits<int32_t>::max() / 2;
  if (!full && !far && !is_old(segment, now)) return absl::OkStatus();
  if (name_is_durable(segment)) return roll();
  if (segment.size() + bytes <= kMaxSegmentBytes && !far) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the log ", directory(), " holds a whole segment that is not flushed yet"));
}

// Only then may another segment follow: a crash that keeps a later name and loses an earlier one
// would leave a log without its beginning, which looks like one that was deleted on purpose.
bool SegmentedLog::name_is_durable(const Segment& segment) const {
  return durable_end_ > segment.base() ||
         (early_name_.has_value() && early_name_->base == segment.base() &&
          early_name_->state == Name::kDurable);
}

absl::Status SegmentedLog::roll() {
  ASSIGN_OR_RETURN(const std::vector<FilePtr> indexes, active().close());
  for (const FilePtr& file : indexes) mark_dirty(file);
  directory_dirty_ = true;
  segments_.push_back(std::make_unique<Segment>(home_, end_, 0, false));
  // With each roll is often enough: what the file lacks is derived from the batches.
  return epochs_dirty_ ? write_epochs() : absl::OkStatus();
}

absl::Status SegmentedLog::roll_if_old(WallTime now) {
  RETURN_IF_ERROR(usable());
  tail_.drop_if_idle();
  if (!is_old(active(), now) || !name_is_durable(active())) return absl::OkStatus();
  return failed_with(roll());
}

void SegmentedLog::set_options(const LogOptions& options) {
  options_ = options;
  home_.index_interval_bytes = options.index_interval_bytes;
}

std::optional<FlushWork> SegmentedLog::begin_flush() {
  if (closed_ || (dirty_files_.empty() && !directory_dirty_ && !parent_dirty_)) return std::nullopt;
  FlushWork work;
  work.set.files = std::exchange(dirty_files_, {});
  if (std::exchange(directory_dirty_, false)) work.set.directories.push_back(directory());
  if (std::exchange(parent_dirty_, false))
    work.set.directories.push_back(parent_directory(directory()));
  in_flight_ = work.set;
  if (early_name_.has_value() && early_name_->state == Name::kMade) {
    early_name_->state = Name::kInFlight;
  }
  work.ticket = {.incarnation = incarnation_, .generation = generation_, .end = end_};
  return work;
}

bool SegmentedLog::complete_flush(const FlushTicket& ticket, const absl::Status& status) {
  if (ticket.incarnation != incarnation_) return false;
  if (!status.ok()) {
    reached("storage: a log failed");
    // Final, whatever the code: what the round named may be gone (P13).
    if (failure_.ok())
      failure_ = annotate(status, absl::StrCat("the log ", directory(), " failed"));
    return false;
  }
  in_flight_ = {};
  if (ticket.generation == generation_) {
    truncation_pending_ = false;
    if (early_name_.has_value() && early_name_->state == Name::kInFlight) {
      early_name_->state = Name::kDurable;
    }
  }
  const bool counts =
      ticket.generation == generation_ || planted("storage: an old flush completion counts");
  if (!counts) reached("storage: a flush completion was too old to count");
  if (!counts || ticket.end <= durable_end_) return false;
  durable_end_ = ticket.end;
  return true;
}

absl::Status SegmentedLog::close() {
  RETURN_IF_ERROR(usable());
  if (active().size() > 0) {
    ASSIGN_OR_RETURN(const std::vector<FilePtr> indexes, active().close());
    for (const FilePtr& file : indexes) mark_dirty(file);
    directory_dirty_ = true;
  }
  if (epochs_dirty_) RETURN_IF_ERROR(write_epochs());
  // With what a round has taken that may never come back.
  SyncSet set = std::exchange(in_flight_, {});
  set.files.insert(set.files.end(), dirty_files_.begin(), dirty_files_.end());
  dirty_files_.clear();
  set.directories.push_back(directory());
  if (parent_dirty_) set.directories.push_back(parent_directory(directory()));
  closed_ = true;
  tail_.clear();
  RETURN_IF_ERROR(failed_with(disk_.sync_and_wait(set)));
  durable_end_ = end_;
  return absl::OkStatus();
}

}  // namespace barnabas::storage

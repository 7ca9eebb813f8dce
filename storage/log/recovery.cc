#include "storage/log/recovery.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/probe.h"
#include "common/status.h"
#include "storage/log/file_names.h"

namespace barnabas::storage {
namespace {

class Recovery {
 public:
  Recovery(const SegmentHome& home, const RecoveryHints& hints) : home_(home), hints_(hints) {}

  absl::StatusOr<RecoveredLog> run() {
    RETURN_IF_ERROR(list_files());
    RETURN_IF_ERROR(load_epochs());
    if (log_.segments.empty()) return start_empty();
    RETURN_IF_ERROR(finish_deletion());
    absl::Status opened = hints_.clean ? open_clean() : scan_from_recovery_point();
    if (!opened.ok()) return opened;
    if (log_.end < hints_.recovery_point) {
      return damage(absl::StrCat("ends at offset ", log_.end.value()));
    }
    log_.start = std::max(log_.segments.front()->base(), hints_.log_start.value_or(Offset{0}));
    if (log_.start > log_.end) RETURN_IF_ERROR(start_over());
    RETURN_IF_ERROR(correct_epochs());
    if (!hints_.clean) RETURN_IF_ERROR(make_durable());
    return std::move(log_);
  }

 private:
  absl::Status damage(absl::string_view what) const {
    return absl::DataLossError(absl::StrCat(
        "the log ", home_.directory, " ", what, ", but everything below offset ",
        hints_.recovery_point.value(),
        " was on disk once; usual cause: a failing device, or files that were removed or restored "
        "by hand. This replica must be rebuilt from another one"));
  }

  absl::Status list_files() {
    if (!home_.disk.exists(home_.directory)) {
      log_.names_unsynced = true;
      return home_.disk.make_directories(home_.directory);
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> names, home_.disk.list(home_.directory));
    for (const std::string& name : names) {
      if (name.ends_with(kDeletedSuffix) || name.ends_with(kTemporarySuffix)) {
        RETURN_IF_ERROR(home_.disk.unlink(absl::StrCat(home_.directory, "/", name)));
      } else if (const auto base = parse_offset_name(name, kLogSuffix)) {
        ASSIGN_OR_RETURN(const FilePtr file,
                         home_.disk.open(home_.directory + "/" + name, OpenMode::kRead));
        log_.segments.push_back(std::make_unique<Segment>(home_, *base, file->size(), true));
      } else if (const auto at = parse_offset_name(name, kSnapshotSuffix)) {
        log_.snapshots.push_back(*at);
      }
    }
    return absl::OkStatus();
  }

  // A checkpoint that cannot be read is made again from the batches.
  absl::Status load_epochs() {
    const absl::StatusOr<std::string> text =
        read_file(home_.disk, absl::StrCat(home_.directory, "/", kEpochCheckpointName.data()));
    if (!text.ok() && !absl::IsNotFound(text.status())) return text.status();
    absl::StatusOr<EpochCache> epochs =
        text.ok() ? EpochCache::parse(*text) : absl::StatusOr<EpochCache>(text.status());
    epochs_known_ = epochs.ok();
    if (epochs.ok()) log_.epochs = stored_epochs_ = *std::move(epochs);
    // Written lazily, the file may speak of what a truncation took or a crash lost.
    if (!hints_.clean) log_.epochs.truncate_end(hints_.recovery_point);
    return absl::OkStatus();
  }

  absl::StatusOr<RecoveredLog> start_empty() {
    log_.start = log_.end = hints_.log_start.value_or(Offset{0});
    if (log_.end < hints_.recovery_point) return damage("has no segments");
    log_.segments.push_back(std::make_unique<Segment>(home_, log_.end, 0, false));
    log_.epochs.clear();
    if (log_.end > Offset{0}) RETURN_IF_ERROR(log_.segments.back()->file().status());
    log_.names_unsynced = true;
    RETURN_IF_ERROR(correct_epochs());
    return std::move(log_);
  }

  // Of segments below the log's start, a crash may have brought back some and not others.
  absl::Status finish_deletion() {
    if (!hints_.log_start.has_value()) return absl::OkStatus();
    size_t below = 0;
    while (below + 1 < log_.segments.size() &&
           log_.segments[below + 1]->base() <= *hints_.log_start) {
      RETURN_IF_ERROR(remove(*log_.segments[below++]));
    }
    log_.segments.erase(log_.segments.begin(),
                        log_.segments.begin() + static_cast<std::ptrdiff_t>(below));
    return absl::OkStatus();
  }

  // What is left ends before the log's start: it was to be deleted.
  absl::Status start_over() {
    for (const std::unique_ptr<Segment>& segment : log_.segments) {
      RETURN_IF_ERROR(remove(*segment));
    }
    log_.segments.clear();
    log_.segments.push_back(std::make_unique<Segment>(home_, log_.start, 0, false));
    log_.end = log_.start;
    log_.epochs.clear();
    return log_.segments.back()->file().status();
  }

  absl::Status remove(const Segment& segment) {
    for (const std::string_view suffix : {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix}) {
      const absl::Status removed = home_.disk.unlink(segment.path(suffix));
      if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
    }
    return absl::OkStatus();
  }

  absl::Status open_clean() {
    ASSIGN_OR_RETURN(log_.end, log_.segments.back()->activate());
    return derive_epochs(log_.segments.size());
  }

  absl::Status scan_from_recovery_point() {
    // A segment that ends exactly there is scanned too: its indexes may not have reached the disk.
    size_t first = 0;
    while (first + 1 < log_.segments.size() &&
           log_.segments[first + 1]->base() < hints_.recovery_point) {
      ++first;
    }
    if (first > 0 && log_.segments[first]->base() == hints_.recovery_point) --first;
    RETURN_IF_ERROR(derive_epochs(first));
    log_.report.scanned_from = log_.segments[first]->base();
    log_.end = log_.segments[first]->base();
    for (size_t i = first; i < log_.segments.size(); ++i) {
      Segment& segment = *log_.segments[i];
      if (segment.base() != log_.end) {
        RETURN_IF_ERROR(
            cut_segments(i, absl::StrCat("has a gap up to segment ", segment.base().value())));
        break;
      }
      ASSIGN_OR_RETURN(const bool whole, scan(segment));
      if (!whole) {
        RETURN_IF_ERROR(cut_segments(i + 1, "is damaged"));
        break;
      }
      if (i + 1 < log_.segments.size()) {
        ASSIGN_OR_RETURN(std::vector<FilePtr> stored, segment.close());
        std::move(stored.begin(), stored.end(), std::back_inserter(to_sync_.files));
      }
    }
    // The loop closed all but the last; a cut may have made a closed one the last.
    Segment& last = *log_.segments.back();
    if (!last.active()) RETURN_IF_ERROR(last.activate().status());
    return absl::OkStatus();
  }

  // False: the segment was cut.
  absl::StatusOr<bool> scan(Segment& segment) {
    const std::string path = segment.path(kLogSuffix);
    const auto read = [&](uint64_t at, absl::Span<char> into) {
      return home_.disk.read_uncached(path, at, into);
    };
    BatchScanner batches(read, 0, segment.size());
    SegmentIndex index(segment.base());
    std::optional<int64_t> first_timestamp;
    ASSIGN_OR_RETURN(FilePtr file, segment.file());
    to_sync_.files.push_back(std::move(file));
    absl::Status wrong;
    while (true) {
      const absl::StatusOr<std::optional<kafka::BatchView>> batch = batches.next();
      wrong = batch.status();
      if (absl::IsOutOfRange(wrong) || absl::IsDataLoss(wrong)) break;
      if (!batch.ok()) return batch.status();
      if (!batch->has_value()) break;
      wrong = check(**batch);
      if (!wrong.ok()) break;
      if (!first_timestamp.has_value()) first_timestamp = (*batch)->max_timestamp();
      index.add(**batch, (*batch)->base_offset(), batches.position(), home_.index_interval_bytes);
      if ((*batch)->leader_epoch() > log_.epochs.last()) {
        log_.epochs.begin((*batch)->leader_epoch(), (*batch)->base_offset());
      }
      log_.end = (*batch)->next_offset();
    }
    segment.adopt(std::move(index), first_timestamp);
    if (wrong.ok()) return true;
    const uint64_t good_bytes = batches.position();
    const std::string where = absl::StrCat("is damaged at byte ", good_bytes, " of ", path,
                                           " (offset ", log_.end.value(), "): ", wrong.message());
    if (log_.end < hints_.recovery_point) return damage(where);
    reached("storage: recovery cut a torn tail");
    log_.report.cut_at = log_.end;
    log_.report.cut_bytes = segment.size() - good_bytes;
    log_.report.sound_batches_cut = sound_batch_behind(batches);
    RETURN_IF_ERROR(segment.cut_file(good_bytes));
    return false;
  }

  absl::Status check(const kafka::BatchView& batch) const {
    if (batch.base_offset() != log_.end || batch.last_offset_delta() < 0) {
      return absl::DataLossError(absl::StrCat("a batch at offset ", batch.base_offset().value()));
    }
    if (!batch.crc_matches()) return absl::DataLossError("a checksum that does not match");
    // Below the recovery point the checkpoint is a witness, whichever of the two is wrong (S25);
    // above it and behind its last entry, epochs can only grow.
    const LeaderEpoch before = log_.epochs.epoch_at(batch.base_offset());
    const bool settled = batch.base_offset() < log_.epochs.last_start();
    if (batch.leader_epoch() < before || (settled && batch.leader_epoch() != before)) {
      return absl::DataLossError(
          absl::StrCat("epoch ", batch.leader_epoch().value(), " after ", before.value()));
    }
    return absl::OkStatus();
  }

  // Looks at the batch that was refused, if only its contents are in doubt, and at the next one.
  static bool sound_batch_behind(BatchScanner& batches) {
    for (int i = 0; i < 2; ++i) {
      if (i == 0 && batches.next_position() == batches.position()) return false;
      const absl::StatusOr<std::optional<kafka::BatchView>> batch = batches.next();
      if (!batch.ok() || !batch->has_value()) return false;
      if ((*batch)->crc_matches()) return true;
    }
    return false;
  }

  absl::Status cut_segments(size_t from, const std::string& what) {
    if (from >= log_.segments.size()) return absl::OkStatus();
    if (log_.end < hints_.recovery_point) return damage(what);
    if (log_.report.cut_at == kNoOffset) log_.report.cut_at = log_.end;
    for (size_t i = from; i < log_.segments.size(); ++i) {
      log_.report.cut_bytes += log_.segments[i]->size();
      log_.report.sound_batches_cut |= log_.segments[i]->size() > 0;
      RETURN_IF_ERROR(remove(*log_.segments[i]));
    }
    log_.segments.resize(from);
    return absl::OkStatus();
  }

  // Finds epochs that began in segments [0, behind) and did not get into the checkpoint. Reads
  // only segments in which the epoch changes.
  absl::Status derive_epochs(size_t behind) {
    if (!epochs_known_) log_.epochs.clear();
    if (epochs_known_ && hints_.clean) return absl::OkStatus();
    if (epochs_known_ && behind < log_.segments.size()) {
      ASSIGN_OR_RETURN(const LeaderEpoch next, first_epoch(*log_.segments[behind]));
      if (next == log_.epochs.last()) return absl::OkStatus();
    }
    for (size_t i = 0; i < behind; ++i) {
      const bool newest = i + 1 == log_.segments.size();
      if (!newest && log_.segments[i + 1]->base() <= log_.epochs.last_start() &&
          !log_.epochs.empty()) {
        continue;
      }
      if (!newest) {
        ASSIGN_OR_RETURN(const LeaderEpoch next, first_epoch(*log_.segments[i + 1]));
        if (next == log_.epochs.last()) continue;
      }
      BatchScanner batches = log_.segments[i]->scan(0);
      while (true) {
        ASSIGN_OR_RETURN(const std::optional<kafka::BatchView> batch, batches.next());
        if (!batch.has_value()) break;
        if (batch->leader_epoch() > log_.epochs.last()) {
          log_.epochs.begin(batch->leader_epoch(), batch->base_offset());
        }
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<LeaderEpoch> first_epoch(const Segment& segment) const {
    std::array<char, kafka::kBatchHeaderSize> header;
    ASSIGN_OR_RETURN(const FilePtr file, segment.file());
    ASSIGN_OR_RETURN(const size_t got, file->read(0, absl::MakeSpan(header)));
    if (got < header.size()) return kNoLeaderEpoch;
    return LeaderEpoch{load_big_endian<int32_t>(header.data() + 12)};
  }

  // The file may lack epochs, but it must not name one that the log no longer has: the recovery
  // point will pass it, and then it is a witness.
  absl::Status correct_epochs() {
    const std::vector<EpochCache::Entry>& stored = stored_epochs_.entries();
    const std::vector<EpochCache::Entry>& found = log_.epochs.entries();
    if (stored.size() <= found.size() && std::equal(stored.begin(), stored.end(), found.begin())) {
      return absl::OkStatus();
    }
    return replace_file(home_.disk, absl::StrCat(home_.directory, "/", kEpochCheckpointName.data()),
                        log_.epochs.text());
  }

  // S18: what was found is not durable by having been found.
  absl::Status make_durable() {
    // Whose log this is counts no less than what is in it: it may never have been in a round yet.
    const auto metadata =
        home_.disk.open(home_.directory + "/partition.metadata", OpenMode::kReadWrite);
    if (metadata.ok()) to_sync_.files.push_back(*metadata);
    to_sync_.directories = {home_.directory, parent_directory(home_.directory)};
    if (planted("storage: what recovery finds counts as durable")) return absl::OkStatus();
    return home_.disk.sync_and_wait(to_sync_);
  }

  const SegmentHome& home_;
  const RecoveryHints& hints_;
  RecoveredLog log_;
  SyncSet to_sync_;
  EpochCache stored_epochs_;
  bool epochs_known_ = false;
};

}  // namespace

absl::StatusOr<RecoveredLog> recover_log(const SegmentHome& home, const RecoveryHints& hints) {
  return Recovery(home, hints).run();
}

}  // namespace barnabas::storage

// One segment of a log: a file of batches with its two indexes.
//
//   active   the last one: appended to; its indexes are in memory
//   closed   all others: never written again; their indexes are searched in their files, and made
//            anew from the batches if a file is missing or wrong
//
// The caller holds the log's lock for every call.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/buffer.h"
#include "common/ids.h"
#include "storage/disk.h"
#include "storage/log/batch_scanner.h"
#include "storage/log/epoch_cache.h"
#include "storage/log/file_cache.h"
#include "storage/log/segment_index.h"
#include "storage/log/verified_ranges.h"

namespace barnabas::storage {

// Where the segments of one log live. Outlives them.
struct SegmentHome {
  Disk& disk;
  FileCache& files;
  std::string directory;
  int32_t index_interval_bytes;
};

struct ReadRequest {
  Offset from;
  size_t max_bytes;
  Offset below;
  bool at_least_one;
};

class Segment {
 public:
  // `size`: of the file; 0 and no file yet for a new one. `cold`: an earlier process wrote it, so
  // that checksums are verified when it is read (S25).
  Segment(const SegmentHome& home, Offset base, uint64_t size, bool cold);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  Offset base() const { return base_; }
  uint64_t size() const { return size_; }
  bool active() const { return index_.has_value(); }
  std::string path(std::string_view suffix) const;
  absl::StatusOr<FilePtr> file() const;  // opens it; makes it if it is not there

  // ---- Writing (the active one) ----
  // All or nothing. kResourceExhausted: nothing was written and the segment is as before. After
  // any other error it must not be used.
  absl::Status write(absl::Span<const std::string_view> pieces);
  // The batch that lies at `position` now.
  void added(const kafka::BatchView& batch, Offset base_offset, uint64_t position);
  // Of the first batch, for rolling by age.
  std::optional<int64_t> first_timestamp() const { return first_timestamp_; }
  // Stores the indexes and drops them from memory; the files are to be synced with the next round.
  absl::StatusOr<std::vector<FilePtr>> close();

  // Makes a closed segment the active one: loads its indexes and walks from their last entry to
  // the end. Gives the offset behind the last batch. kDataLoss: the end is not whole.
  absl::StatusOr<Offset> activate();
  // Cuts the file at `size`, the end of a batch, and activates.
  absl::StatusOr<Offset> truncate(uint64_t size);
  // After a scan that verified the whole: the indexes it made.
  void adopt(SegmentIndex index, std::optional<int64_t> first_timestamp);
  absl::Status cut_file(uint64_t size);

  // ---- Reading ----
  // Position of the batch that holds `offset`, or of one before it.
  absl::StatusOr<uint64_t> position_before(Offset offset);
  // The first batch whose last offset is at or above `offset`: its position, base and last offset.
  struct Found {
    uint64_t position;
    Offset base;
    Offset last;
  };
  absl::StatusOr<std::optional<Found>> find(Offset offset);
  // As Log::read, within this segment. `position`: as position_before(request.from) says. Gives
  // the bytes and the position behind them. Nothing readable: an empty buffer.
  struct Slice {
    Buffer bytes;
    uint64_t next_position = 0;
    Offset next;
  };
  absl::StatusOr<Slice> read(const ReadRequest& request, uint64_t position, bool exact,
                             const EpochCache& epochs);
  BatchScanner scan(uint64_t from) const;
  absl::StatusOr<LargestTimestamp> largest_timestamp();
  // Position from which a search for the first record at or after `timestamp` may begin.
  absl::StatusOr<uint64_t> position_for_timestamp(int64_t timestamp);

 private:
  struct Walk;

  absl::StatusOr<std::optional<OffsetEntry>> stored_floor(Offset offset);
  // From the batches; stored too, if the disk has room.
  absl::StatusOr<SegmentIndex> rebuild_index();
  absl::StatusOr<Offset> activate_from(SegmentIndex index);
  absl::StatusOr<std::vector<FilePtr>> store(const SegmentIndex& index);
  absl::StatusOr<FilePtr> index_file(FileCache::Slot& slot, std::string_view suffix) const;
  absl::StatusOr<bool> entry_fits(const OffsetEntry& entry) const;
  absl::StatusOr<bool> restore_index(SegmentIndex& index) const;
  Walk walk(std::string_view bytes, uint64_t position, const ReadRequest& request,
            const EpochCache& epochs);
  absl::Status verify(std::string_view batches, uint64_t position, const EpochCache& epochs);
  absl::Status damaged(uint64_t position, absl::string_view what) const;

  const SegmentHome& home_;
  const Offset base_;
  uint64_t size_;
  bool cold_;
  std::optional<SegmentIndex> index_;  // if active
  std::optional<int64_t> first_timestamp_;
  std::optional<LargestTimestamp> largest_;  // if closed and asked for
  VerifiedRanges verified_;
  mutable FileCache::Slot log_slot_;
  mutable FileCache::Slot offset_index_slot_;
  mutable FileCache::Slot time_index_slot_;
};

}  // namespace barnabas::storage

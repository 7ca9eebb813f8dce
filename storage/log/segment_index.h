// The two indexes of a segment, in Kafka's formats (docs/formats.md). Both are derivable: they are
// kept in memory for the segment that is being written, stored when it is closed, and made anew
// from the batches when a file is missing or does not fit.
//
//   .index      per index interval: (last offset of a batch - base, position of that batch)
//   .timeindex  per index interval: (largest timestamp so far, offset of its batch - base)
//
// Keys grow strictly. Neither file is loaded for a search.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/records/batch.h"
#include "storage/disk.h"

namespace barnabas::storage {

struct OffsetEntry {
  static constexpr size_t kSize = 8;
  int32_t relative_last_offset;
  int32_t position;

  int64_t key() const { return relative_last_offset; }
  static OffsetEntry decode(const char* at);
  void encode(char* at) const;
};

struct TimeEntry {
  static constexpr size_t kSize = 12;
  int64_t timestamp;
  int32_t relative_offset;

  int64_t key() const { return timestamp; }
  static TimeEntry decode(const char* at);
  void encode(char* at) const;
};

// What is known of timestamps: the largest one, and the last offset of the first batch that has it.
struct LargestTimestamp {
  int64_t timestamp = -1;
  Offset offset = kNoOffset;
};

// The indexes of the segment that is being written.
class SegmentIndex {
 public:
  explicit SegmentIndex(Offset base) : base_(base) {}

  // The batch that was put at `position`, in order.
  // Its base offset is given, because a leader appends batches that still carry the client's.
  void add(const kafka::BatchView& batch, Offset base_offset, uint64_t position,
           int32_t interval_bytes);
  // As Kafka does when it closes a segment: the last time entry names its largest timestamp.
  void seal();

  // From the bytes of the two files, of a segment of `size` bytes. What they say of bytes that are
  // no more is left out. False: they cannot be such files. The batches from the last entry on are
  // to be added again.
  bool restore(std::string_view offsets, std::string_view times, uint64_t size);
  std::optional<OffsetEntry> last_offset_entry() const;

  // Greatest entry with a key <= the argument.
  std::optional<OffsetEntry> floor_offset(int64_t relative_offset) const;
  std::optional<TimeEntry> floor_time(int64_t timestamp) const;
  const LargestTimestamp& largest() const { return largest_; }

  std::string offset_bytes() const;
  std::string time_bytes() const;
  size_t memory() const {
    return offsets_.capacity() * sizeof(OffsetEntry) + times_.capacity() * sizeof(TimeEntry);
  }

 private:
  void add_time_entry();

  Offset base_;
  uint64_t bytes_since_entry_ = 0;
  LargestTimestamp largest_;
  std::vector<OffsetEntry> offsets_;
  std::vector<TimeEntry> times_;
};

// The same questions to the files of a closed segment. kNotFound: no file. kDataLoss: the file's
// size is none that such a file can have.
absl::StatusOr<std::optional<OffsetEntry>> floor_in_offset_index(const File& file,
                                                                 int64_t relative_offset);
absl::StatusOr<std::optional<TimeEntry>> floor_in_time_index(const File& file, int64_t timestamp);
absl::StatusOr<std::optional<TimeEntry>> last_of_time_index(const File& file);

}  // namespace barnabas::storage

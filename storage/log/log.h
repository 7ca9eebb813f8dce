// The segmented log: Kafka v2 record batches back to back, in Kafka's own layout (docs/formats.md).
// The partitions, the coordinators' topics and the Raft log are all this class.
//
//   start <= durable_end <= end
//
//   [start, end)      what can be read
//   durable_end       end of the contiguous prefix that is known to be on disk: raised only by
//                     complete_flush(), lowered at once by truncation (S17). After an unclean
//                     start it covers only what has been read past the page cache and synced (S18).
//
// A synchronous state machine over the Disk seam: no thread, no clock, no lock of its own. The
// caller holds the partition's lock for every call; what read() gives owns its bytes. After open()
// nothing waits for the medium but close(), and an append that follows hard on a truncation.
//
// Errors: kDataLoss is damage below the durable end, and is never folded into "end of log" (design
// §1.8). kOutOfRange: the offset is below start() or above end(). kResourceExhausted: disk full;
// nothing was appended. Any other write error leaves the log failed: every later append returns it.

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
#include "common/clock.h"
#include "common/ids.h"
#include "storage/disk.h"
#include "storage/flush_scheduler.h"
#include "storage/log/retention.h"

namespace barnabas::storage {

class LogResources;  // storage/log/resources.h: descriptors and tail caches under common limits

struct LogOptions {
  // A segment grows beyond this while nothing of it has been flushed yet: names reach the disk one
  // after the other.
  int64_t segment_bytes = int64_t{1} << 30;
  std::chrono::milliseconds segment_age{std::chrono::hours{168}};  // segment.ms
  // A part of that age, another for each segment, by which it is rolled sooner: segment.jitter.ms.
  std::chrono::milliseconds segment_jitter{0};
  // How long a file that was set aside stays before it is removed: file.delete.delay.ms.
  std::chrono::milliseconds delete_delay{0};
  int32_t index_interval_bytes = 4096;
  // The Raft log keeps its own chain of hashes and wants each append to be exactly one batch.
  bool one_batch_per_append = false;
  // Shared by the logs of one disk; nullptr: of this log's own.
  std::shared_ptr<LogResources> resources = nullptr;
};

// What a start knows about the last stop. Below the recovery point everything is known to be
// durable, so that damage there is kDataLoss; at and above it, the first thing that does not hold
// together ends the log. The recovery point is therefore a promise of the caller: before it calls
// truncate() or restart_at() to below the last one that it made durable, it lowers that one, and
// waits for it.
struct RecoveryHints {
  bool clean = false;                 // the clean-stop marker was there: nothing is scanned
  Offset recovery_point = Offset{0};  // known durable below this; scanned from here on
  // From the log-start checkpoint, which is made durable before advance_start() is called: of the
  // files that it removes, a crash may bring back any.
  std::optional<Offset> log_start = std::nullopt;
};

// What open() found, for owners that have promised something about the tail (S6, S10).
struct RecoveryReport {
  Offset scanned_from = kNoOffset;  // -1: nothing was scanned
  Offset cut_at = kNoOffset;        // -1: nothing was cut
  uint64_t cut_bytes = 0;
  // Behind the cut lay a batch whose checksum held: writes that reached the disk out of order, or
  // damage to data that was durable. Only the owner can tell, by what it had promised.
  bool sound_batches_cut = false;
};

struct Appended {
  Offset first;  // offset of the first record
  Offset next;   // the log end behind it
};

struct EpochEnd {  // answer to "where does this epoch end?"; {-1, -1} when nothing is known
  LeaderEpoch epoch = kNoLeaderEpoch;
  Offset end = kNoOffset;
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

struct TimestampHit {
  Offset offset = kNoOffset;
  int64_t timestamp_ms = -1;
  LeaderEpoch epoch = kNoLeaderEpoch;
};

class Log {
 public:
  // Opens `directory`, or makes it (files appear with the first append). Waits for the medium.
  static absl::StatusOr<std::unique_ptr<Log>> open(Disk& disk, std::string directory,
                                                   LogOptions options, RecoveryHints hints);
  virtual ~Log() = default;

  virtual Offset start() const = 0;
  virtual Offset end() const = 0;
  virtual Offset durable_end() const = 0;
  virtual uint64_t size_bytes() const = 0;
  virtual const std::string& directory() const = 0;
  virtual const RecoveryReport& recovery() const = 0;

  // ---- Append ----
  // `batches`: one or more whole, validated v2 batches of a client; they are stored as they are but
  // for base offset and leader epoch, which are set to continue this log (both lie outside the
  // CRC). The bytes are copied into the page cache by one gathered write. `epoch` must not be older
  // than last_epoch(); a newer one begins there.
  virtual absl::StatusOr<Appended> append_as_leader(std::string_view batches, LeaderEpoch epoch,
                                                    WallTime now) = 0;
  // `batches` as a leader served them: the first must begin exactly at end(), or at start() of an
  // empty log. A batch cut short at the end is ignored. Checks CRCs.
  virtual absl::StatusOr<Appended> append_as_follower(std::string_view batches, WallTime now) = 0;

  // ---- Read ----
  // Whole batches from the one that contains `from`, as many as fit max_bytes, none that holds an
  // offset at or above `below`. `at_least_one`: the first batch is returned even if it alone is
  // larger. Empty when from == end() or nothing lies below `below`.
  virtual absl::StatusOr<Buffer> read(Offset from, size_t max_bytes, Offset below,
                                      bool at_least_one) const = 0;
  // First record with a timestamp at or after `timestamp_ms`, below `below`; nullopt: there is
  // none.
  virtual absl::StatusOr<std::optional<TimestampHit>> find_timestamp(int64_t timestamp_ms,
                                                                     Offset below) const = 0;
  virtual absl::StatusOr<std::optional<TimestampHit>> max_timestamp(Offset below) const = 0;

  // ---- Epochs ----
  virtual LeaderEpoch last_epoch() const = 0;  // -1 for an empty log that never had one
  // Largest epoch <= `asked` and the offset where it ends (KIP-101, KIP-279).
  // {-1, -1} also if `asked` is newer than last_epoch().
  virtual EpochEnd epoch_end(LeaderEpoch asked) const = 0;
  // Epoch of the record just below `offset`; -1 when there is none.
  virtual LeaderEpoch epoch_before(Offset offset) const = 0;
  // A leader begins its epoch at end() before it appends anything. Written lazily (S25).
  virtual absl::Status begin_epoch(LeaderEpoch epoch) = 0;

  // ---- Shape ----
  // Drops [to, end), and of a batch that holds `to` the whole: then end() < `to`. Lowers
  // durable_end at once and moves the generation, so that completions of earlier rounds count for
  // nothing (S17). Tell the flush scheduler: the first append afterwards waits for the medium
  // unless a round has made the truncation durable before, directory included. Until then a crash
  // may bring back what was dropped.
  virtual absl::Status truncate(Offset to) = 0;
  // Drops everything and goes on at `at` (a follower that fell below the leader's log start); in
  // all else like truncate().
  virtual absl::Status restart_at(Offset at) = 0;
  // Drops what lies below `to` (<= end()), whole segments at a time; never goes back.
  virtual absl::Status advance_start(Offset to) = 0;
  // Where the log should start by these rules; start() if nothing is to go. `limit`: what lies at
  // or above it stays.
  virtual absl::StatusOr<Offset> retention_start(const RetentionRules& rules, Offset limit,
                                                 WallTime now) = 0;
  // Begins a new segment if nothing in the active one can be read any more, so that its file can
  // go too, once a flush round has made the new name durable.
  virtual absl::Status roll_if_spent() = 0;
  // Deletes at most `at_most` of the files that truncation and advance_start() set aside (renamed
  // to .deleted), which may take milliseconds each, if they have been there for delete_delay; true
  // if some are left.
  virtual absl::StatusOr<bool> remove_deleted(size_t at_most, Instant now) = 0;
  // Closes the active segment if it is old enough (by segment_age); cheap to call often.
  virtual absl::Status roll_if_old(WallTime now) = 0;
  virtual void set_options(const LogOptions& options) = 0;

  // ---- Durability (see FlushScheduler) ----
  virtual std::optional<FlushWork> begin_flush() = 0;
  // True if durable_end() moved. Drops tickets of another incarnation or generation (S17). A failed
  // status makes the log failed.
  virtual bool complete_flush(const FlushTicket& ticket, const absl::Status& status) = 0;

  // ---- Producer state (bytes are the partition's business), `%020d.snapshot` ----
  virtual absl::Status write_snapshot(Offset at, std::string_view bytes) = 0;
  virtual absl::StatusOr<std::optional<std::pair<Offset, std::string>>> latest_snapshot(
      Offset not_after) const = 0;
  // Base offset of the newest segment: a snapshot is due there when it has moved.
  virtual Offset active_segment_base() const = 0;

  // Everything on disk, indexes and epochs included; for a clean stop. Waits.
  virtual absl::Status close() = 0;
};

}  // namespace barnabas::storage

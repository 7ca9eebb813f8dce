// The Log of log.h, over segments.
//
//   append   parse headers -> roll if due -> one gathered write -> index, epochs, tail cache
//   read     tail cache, or: segment by offset -> index -> one read -> walk headers
//   flush    the files and directories touched since the last round travel in FlushWork

#pragma once

#include <absl/container/inlined_vector.h>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/log/epoch_cache.h"
#include "storage/log/log.h"
#include "storage/log/recovery.h"
#include "storage/log/resources.h"
#include "storage/log/segment.h"

namespace barnabas::storage {

class SegmentedLog final : public Log {
 public:
  SegmentedLog(Disk& disk, std::string directory, LogOptions options);

  absl::Status recover(const RecoveryHints& hints);

  Offset start() const override { return start_; }
  Offset end() const override { return end_; }
  Offset durable_end() const override { return durable_end_; }
  uint64_t size_bytes() const override;
  const std::string& directory() const override { return home_.directory; }
  const RecoveryReport& recovery() const override { return report_; }

  absl::StatusOr<Appended> append_as_leader(std::string_view batches, LeaderEpoch epoch,
                                            WallTime now) override;
  absl::StatusOr<Appended> append_as_follower(std::string_view batches, WallTime now) override;

  absl::StatusOr<Buffer> read(Offset from, size_t max_bytes, Offset below,
                              bool at_least_one) const override;
  absl::StatusOr<std::optional<TimestampHit>> find_timestamp(int64_t timestamp_ms,
                                                             Offset below) const override;
  absl::StatusOr<std::optional<TimestampHit>> max_timestamp(Offset below) const override;

  LeaderEpoch last_epoch() const override { return epochs_.last(); }
  EpochEnd epoch_end(LeaderEpoch asked) const override;
  LeaderEpoch epoch_before(Offset offset) const override;
  absl::Status begin_epoch(LeaderEpoch epoch) override;

  absl::Status truncate(Offset to) override;
  absl::Status restart_at(Offset at) override;
  absl::Status advance_start(Offset to) override;
  absl::StatusOr<Offset> retention_start(const RetentionRules& rules, Offset limit,
                                         WallTime now) override;
  absl::Status roll_if_spent() override;
  absl::StatusOr<bool> remove_deleted(size_t at_most, Instant now) override;
  absl::Status roll_if_old(WallTime now) override;
  void set_options(const LogOptions& options) override;

  std::optional<FlushWork> begin_flush() override;
  bool complete_flush(const FlushTicket& ticket, const absl::Status& status) override;

  absl::Status write_snapshot(Offset at, std::string_view bytes) override;
  absl::StatusOr<std::optional<std::pair<Offset, std::string>>> latest_snapshot(
      Offset not_after) const override;
  Offset active_segment_base() const override { return active().base(); }

  absl::Status close() override;

 private:
  using Batches = absl::InlinedVector<kafka::BatchView, 4>;
  // Where a reader stopped: the next read of a sequential reader needs no index.
  struct Hint {
    Offset offset = kNoOffset;
    const Segment* segment = nullptr;
    uint64_t position = 0;
  };

  Segment& active() const { return *segments_.back(); }
  // Index of the segment whose range holds `offset`, of those that begin at or before it.
  size_t segment_index(Offset offset) const;
  absl::Status usable() const;
  absl::Status failed_with(const absl::Status& status);

  absl::Status append(const Batches& batches, Offset first,
                      absl::Span<const std::string_view> pieces, size_t size, LeaderEpoch epoch,
                      WallTime now);
  absl::Status settle_truncation();
  absl::Status roll_before(size_t bytes, WallTime now);
  absl::Status roll();
  bool name_is_durable(const Segment& segment) const;
  bool is_old(const Segment& segment, WallTime now) const;
  std::chrono::milliseconds jitter_of(const Segment& segment) const;
  absl::Status drop_unreadable();
  void mark_dirty(const FilePtr& file);
  absl::Status set_aside(const Segment& segment);
  absl::Status write_epochs();
  absl::Status drop_snapshots_above(Offset offset);
  void dropped_tail(Offset new_end);
  void forget_hints() const { hints_ = {}; }

  absl::StatusOr<Buffer> read_segments(const ReadRequest& request) const;

  Disk& disk_;
  LogOptions options_;
  std::shared_ptr<LogResources> resources_;
  SegmentHome home_;
  std::vector<std::unique_ptr<Segment>> segments_;  // never empty after recover()
  EpochCache epochs_;
  bool epochs_dirty_ = false;
  std::vector<Offset> snapshots_;
  struct Aside {
    std::string path;
    std::optional<Instant> due;  // known from the first look at it on
  };
  std::deque<Aside> deleted_;
  RecoveryReport report_;
  TailCache tail_;
  mutable std::array<Hint, 4> hints_;
  mutable size_t next_hint_ = 0;

  Offset start_{0};
  Offset end_{0};
  Offset durable_end_{0};
  absl::Status failure_;
  bool closed_ = false;

  const uint64_t incarnation_;
  uint64_t generation_ = 0;
  bool truncation_pending_ = false;   // not known to be on disk
  std::vector<FilePtr> dirty_files_;  // touched since the last begin_flush()
  SyncSet in_flight_;                 // what the round that is out has taken
  // Base of an empty active segment whose file was made ahead of its first records, because the
  // ones before it are to go; whether a round has taken the name along, and brought it to disk.
  enum class Name { kMade, kInFlight, kDurable };
  struct EarlyName {
    Offset base;
    Name state = Name::kMade;
  };
  std::optional<EarlyName> early_name_;
  bool directory_dirty_ = false;
  bool parent_dirty_ = false;
};

}  // namespace barnabas::storage

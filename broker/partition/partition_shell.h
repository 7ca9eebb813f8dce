// Partition, carried out: locks, steps the core, does the log's writes, unlocks, and then runs the
// effects. See partition.h for what it promises and partition_core.h for what it decides.
//
//   produce()   validate (no lock) | lock: check, append, step | unlock: flush, wake, answer
//   flushed()                      | lock: complete, step      | unlock: answer, wake, tell
//   reporter
//
// Split by journey: partition_shell.cc (metadata, effects, stop), partition_produce.cc,
// partition_read.cc (fetch, offsets), partition_follow.cc (the follower's side),
// partition_start.cc (retention, DeleteRecords).

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/partition/follower.h"
#include "broker/partition/parked_deletes.h"
#include "broker/partition/parked_produces.h"
#include "broker/partition/partition.h"
#include "broker/partition/partition_core.h"
#include "broker/partition/producer_state.h"
#include "broker/partition/refused_sequences.h"
#include "common/mutex.h"

namespace barnabas::partition {

// What the checkpoints of the data directory say of one partition.
struct CheckpointView {
  bool valid = false;
  Offset high_watermark;
  std::optional<Lineage> lineage;  // that the high watermark belongs to
  Offset recovery_point;
  Offset log_start;
};

class PartitionShell final : public Partition, public Follower {
 public:
  // As Partition::open(); `lineage`: the one that the checkpointed high watermark belongs to.
  static absl::StatusOr<std::shared_ptr<PartitionShell>> open(
      Surroundings surroundings, metadata::TopicPartition id, std::string topic,
      std::unique_ptr<storage::Log> log, Offset high_watermark, std::optional<Lineage> lineage,
      metadata::TopicSettings settings);

  // ---- Partition ----
  void update(const metadata::PartitionImage& state, BrokerEpoch own_epoch,
              const std::map<BrokerId, BrokerEpoch>& epochs) override;
  void update_settings(const metadata::TopicSettings& settings) override;
  void tick() override;
  void proposal_answered(const InSyncProposal& proposal,
                         std::optional<kafka::ErrorCode> error) override;
  std::optional<ProduceAnswer> produce(const Buffer& records, int16_t acks, Instant deadline,
                                       Executor& loop, ProduceDone done) override;
  FetchAnswer fetch(const FetchArgs& args) override;
  bool watch(const FetchArgs& args, const std::weak_ptr<Waiter>& waiter) override;
  ListOffsetsAnswer list_offsets(const ListOffsetsArgs& args) override;
  std::optional<DeleteRecordsAnswer> delete_records(Offset to, Instant deadline, Executor& loop,
                                                    DeleteRecordsDone done) override;
  EpochEndAnswer epoch_end(LeaderEpoch asked, LeaderEpoch current) override;
  DurableReportAnswer report(const ReplicaIdentity& from, const DurableReport& report) override;
  absl::Status close() override;
  void abandon() override;
  const metadata::TopicPartition& id() const override { return id_; }
  const std::string& topic() const override { return topic_; }
  PartitionView view() const override;
  std::optional<int64_t> timestamp_near(Offset offset) override;

  // ---- storage::FlushClient ----
  std::optional<storage::FlushWork> begin_flush() override;
  void flushed(const storage::FlushTicket& ticket, const absl::Status& status) override;

  // ---- Follower ----
  void set_news(std::weak_ptr<FollowerNews> news) override;
  std::optional<FetchPosition> fetch_position(BrokerId leader) override;
  AfterFetch fetched(BrokerId leader, const FetchPosition& asked, const FetchedData& data) override;
  std::optional<DurableReport> report_due(BrokerId leader) override;
  void report_answered(BrokerId leader, const DurableReport& sent,
                       const DurableReportAnswer& answer) override;

  absl::StatusOr<Buffer> read_log(Offset from, size_t max_bytes, Offset below) override;

  // ---- For checkpoints ----
  // ---- Log start (one thread: the broker's metadata loop) ----
  // Looks which old segments the topic's settings no longer keep. Leaders decide; followers only
  // let go of what their leader has.
  void look_at_retention();
  // Where the log is to start, if that is further than it does: to be written down, and then to be
  // carried out.
  std::optional<Offset> start_due() const;
  void move_log_start(Offset to);

  // What may be written down now. A partition that holds none of it has `valid` unset.
  CheckpointView checkpoint();
  // The recovery point that the last start was given: it binds until it is lowered.
  // Not OK: the system refused a write or a sync, which concerns the whole directory.
  absl::Status disk_failure() const;
  void set_promised(Offset recovery_point);
  BrokerId leader() const;

  PartitionShell(Surroundings surroundings, metadata::TopicPartition id, std::string topic,
                 std::unique_ptr<storage::Log> log, Offset high_watermark,
                 std::optional<Lineage> lineage, metadata::TopicSettings settings);

 private:
  // What a step has brought about and must be done after unlocking.
  struct Outcome {
    Effects effects;
    std::vector<Delivery> deliveries;
    std::vector<std::weak_ptr<Waiter>> wake;
    bool dirty = false;
    bool start_due = false;
    std::vector<LoopTask> tasks;
    std::shared_ptr<FollowerNews> news;
    // A timer for the earliest deadline is to be set on this loop.
    Executor* timer_loop = nullptr;
    Instant timer_at;
  };

  LogView log_view() const REQUIRES(mutex_);
  // Under the lock, behind each step: what the effects mean for log, parked requests and waiters.
  void settle(Outcome& outcome) REQUIRES(mutex_);
  // After unlocking.
  void carry_out(Outcome outcome) EXCLUDES(mutex_);
  void wake_all(std::vector<std::weak_ptr<Waiter>>& waiters, Outcome& outcome) REQUIRES(mutex_);
  void fence(const std::string& trouble, Outcome& outcome) REQUIRES(mutex_);
  // After a log operation failed: a full disk passes by itself, everything else fences.
  void log_failed(const absl::Status& status, const char* doing, Outcome& outcome) REQUIRES(mutex_);
  // What the topic's settings say about segments.
  void set_log_options() REQUIRES(mutex_);
  bool in_trouble() const REQUIRES(mutex_);
  LeaderHint hint() const REQUIRES(mutex_);

  // Produce.
  struct Checked;
  std::optional<ProduceAnswer> append(const Checked& checked, int16_t acks, Instant deadline,
                                      Executor& loop, ProduceDone& done, Outcome& outcome)
      REQUIRES(mutex_);
  kafka::ErrorCode refusal(int16_t acks, std::string& message) const REQUIRES(mutex_);
  void remember_refused(const kafka::BatchView& batch, kafka::ErrorCode error) REQUIRES(mutex_);
  ProduceAnswer failed_produce(kafka::ErrorCode error, std::string message) const REQUIRES(mutex_);
  ProduceAnswer timed_out() const REQUIRES(mutex_);
  void park(ParkedProduces::Parked parked, Outcome& outcome) REQUIRES(mutex_);
  void set_deadline_timer(Executor& loop, Instant at);
  void deadline_passed(Executor& loop, Instant at);
  // Whole batches that were just appended, the first record at `first`.
  void remember_appended(std::string_view batches, Offset first) REQUIRES(mutex_);
  void snapshot(Offset at) REQUIRES(mutex_);
  uint64_t unflushed_bytes() const REQUIRES(mutex_) { return appended_bytes_ - flushed_bytes_; }
  void mark_dirty(Outcome& outcome) REQUIRES(mutex_);

  // Producer state.
  absl::Status rebuild_producers() REQUIRES(mutex_);

  // Reading.
  FetchAnswer look_up(const FetchArgs& args) EXCLUDES(mutex_);  // fetch(), not counted
  // `any_replica`: a follower will do.
  kafka::ErrorCode check_epoch(LeaderEpoch epoch, bool any_replica = false) const REQUIRES(mutex_);
  FetchAnswer failed_fetch(kafka::ErrorCode error) const REQUIRES(mutex_);
  std::optional<storage::EpochEnd> divergence(const FetchArgs& args) const REQUIRES(mutex_);
  bool agrees(Offset end, LeaderEpoch epoch_before) const REQUIRES(mutex_);

  // Log start.
  Offset start_limit() const REQUIRES(mutex_);
  Offset wanted_start() const REQUIRES(mutex_);
  void ask_for_start(Outcome& outcome) REQUIRES(mutex_);
  void answer_deletes(Outcome& outcome) REQUIRES(mutex_);
  void delete_deadline_passed() EXCLUDES(mutex_);

  // Following.
  AfterFetch truncate_to_agreement(const storage::EpochEnd& leader_end, Outcome& outcome)
      REQUIRES(mutex_);
  absl::Status truncate(Offset to, Outcome& outcome) REQUIRES(mutex_);
  AfterFetch append_fetched(const FetchedData& data, Outcome& outcome) REQUIRES(mutex_);
  AfterFetch out_of_range(const FetchPosition& asked, Offset leader_start, Outcome& outcome)
      REQUIRES(mutex_);

  const Surroundings around_;
  const metadata::TopicPartition id_;
  const std::string topic_;

  mutable Traffic traffic_;

  mutable Mutex mutex_;
  std::unique_ptr<storage::Log> log_ GUARDED_BY(mutex_);  // nullptr: abandoned
  PartitionCore core_ GUARDED_BY(mutex_);
  ProducerState producers_ GUARDED_BY(mutex_);
  RefusedSequences refused_ GUARDED_BY(mutex_);
  ParkedProduces parked_ GUARDED_BY(mutex_);
  std::shared_ptr<const metadata::TopicSettings> settings_ GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Waiter>> consumers_ GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Waiter>> replicas_ GUARDED_BY(mutex_);
  Offset snapshot_base_ GUARDED_BY(mutex_);  // of the segment that was active then
  Offset snapshot_at_ GUARDED_BY(mutex_);
  Offset newest_snapshot_ GUARDED_BY(mutex_){0};  // of those that this process wrote
  uint64_t snapshot_bytes_ GUARDED_BY(mutex_) = 0;
  Offset promised_ GUARDED_BY(mutex_);  // the highest recovery point that was written down
  uint64_t appended_bytes_ GUARDED_BY(mutex_) = 0;
  uint64_t flushing_bytes_ GUARDED_BY(mutex_) = 0;
  uint64_t flushed_bytes_ GUARDED_BY(mutex_) = 0;
  std::optional<Instant> timer_at_ GUARDED_BY(mutex_);
  // Where the log should start once it may: by retention, by a client, or as the leader's does.
  Offset wanted_start_ GUARDED_BY(mutex_){0};
  Offset asked_start_ GUARDED_BY(mutex_){0};  // for so much of it the broker has been told
  bool roll_when_spent_ GUARDED_BY(mutex_) = false;
  ParkedDeletes deletes_ GUARDED_BY(mutex_);
  bool full_said_ GUARDED_BY(mutex_) = false;  // a full disk is logged once until it has space
  absl::Status disk_failure_ GUARDED_BY(mutex_);

  // Follower: what the leader of this epoch has acknowledged.
  std::optional<DurableReport> reported_ GUARDED_BY(mutex_);
  std::weak_ptr<FollowerNews> news_ GUARDED_BY(mutex_);
};

}  // namespace barnabas::partition

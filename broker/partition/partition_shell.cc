#include "broker/partition/partition_shell.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "broker/partition/producer_recovery.h"
#include "common/probe.h"
#include "common/status.h"
#include "storage/error_policy.h"

namespace barnabas::partition {

absl::StatusOr<std::shared_ptr<Partition>> Partition::open(
    Surroundings surroundings, metadata::TopicPartition id, std::string topic,
    std::unique_ptr<storage::Log> log, Offset high_watermark, metadata::TopicSettings settings) {
  return PartitionShell::open(surroundings, id, std::move(topic), std::move(log), high_watermark,
                              std::nullopt, std::move(settings));
}

absl::StatusOr<std::shared_ptr<PartitionShell>> PartitionShell::open(
    Surroundings surroundings, metadata::TopicPartition id, std::string topic,
    std::unique_ptr<storage::Log> log, Offset high_watermark, std::optional<Lineage> lineage,
    metadata::TopicSettings settings) {
  // A checkpoint says what was committed once; the log start bounds it from below, and its end
  // from above: what an unclean stop has taken must be learned again.
  const Offset mark = std::clamp(high_watermark, log->start(), log->end());
  auto shell = std::make_shared<PartitionShell>(surroundings, id, std::move(topic), std::move(log),
                                                mark, lineage, std::move(settings));
  MutexLock lock(shell->mutex_);
  shell->set_log_options();
  RETURN_IF_ERROR(shell->rebuild_producers());
  return shell;
}

PartitionShell::PartitionShell(Surroundings surroundings, metadata::TopicPartition id,
                               std::string topic, std::unique_ptr<storage::Log> log,
                               Offset high_watermark, std::optional<Lineage> lineage,
                               metadata::TopicSettings settings)
    : around_(surroundings),
      id_(id),
      topic_(std::move(topic)),
      log_(std::move(log)),
      core_(surroundings.self, id, high_watermark, lineage,
            {surroundings.replica_lag_max, surroundings.flush_lag_max}),
      producers_(static_cast<size_t>(surroundings.producers_max)),
      settings_(std::make_shared<const metadata::TopicSettings>(std::move(settings))),
      snapshot_base_(log_->active_segment_base()),
      snapshot_at_(log_->end()) {
  Effects none;
  core_.set_min_in_sync(settings_->min_in_sync_replicas, log_view(), surroundings.clock.now(),
                        none);
}

LogView PartitionShell::log_view() const {
  return {log_->start(), log_->end(), log_->durable_end(), log_->last_epoch()};
}

bool PartitionShell::in_trouble() const { return log_ == nullptr || core_.role() == Role::kFenced; }

LeaderHint PartitionShell::hint() const { return {core_.leader(), core_.leader_epoch()}; }

// ---- Metadata ----

void PartitionShell::update(const metadata::PartitionImage& state, BrokerEpoch own_epoch,
                            const std::map<BrokerId, BrokerEpoch>& epochs) {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (log_ == nullptr) return;
    const size_t in_sync = core_.in_sync_count();
    const bool was_leading = core_.leading();
    core_.commit(state, own_epoch, epochs, log_view(), around_.clock.now(), outcome.effects);
    if (was_leading && core_.leading()) {
      if (core_.in_sync_count() < in_sync) traffic_.in_sync_shrinks.add(1);
      if (core_.in_sync_count() > in_sync) traffic_.in_sync_expands.add(1);
    }
    if (planted("partition: truncates to the high watermark") && outcome.effects.role_changed &&
        core_.role() == Role::kFollowing) {
      truncate(core_.high_watermark(), outcome).IgnoreError();
    }
    settle(outcome);
  }
  carry_out(std::move(outcome));
}

void PartitionShell::update_settings(const metadata::TopicSettings& settings) {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (log_ == nullptr) return;
    settings_ = std::make_shared<const metadata::TopicSettings>(settings);
    set_log_options();
    core_.set_min_in_sync(settings.min_in_sync_replicas, log_view(), around_.clock.now(),
                          outcome.effects);
    settle(outcome);
  }
  carry_out(std::move(outcome));
}

void PartitionShell::set_log_options() {
  storage::LogOptions options = around_.log_options;
  options.segment_bytes = settings_->segment_bytes;
  options.segment_age = std::chrono::milliseconds(settings_->segment_ms);
  options.segment_jitter = std::chrono::milliseconds(settings_->segment_jitter_ms);
  // A sum of times must not overflow.
  constexpr int64_t kLongestDelayMs = int64_t{365} * 24 * 3600 * 1000;
  options.delete_delay =
      std::chrono::milliseconds(std::min(settings_->file_delete_delay_ms, kLongestDelayMs));
  options.index_interval_bytes = settings_->index_interval_bytes;
  log_->set_options(options);
}

void PartitionShell::tick() {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (in_trouble()) return;
    const Instant now = around_.clock.now();
    core_.tick(log_view(), now, outcome.effects);
    if (absl::Status status = log_->roll_if_old(around_.clock.wall()); !status.ok()) {
      log_failed(status, "starting a new segment", outcome);
    }
    if (absl::Status status = log_->remove_deleted(1, now).status(); !status.ok()) {
      log_failed(status, "removing deleted files", outcome);
    }
    producers_.expire(around_.clock.wall(), std::chrono::duration_cast<std::chrono::milliseconds>(
                                                around_.producer_expiry));
    // Normally the timers see to this; a loop that has stopped takes its timers with it.
    parked_.fail_due(now, timed_out(), outcome.deliveries);
    deletes_.fail_due(now, core_.lowest_start(log_->start()), outcome.tasks);
    asked_start_ = Offset{0};  // what could not be written down is tried again
    // In `replicated` mode nobody waits for the disk, so it is asked only now and then.
    if (unflushed_bytes() > 0) outcome.dirty = true;
    settle(outcome);
  }
  carry_out(std::move(outcome));
}

void PartitionShell::proposal_answered(const InSyncProposal& proposal,
                                       std::optional<kafka::ErrorCode> error) {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (in_trouble()) return;
    core_.answered(proposal, error, log_view(), around_.clock.now(), outcome.effects);
    settle(outcome);
  }
  carry_out(std::move(outcome));
}

// ---- Effects ----

void PartitionShell::settle(Outcome& outcome) {
  Effects& effects = outcome.effects;
  if (effects.begin_epoch.has_value()) {
    absl::Status status = log_->begin_epoch(*effects.begin_epoch);
    effects.begin_epoch.reset();
    if (!status.ok()) {
      if (storage::action_of(status) == storage::DiskAction::kGiveUp) disk_failure_ = status;
      fence(absl::StrCat("beginning an epoch: ", status.message()), outcome);
    }
  }
  if (effects.leadership_ended && !planted("partition: a parked produce outlives its epoch")) {
    effects.leadership_ended = false;
    parked_.fail_all(failed_produce(kafka::ErrorCode::kNotLeaderOrFollower,
                                    "the leadership ended before the records were committed"),
                     outcome.deliveries);
  }
  if (effects.high_watermark_moved) {
    if (core_.leading()) parked_.release(core_.high_watermark(), outcome.deliveries);
    wake_all(consumers_, outcome);
  }
  if (effects.role_changed) {
    reported_.reset();
    // A new leader decides for itself, and a follower follows the new leader.
    wanted_start_ = asked_start_ = Offset{0};
    roll_when_spent_ = false;
    wake_all(consumers_, outcome);
    wake_all(replicas_, outcome);
    outcome.news = news_.lock();
  }
  answer_deletes(outcome);
  if (!in_trouble()) ask_for_start(outcome);
}

void PartitionShell::wake_all(std::vector<std::weak_ptr<Waiter>>& waiters, Outcome& outcome) {
  for (std::weak_ptr<Waiter>& waiter : waiters) outcome.wake.push_back(std::move(waiter));
  waiters.clear();
}

void PartitionShell::carry_out(Outcome outcome) {
  std::shared_ptr<Partition> self = shared_from_this();
  if (outcome.dirty) around_.flusher.dirty(self);
  if (!outcome.deliveries.empty()) deliver(std::move(outcome.deliveries));
  for (auto& [loop, task] : outcome.tasks) loop->post(std::move(task));
  for (const std::weak_ptr<Waiter>& waiter : outcome.wake) {
    if (std::shared_ptr<Waiter> alive = waiter.lock()) alive->wake();
  }
  if (outcome.effects.propose.has_value()) {
    around_.proposer.propose(std::move(*outcome.effects.propose));
  }
  if (outcome.news != nullptr) {
    outcome.news->flushed(std::static_pointer_cast<PartitionShell>(self));
  }
  if (outcome.timer_loop != nullptr) set_deadline_timer(*outcome.timer_loop, outcome.timer_at);
  if (!outcome.start_due) return;
  if (around_.log_starts != nullptr) {
    around_.log_starts->wanted(id_);
  } else if (const std::optional<Offset> to = start_due()) {
    move_log_start(*to);
  }
}

void PartitionShell::fence(const std::string& trouble, Outcome& outcome) {
  LOG(ERROR) << topic_ << "-" << id_.index << " is taken out of service on this broker: " << trouble
             << ". Its other replicas go on; see the lines above for the cause, then restart the"
             << " broker.";
  core_.fence(trouble, outcome.effects);
  // A disk that fails ends the whole broker, and takes nothing from what was synced before: the
  // next incarnation is to be trusted as after any crash.
  if (disk_failure_.ok()) around_.proposer.out_of_service(id_, trouble);
}

void PartitionShell::log_failed(const absl::Status& status, const char* doing, Outcome& outcome) {
  if (storage::action_of(status) == storage::DiskAction::kWaitForSpace) {
    if (!full_said_) {
      LOG(WARNING) << topic_ << "-" << id_.index << ": " << doing << ": " << status.message()
                   << "; goes on by itself once there is room";
    }
    full_said_ = true;
    return;
  }
  if (storage::action_of(status) == storage::DiskAction::kGiveUp) disk_failure_ = status;
  fence(absl::StrCat(doing, ": ", status.message()), outcome);
}

absl::Status PartitionShell::disk_failure() const {
  MutexLock lock(mutex_);
  return disk_failure_;
}

// ---- Flushing ----

std::optional<storage::FlushWork> PartitionShell::begin_flush() {
  MutexLock lock(mutex_);
  if (in_trouble()) return std::nullopt;
  flushing_bytes_ = appended_bytes_;
  std::optional<storage::FlushWork> work = log_->begin_flush();
  if (work.has_value()) work->bytes = unflushed_bytes();
  return work;
}

void PartitionShell::flushed(const storage::FlushTicket& ticket, const absl::Status& status) {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (log_ == nullptr) return;
    const bool moved = log_->complete_flush(ticket, status);
    if (!status.ok()) {
      if (core_.role() != Role::kFenced) {
        disk_failure_ = status;
        fence(absl::StrCat("making records durable: ", status.message()), outcome);
      }
    } else {
      flushed_bytes_ = std::max(flushed_bytes_, flushing_bytes_);
      if (moved) {
        core_.flushed(log_view(), around_.clock.now(), outcome.effects);
        if (core_.role() == Role::kFollowing) outcome.news = news_.lock();
      }
    }
    settle(outcome);
  }
  carry_out(std::move(outcome));
}

// ---- Producer state ----

absl::Status PartitionShell::rebuild_producers() {
  snapshot_base_ = log_->active_segment_base();
  return recover_producers(*log_, around_.clock.wall(), producers_);
}

void PartitionShell::remember_appended(std::string_view batches, Offset first) {
  const Offset active = log_->active_segment_base();
  kafka::BatchStream stream(batches);
  Offset at = first;
  while (std::optional<kafka::BatchView> batch = stream.next()) {
    // A snapshot belongs to the beginning of a segment: the state before its first batch.
    if (active != snapshot_base_ && at >= active) snapshot(at);
    producers_.apply(*batch, at, around_.clock.wall());
    at = advance(at, int64_t{batch->last_offset_delta()} + 1);
    appended_bytes_ += batch->size();
  }
  snapshot_base_ = active;
}

void PartitionShell::snapshot(Offset at) {
  snapshot_base_ = log_->active_segment_base();
  snapshot_at_ = newest_snapshot_ = at;
  // It only saves time at the next start, so a failure is no more than news.
  if (absl::Status status = log_->write_snapshot(at, producers_.snapshot()); !status.ok()) {
    LOG(WARNING) << topic_ << "-" << id_.index
                 << ": writing a producer snapshot: " << status.message();
  }
}

// ---- Stop ----

absl::Status PartitionShell::close() {
  Outcome outcome;
  absl::Status status;
  {
    MutexLock lock(mutex_);
    if (log_ == nullptr) return absl::OkStatus();
    if (core_.role() == Role::kFenced) return absl::FailedPreconditionError(core_.trouble());
    if (log_->end() != snapshot_at_ || producers_.size() > 0) snapshot(log_->end());
    status = log_->close();
    core_.fence("closed", outcome.effects);
    settle(outcome);
  }
  carry_out(std::move(outcome));
  return status;
}

void PartitionShell::abandon() {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (log_ == nullptr) return;
    core_.fence("deleted", outcome.effects);
    settle(outcome);
    log_.reset();
  }
  carry_out(std::move(outcome));
}

// ---- Views ----

PartitionView PartitionShell::view() const {
  MutexLock lock(mutex_);
  PartitionView out;
  out.leading = core_.leading();
  out.leader_epoch = core_.leader_epoch();
  out.high_watermark = core_.high_watermark();
  out.trouble = core_.trouble();
  out.traffic = traffic_.view();
  if (log_ == nullptr) return out;
  out.log_start = log_->start();
  out.durable_end = log_->durable_end();
  out.log_end = log_->end();
  out.size_bytes = log_->size_bytes();
  return out;
}

absl::StatusOr<Buffer> PartitionShell::read_log(Offset from, size_t max_bytes, Offset below) {
  MutexLock lock(mutex_);
  if (log_ == nullptr) return absl::NotFoundError("deleted");
  return log_->read(from, max_bytes, below, /*at_least_one=*/true);
}

CheckpointView PartitionShell::checkpoint() {
  MutexLock lock(mutex_);
  CheckpointView out;
  if (log_ == nullptr) return out;
  out.high_watermark = core_.high_watermark();
  out.lineage = core_.lineage();
  out.log_start = log_->start();
  // Truncation within a lineage stops at the high watermark, so below it nothing will ever be
  // written anew: that is what a recovery point promises.
  out.recovery_point = std::min(core_.high_watermark(), log_->durable_end());
  out.valid = true;
  promised_ = std::max(promised_, out.recovery_point);
  // Lets the next start read less of the log.
  constexpr uint64_t kSnapshotEvery = uint64_t{64} << 20;
  if (!in_trouble() && appended_bytes_ - snapshot_bytes_ >= kSnapshotEvery) {
    snapshot_bytes_ = appended_bytes_;
    snapshot(log_->end());
  }
  return out;
}

}  // namespace barnabas::partition

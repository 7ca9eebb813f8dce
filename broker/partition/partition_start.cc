// How a log loses its beginning: the leader decides, by retention or because a client says so; a
// follower starts where its leader does. In both the start is written down first (LogStarts), and
// moves then.
//
//   wanted_start_ --min(.., start_limit())--> start_due() --written--> move_log_start()

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "broker/partition/partition_shell.h"

namespace barnabas::partition {

using kafka::ErrorCode;

// Only what is committed may go, and where that is what counts, only what is on disk here.
Offset PartitionShell::start_limit() const {
  const Offset committed = std::min(core_.high_watermark(), log_->end());
  return core_.durable() ? std::min(committed, log_->durable_end()) : committed;
}

Offset PartitionShell::wanted_start() const {
  return std::max(log_->start(), std::min(wanted_start_, start_limit()));
}

void PartitionShell::ask_for_start(Outcome& outcome) {
  if (wanted_start_ <= log_->start() || wanted_start_ <= asked_start_) return;
  const Offset due = wanted_start();
  if (due <= log_->start() || due <= asked_start_) return;
  asked_start_ = due;
  outcome.start_due = true;
}

std::optional<Offset> PartitionShell::start_due() const {
  MutexLock lock(mutex_);
  if (in_trouble()) return std::nullopt;
  const Offset due = wanted_start();
  return due > log_->start() ? std::optional<Offset>(due) : std::nullopt;
}

void PartitionShell::move_log_start(Offset to) {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (in_trouble()) return;
    to = std::min(to, log_->end());
    if (to <= log_->start()) return;
    // It is written down that nothing below is needed: to cut the log there is to take that back.
    promised_ = std::max(promised_, to);
    // Else a restart would know producers no further than the records that are left.
    if (producers_.size() > 0 && to > newest_snapshot_) snapshot(log_->end());
    absl::Status status = log_->advance_start(to);
    if (status.ok() && std::exchange(roll_when_spent_, false)) status = log_->roll_if_spent();
    outcome.dirty = true;
    if (!status.ok()) log_failed(status, "dropping old records", outcome);
    // Consumers below it are to be told; followers are to follow.
    wake_all(consumers_, outcome);
    wake_all(replicas_, outcome);
    if (core_.role() == Role::kFollowing) outcome.news = news_.lock();
    settle(outcome);
  }
  carry_out(std::move(outcome));
}

// ---- Retention ----

void PartitionShell::look_at_retention() {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (in_trouble()) return;
    if (absl::Status status = log_->roll_if_spent(); !status.ok()) {
      log_failed(status, "starting a new segment", outcome);
    }
    outcome.dirty = true;
    if (core_.leading() && settings_->deletes) {
      const absl::StatusOr<Offset> to =
          log_->retention_start({settings_->retention_ms, settings_->retention_bytes},
                                start_limit(), around_.clock.wall());
      if (!to.ok()) {
        log_failed(to.status(), "looking for old records", outcome);
      } else if (*to > log_->start()) {
        LOG(INFO) << topic_ << "-" << id_.index << ": records " << log_->start() << " to " << *to
                  << " are no longer kept (retention.ms=" << settings_->retention_ms
                  << ", retention.bytes=" << settings_->retention_bytes << ")";
        wanted_start_ = std::max(wanted_start_, *to);
        roll_when_spent_ = true;
      }
    }
    settle(outcome);
  }
  carry_out(std::move(outcome));
}

// ---- DeleteRecords ----

std::optional<DeleteRecordsAnswer> PartitionShell::delete_records(Offset to, Instant deadline,
                                                                  Executor& loop,
                                                                  DeleteRecordsDone done) {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    DeleteRecordsAnswer answer;
    answer.error = check_epoch(kNoLeaderEpoch);
    if (answer.error == ErrorCode::kNone && settings_->compacted && !settings_->deletes) {
      answer.error = ErrorCode::kPolicyViolation;
    }
    if (answer.error != ErrorCode::kNone) return answer;
    if (to == kNoOffset) to = core_.high_watermark();
    if (to < Offset{0} || to > core_.high_watermark()) {
      answer.error = ErrorCode::kOffsetOutOfRange;
      return answer;
    }
    wanted_start_ = std::max(wanted_start_, to);
    deletes_.park({to, deadline, &loop, std::move(done)});
    settle(outcome);
  }
  carry_out(std::move(outcome));
  std::weak_ptr<Partition> weak = weak_from_this();
  loop.post([weak, &loop, deadline] {
    loop.at(deadline, [weak] {
      const std::shared_ptr<Partition> alive = weak.lock();
      if (alive != nullptr) static_cast<PartitionShell&>(*alive).delete_deadline_passed();
    });
  });
  return std::nullopt;
}

void PartitionShell::answer_deletes(Outcome& outcome) {
  if (deletes_.empty()) return;
  if (log_ == nullptr || !core_.leading()) {
    deletes_.fail_all(ErrorCode::kNotLeaderOrFollower, outcome.tasks);
  } else {
    deletes_.release(core_.lowest_start(log_->start()), outcome.tasks);
  }
}

void PartitionShell::delete_deadline_passed() {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (log_ == nullptr) return;
    deletes_.fail_due(around_.clock.now(), core_.lowest_start(log_->start()), outcome.tasks);
  }
  carry_out(std::move(outcome));
}

}  // namespace barnabas::partition

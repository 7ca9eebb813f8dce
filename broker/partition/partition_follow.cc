// The follower's journey: what a leader answered is appended as it came, or the log is cut where
// the two diverge; what has become durable is reported.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "broker/partition/partition_shell.h"
#include "common/probe.h"

namespace barnabas::partition {

using kafka::ErrorCode;

void PartitionShell::set_news(std::weak_ptr<FollowerNews> news) {
  MutexLock lock(mutex_);
  news_ = std::move(news);
}

std::optional<FetchPosition> PartitionShell::fetch_position(BrokerId leader) {
  MutexLock lock(mutex_);
  if (log_ == nullptr || core_.role() != Role::kFollowing || core_.leader() != leader) {
    return std::nullopt;
  }
  // S20: a write to a full page cache would block the loop; the flush brings news.
  if (unflushed_bytes() > around_.unflushed_bytes_max) return std::nullopt;
  return FetchPosition{
      core_.leader_epoch(),   log_->end(),       log_->epoch_before(log_->end()), log_->start(),
      core_.high_watermark(), core_.has_agreed()};
}

AfterFetch PartitionShell::fetched(BrokerId leader, const FetchPosition& asked,
                                   const FetchedData& data) {
  Outcome outcome;
  AfterFetch next = AfterFetch::kGoOn;
  {
    MutexLock lock(mutex_);
    const bool fits = log_ != nullptr && core_.role() == Role::kFollowing &&
                      core_.leader() == leader && core_.leader_epoch() == asked.leader_epoch &&
                      log_->end() == asked.offset;
    if (!fits) return AfterFetch::kGoOn;
    if (data.error == ErrorCode::kOffsetOutOfRange) {
      next = out_of_range(asked, data.log_start, outcome);
    } else if (data.error != ErrorCode::kNone) {
      next = AfterFetch::kWait;
    } else if (data.diverging.has_value()) {
      next = truncate_to_agreement(*data.diverging, outcome);
    } else {
      next = append_fetched(data, outcome);
    }
    settle(outcome);
  }
  carry_out(std::move(outcome));
  return next;
}

// KIP-101 and KIP-279: the leader has said where the last epoch that it shares with us ends in its
// log. Ours is cut there, or where our own largest epoch not above that one ends.
AfterFetch PartitionShell::truncate_to_agreement(const storage::EpochEnd& leader_end,
                                                 Outcome& outcome) {
  const storage::EpochEnd own = log_->epoch_end(leader_end.epoch);
  Offset to = leader_end.end;
  if (own.epoch == leader_end.epoch) {
    to = std::min(to, own.end);
  } else if (own.end != kNoOffset) {
    to = own.end;
  }
  to = std::max(to, log_->start());
  if (to >= log_->end()) return AfterFetch::kWait;
  if (absl::Status status = truncate(to, outcome); !status.ok()) {
    if (core_.role() != Role::kFenced) log_failed(status, "truncating", outcome);
    return AfterFetch::kWait;
  }
  return AfterFetch::kGoOn;
}

absl::Status PartitionShell::truncate(Offset to, Outcome& outcome) {
  if (!core_.may_truncate(to)) {
    std::string trouble = absl::StrCat(
        "the leader of epoch ", core_.leader_epoch().value(), " has another record below offset ",
        log_->end().value(), " and truncation to ", to.value(),
        " would drop committed records: the high watermark is ", core_.high_watermark().value(),
        " and no unclean election has happened since");
    fence(trouble, outcome);
    return absl::FailedPreconditionError(trouble);
  }
  // What recovery was promised to find whole is about to change.
  if (to < promised_) {
    if (around_.recovery_points != nullptr) {
      absl::Status lowered = around_.recovery_points->lower(topic_, id_.index, to);
      if (!lowered.ok()) return lowered;
    }
    promised_ = to;
  }
  LOG(INFO) << topic_ << "-" << id_.index << ": truncating from " << log_->end() << " to " << to
            << ", where the leader of epoch " << core_.leader_epoch() << " has other records";
  if (absl::Status status = log_->truncate(to); !status.ok()) return status;
  reached("partition: a follower cut its log where it diverged");
  core_.truncated(log_->end());
  reported_.reset();
  outcome.dirty = true;
  if (planted("partition: remembers what producers wrote and truncation took")) {
    return absl::OkStatus();
  }
  return rebuild_producers();
}

AfterFetch PartitionShell::append_fetched(const FetchedData& data, Outcome& outcome) {
  if (!data.records.empty()) {
    const uint64_t before = appended_bytes_;
    absl::StatusOr<storage::Appended> appended =
        log_->append_as_follower(data.records, around_.clock.wall());
    if (!appended.ok()) {
      // What came was damaged on its way or is not what was asked for: nothing was appended.
      const bool bad_bytes = appended.status().code() == absl::StatusCode::kDataLoss ||
                             appended.status().code() == absl::StatusCode::kInvalidArgument;
      if (bad_bytes) {
        LOG(WARNING) << topic_ << "-" << id_.index << ": what leader " << core_.leader()
                     << " sent does not continue the log: " << appended.status().message();
      } else {
        log_failed(appended.status(), "appending what the leader sent", outcome);
      }
      return AfterFetch::kWait;
    }
    full_said_ = false;
    remember_appended(data.records, appended->first);
    if (appended_bytes_ != before) mark_dirty(outcome);
  }
  core_.agreed(log_view(), data.high_watermark, outcome.effects);
  // A new leader knows nothing: the first agreement in an epoch makes a report due even if nothing
  // is left to flush.
  if (!reported_.has_value() && core_.durable()) outcome.news = news_.lock();
  wanted_start_ = std::max(wanted_start_, data.log_start);
  return AfterFetch::kGoOn;
}

// The leader no longer has what comes next here: all that this log holds has been deleted there.
AfterFetch PartitionShell::out_of_range(const FetchPosition& asked, Offset leader_start,
                                        Outcome& outcome) {
  if (leader_start == kNoOffset || leader_start <= asked.offset) return AfterFetch::kWait;
  LOG(INFO) << topic_ << "-" << id_.index << ": starting anew at " << leader_start
            << ", the leader's log start; this log ended at " << log_->end();
  // A crash in the middle may leave any part of what was there.
  if (around_.recovery_points != nullptr && promised_ > log_->start()) {
    if (absl::Status status = around_.recovery_points->lower(topic_, id_.index, log_->start());
        !status.ok()) {
      log_failed(status, "starting anew", outcome);
      return AfterFetch::kWait;
    }
    promised_ = log_->start();
  }
  if (absl::Status status = log_->restart_at(leader_start); !status.ok()) {
    log_failed(status, "starting anew", outcome);
    return AfterFetch::kWait;
  }
  producers_.clear();
  snapshot_base_ = log_->active_segment_base();
  reported_.reset();
  outcome.dirty = true;
  return AfterFetch::kGoOn;
}

// ---- Reports ----

std::optional<DurableReport> PartitionShell::report_due(BrokerId leader) {
  MutexLock lock(mutex_);
  if (log_ == nullptr || core_.role() != Role::kFollowing || core_.leader() != leader ||
      !core_.has_agreed()) {
    return std::nullopt;
  }
  // Where memory is enough nobody waits for the disk, but perhaps for where the log starts.
  const Offset told_start = reported_.has_value() ? reported_->log_start : Offset{0};
  if (!core_.durable() && log_->start() == told_start) return std::nullopt;
  const Offset durable_end = log_->durable_end();
  DurableReport due{core_.leader_epoch(), durable_end, log_->epoch_before(durable_end),
                    log_->start()};
  if (reported_ == due) return std::nullopt;
  return due;
}

void PartitionShell::report_answered(BrokerId leader, const DurableReport& sent,
                                     const DurableReportAnswer& answer) {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (log_ == nullptr || core_.role() != Role::kFollowing || core_.leader() != leader ||
        core_.leader_epoch() != sent.leader_epoch || answer.error != ErrorCode::kNone) {
      return;
    }
    // A truncation since then has made it void.
    if (sent.durable_end <= log_->durable_end()) reported_ = sent;
    core_.told_high_watermark(answer.leader_epoch, answer.high_watermark, outcome.effects);
    settle(outcome);
  }
  carry_out(std::move(outcome));
}

void PartitionShell::set_promised(Offset recovery_point) {
  MutexLock lock(mutex_);
  promised_ = recovery_point;
}

BrokerId PartitionShell::leader() const {
  MutexLock lock(mutex_);
  return core_.leader();
}

}  // namespace barnabas::partition

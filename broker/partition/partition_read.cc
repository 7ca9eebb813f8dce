// What is asked of a leader: fetches of consumers and replicas, offsets, epochs, durable reports.

#include <algorithm>
#include <utility>

#include "broker/partition/partition_shell.h"
#include "common/probe.h"

namespace barnabas::partition {

using kafka::ErrorCode;

ErrorCode PartitionShell::check_epoch(LeaderEpoch epoch, bool any_replica) const {
  if (log_ == nullptr) return ErrorCode::kUnknownTopicOrPartition;
  if (core_.role() == Role::kFenced) return ErrorCode::kKafkaStorageError;
  // A follower's high watermark counts once its log is known to equal the leader's (KIP-392).
  const bool may_serve = any_replica && core_.role() == Role::kFollowing && core_.has_agreed();
  if (!core_.leading() && !may_serve) return ErrorCode::kNotLeaderOrFollower;
  if (epoch == kNoLeaderEpoch) return ErrorCode::kNone;
  if (epoch < core_.leader_epoch()) return ErrorCode::kFencedLeaderEpoch;
  if (epoch > core_.leader_epoch()) return ErrorCode::kUnknownLeaderEpoch;
  return ErrorCode::kNone;
}

FetchAnswer PartitionShell::failed_fetch(ErrorCode error) const {
  FetchAnswer answer;
  answer.error = error;
  if (log_ != nullptr) answer.log_start = log_->start();
  if (error == ErrorCode::kNotLeaderOrFollower || error == ErrorCode::kFencedLeaderEpoch) {
    answer.leader = hint();
  }
  return answer;
}

// Where the asker must cut its log first, if the record before its offset is not ours.
std::optional<storage::EpochEnd> PartitionShell::divergence(const FetchArgs& args) const {
  if (args.last_fetched_epoch == kNoLeaderEpoch) return std::nullopt;
  if (planted("partition: a follower never hears that it diverges")) return std::nullopt;
  const storage::EpochEnd ours = log_->epoch_end(args.last_fetched_epoch);
  // Of what this log has let go of, epochs included, nothing is known that could differ.
  if (ours.end == kNoOffset && args.offset == log_->start()) return std::nullopt;
  if (ours.epoch < args.last_fetched_epoch || ours.end < args.offset) return ours;
  return std::nullopt;
}

// Equal epochs of the record below an offset mean equal logs below it.
bool PartitionShell::agrees(Offset end, LeaderEpoch epoch_before) const {
  if (end <= log_->start()) return true;
  return end <= log_->end() && log_->epoch_before(end) == epoch_before;
}

FetchAnswer PartitionShell::fetch(const FetchArgs& args) {
  if (args.replica.has_value()) return look_up(args);
  FetchAnswer answer = look_up(args);
  traffic_.fetch_requests.add(1);
  traffic_.bytes_out.add(static_cast<int64_t>(answer.records.size()));
  if (answer.error != ErrorCode::kNone) traffic_.failed_fetch_requests.add(1);
  return answer;
}

FetchAnswer PartitionShell::look_up(const FetchArgs& args) {
  Outcome outcome;
  FetchAnswer answer;
  {
    MutexLock lock(mutex_);
    ErrorCode error = check_epoch(args.leader_epoch, args.any_replica);
    if (error == ErrorCode::kNone && args.replica.has_value()) {
      error = core_.check_replica(*args.replica, args.leader_epoch);
    }
    if (error != ErrorCode::kNone) return failed_fetch(error);

    const bool replica = args.replica.has_value();
    answer.high_watermark = core_.high_watermark();
    answer.last_stable_offset = core_.high_watermark();
    answer.log_start = log_->start();
    if (replica) core_.follower_starts_at(args.replica->broker, args.log_start);
    if (std::optional<storage::EpochEnd> diverging = divergence(args)) {
      if (diverging->end == kNoOffset) return failed_fetch(ErrorCode::kOffsetOutOfRange);
      answer.diverging = diverging;
      return answer;
    }
    if (args.offset < log_->start() || args.offset > log_->end()) {
      return failed_fetch(ErrorCode::kOffsetOutOfRange);
    }
    if (core_.leading() && !args.nearby.empty()) {
      answer.preferred = core_.best_follower(args.nearby, args.offset);
      if (answer.preferred != kNoBroker) return answer;
    }
    const bool all = replica || planted("partition: consumers read beyond the high watermark");
    const Offset below = all ? log_->end() : core_.high_watermark();
    if (args.offset < below && args.max_bytes > 0) {
      absl::StatusOr<Buffer> records =
          log_->read(args.offset, args.max_bytes, below, args.at_least_one);
      if (!records.ok()) {
        log_failed(records.status(), "reading", outcome);
        answer = failed_fetch(ErrorCode::kKafkaStorageError);
      } else {
        answer.records = *std::move(records);
      }
    }
    if (replica && answer.error == ErrorCode::kNone) {
      const bool proved = args.last_fetched_epoch != kNoLeaderEpoch || args.offset <= log_->start();
      core_.follower_fetched(args.replica->broker, args.offset, proved, log_view(),
                             around_.clock.now(), outcome.effects);
      answer.high_watermark = core_.high_watermark();
      answer.last_stable_offset = core_.high_watermark();
    }
    settle(outcome);
  }
  carry_out(std::move(outcome));
  return answer;
}

std::optional<int64_t> PartitionShell::timestamp_near(Offset offset) {
  const absl::StatusOr<Buffer> bytes = read_log(offset, 1, Offset{INT64_MAX});
  if (!bytes.ok()) return std::nullopt;
  const absl::StatusOr<kafka::BatchView> batch = kafka::BatchView::parse(bytes->view());
  if (!batch.ok()) return std::nullopt;
  return batch->timestamp_type() == kafka::TimestampType::kLogAppendTime ? batch->max_timestamp()
                                                                         : batch->base_timestamp();
}

bool PartitionShell::watch(const FetchArgs& args, const std::weak_ptr<Waiter>& waiter) {
  MutexLock lock(mutex_);
  if (check_epoch(args.leader_epoch, args.any_replica) != ErrorCode::kNone) return true;
  const bool replica = args.replica.has_value();
  const Offset visible = replica ? log_->end() : core_.high_watermark();
  if (args.offset < visible || args.offset < log_->start()) return true;
  std::vector<std::weak_ptr<Waiter>>& waiters = replica ? replicas_ : consumers_;
  // Requests that ended otherwise leave dead pointers; they are swept before the list grows.
  if (waiters.size() == waiters.capacity()) {
    std::erase_if(waiters, [](const std::weak_ptr<Waiter>& dead) { return dead.expired(); });
  }
  waiters.push_back(waiter);
  return false;
}

ListOffsetsAnswer PartitionShell::list_offsets(const ListOffsetsArgs& args) {
  MutexLock lock(mutex_);
  ListOffsetsAnswer answer;
  answer.error = check_epoch(args.leader_epoch);
  if (answer.error != ErrorCode::kNone) return answer;

  // S26: what is below the start of this epoch is committed, but not yet known to be.
  const bool known = args.replica || core_.high_watermark() >= core_.epoch_start();
  const Offset below = args.replica ? log_->end() : core_.high_watermark();
  absl::StatusOr<std::optional<storage::TimestampHit>> hit;
  switch (args.kind) {
    case ListOffsetsKind::kLatest:
      if (!known) {
        answer.error = ErrorCode::kOffsetNotAvailable;
        return answer;
      }
      answer.offset = below;
      answer.leader_epoch = core_.leader_epoch();
      return answer;
    case ListOffsetsKind::kEarliest:
    case ListOffsetsKind::kEarliestLocal:
      answer.offset = log_->start();
      if (log_->start() < log_->end()) {
        answer.leader_epoch = log_->epoch_before(log_->start().next());
      }
      return answer;
    case ListOffsetsKind::kMaxTimestamp:
      hit = log_->max_timestamp(below);
      break;
    case ListOffsetsKind::kTimestamp:
      hit = log_->find_timestamp(args.timestamp_ms, below);
      break;
  }
  if (!hit.ok()) {
    answer.error = ErrorCode::kKafkaStorageError;
    return answer;
  }
  if (!hit->has_value()) {
    // It may lie in what is committed and not known to be.
    if (!known) answer.error = ErrorCode::kOffsetNotAvailable;
    return answer;
  }
  answer.offset = (*hit)->offset;
  answer.timestamp_ms = (*hit)->timestamp_ms;
  answer.leader_epoch = (*hit)->epoch;
  return answer;
}

EpochEndAnswer PartitionShell::epoch_end(LeaderEpoch asked, LeaderEpoch current) {
  MutexLock lock(mutex_);
  EpochEndAnswer answer;
  answer.error = check_epoch(current);
  if (answer.error == ErrorCode::kNone) answer.end = log_->epoch_end(asked);
  return answer;
}

DurableReportAnswer PartitionShell::report(const ReplicaIdentity& from,
                                           const DurableReport& report) {
  Outcome outcome;
  DurableReportAnswer answer;
  {
    MutexLock lock(mutex_);
    answer.leader_epoch = core_.leader_epoch();
    answer.error = log_ == nullptr ? ErrorCode::kUnknownTopicOrPartition
                                   : core_.check_replica(from, report.leader_epoch);
    if (answer.error != ErrorCode::kNone) return answer;
    core_.follower_starts_at(from.broker, report.log_start);
    const bool same = agrees(report.durable_end, report.epoch_before_end);
    if (!same) answer.error = ErrorCode::kOffsetOutOfRange;
    core_.follower_reported(from.broker, report, same, log_view(), around_.clock.now(),
                            outcome.effects);
    settle(outcome);
    answer.high_watermark = core_.high_watermark();
  }
  carry_out(std::move(outcome));
  return answer;
}

}  // namespace barnabas::partition

// The leader's journey of a batch: checked without the lock, appended under it, answered when it
// is committed.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "broker/partition/partition_shell.h"
#include "broker/partition/recompress.h"
#include "common/probe.h"
#include "kafka/records/validation.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;

kafka::AppendRules rules_of(const metadata::TopicSettings& settings) {
  kafka::AppendRules rules;
  rules.validation =
      settings.strict_validation ? kafka::Validation::kStrict : kafka::Validation::kRelaxed;
  rules.timestamp_type = settings.log_append_time ? kafka::TimestampType::kLogAppendTime
                                                  : kafka::TimestampType::kCreateTime;
  rules.compacted = settings.compacted;
  rules.max_batch_bytes = static_cast<size_t>(std::max(settings.max_message_bytes, 0));
  rules.timestamp_before_max_ms = settings.timestamp_before_max_ms;
  rules.timestamp_after_max_ms = settings.timestamp_after_max_ms;
  return rules;
}

ProduceAnswer refused(kafka::AppendVerdict verdict) {
  ProduceAnswer answer;
  answer.error = verdict.error;
  answer.message = std::move(verdict.message);
  for (kafka::RecordError& error : verdict.record_errors) {
    answer.record_errors.push_back({error.index, std::move(error.message)});
  }
  return answer;
}

}  // namespace

// A batch that may be appended, as it is to be stored but for offset and epoch.
struct PartitionShell::Checked {
  std::string rewritten;   // empty: what was sent is stored as it is
  std::string_view bytes;  // exactly one batch
  bool log_append_time = false;

  kafka::BatchView batch() const { return *kafka::BatchView::parse(bytes); }
};

std::optional<ProduceAnswer> PartitionShell::produce(const Buffer& records, int16_t acks,
                                                     Instant deadline, Executor& loop,
                                                     ProduceDone done) {
  traffic_.produce_requests.add(1);
  std::shared_ptr<const metadata::TopicSettings> settings;
  {
    // Checking costs the more, so those who have no business here are sent away before it.
    MutexLock lock(mutex_);
    std::string message;
    if (ErrorCode error = refusal(acks, message); error != ErrorCode::kNone) {
      const absl::StatusOr<kafka::BatchView> batch = kafka::BatchView::parse(records.view());
      if (batch.ok()) remember_refused(*batch, error);
      return failed_produce(error, std::move(message));
    }
    settings = settings_;
  }

  kafka::AppendVerdict verdict = kafka::validate_append(
      records.view(), rules_of(*settings), around_.clock.wall().time_since_epoch().count());
  if (!verdict.ok()) {
    traffic_.failed_produce_requests.add(1);
    return refused(std::move(verdict));
  }
  Checked checked;
  if (wants_recompression(*verdict.batch, settings->compression_type)) {
    absl::StatusOr<std::string> rewritten = recompress(verdict, settings->compression_type);
    if (!rewritten.ok()) {
      traffic_.failed_produce_requests.add(1);
      ProduceAnswer answer;
      answer.error = ErrorCode::kCorruptMessage;
      answer.message = std::string(rewritten.status().message());
      return answer;
    }
    checked.rewritten = *std::move(rewritten);
  } else if (verdict.restamp_timestamps) {
    checked.rewritten = kafka::stamped_copy(verdict, Offset{0}, kNoLeaderEpoch);
  }
  checked.bytes = checked.rewritten.empty() ? verdict.batch->bytes() : checked.rewritten;
  checked.log_append_time = verdict.timestamp_type == kafka::TimestampType::kLogAppendTime;

  Outcome outcome;
  std::optional<ProduceAnswer> answer;
  {
    MutexLock lock(mutex_);
    answer = append(checked, acks, deadline, loop, done, outcome);
    if (log_ != nullptr) settle(outcome);
  }
  carry_out(std::move(outcome));
  return answer;
}

// Why nothing may be appended now; kNone: it may.
ErrorCode PartitionShell::refusal(int16_t acks, std::string& message) const {
  if (in_trouble()) {
    if (log_ == nullptr) return ErrorCode::kUnknownTopicOrPartition;
    message = absl::StrCat("this replica is out of service: ", core_.trouble());
    return ErrorCode::kKafkaStorageError;
  }
  if (!core_.leading()) return ErrorCode::kNotLeaderOrFollower;
  if (acks == -1 && !core_.enough_in_sync()) {
    reached("partition: too few in sync to accept anything");
    message = absl::StrCat(core_.in_sync_count(), " replicas are in sync, min.insync.replicas is ",
                           core_.min_in_sync());
    return ErrorCode::kNotEnoughReplicas;
  }
  if (unflushed_bytes() > around_.unflushed_bytes_max) {
    message =
        absl::StrCat("the disk is behind: ", unflushed_bytes(),
                     " bytes wait to be made durable, the limit is ", around_.unflushed_bytes_max);
    return ErrorCode::kKafkaStorageError;
  }
  return ErrorCode::kNone;
}

void PartitionShell::remember_refused(const kafka::BatchView& batch, ErrorCode error) {
  refused_.note(batch, error, producers_.next_sequence(batch), around_.clock.now());
}

ProduceAnswer PartitionShell::failed_produce(ErrorCode error, std::string message) const {
  traffic_.failed_produce_requests.add(1);
  ProduceAnswer answer;
  answer.error = error;
  answer.message = std::move(message);
  if (error == ErrorCode::kNotLeaderOrFollower) answer.leader = hint();
  return answer;
}

std::optional<ProduceAnswer> PartitionShell::append(const Checked& checked, int16_t acks,
                                                    Instant deadline, Executor& loop,
                                                    ProduceDone& done, Outcome& outcome) {
  std::string message;
  const kafka::BatchView batch = checked.batch();
  if (ErrorCode error = refusal(acks, message); error != ErrorCode::kNone) {
    remember_refused(batch, error);
    return failed_produce(error, std::move(message));
  }
  SequenceCheck sequence = producers_.check(batch);
  if (!sequence.duplicate.has_value() && !refused_.empty()) {
    const ErrorCode error =
        refused_.before(batch, producers_.next_sequence(batch), around_.clock.now());
    if (error != ErrorCode::kNone) {
      reached("partition: a batch came behind one that was refused");
      return failed_produce(error, "an earlier batch of this producer was refused: it comes first");
    }
  }
  if (sequence.error != ErrorCode::kNone) {
    reached("partition: a sequence was refused");
    return failed_produce(sequence.error, std::move(sequence.message));
  }

  ProduceAnswer answer;
  answer.log_start = log_->start();
  Offset end;
  if (sequence.duplicate.has_value()) {
    reached("partition: a duplicate was recognised");
    answer.base_offset = sequence.duplicate->first_offset();
    answer.log_append_time_ms = sequence.duplicate->timestamp_ms;
    end = sequence.duplicate->last_offset.next();
    if (planted("partition: a duplicate is answered at once")) return answer;
  } else {
    const Instant now = around_.clock.now();
    core_.before_append(log_->end(), now);
    absl::StatusOr<storage::Appended> appended =
        log_->append_as_leader(checked.bytes, core_.leader_epoch(), around_.clock.wall());
    if (!appended.ok()) {
      log_failed(appended.status(), "appending", outcome);
      return failed_produce(ErrorCode::kKafkaStorageError,
                            std::string(appended.status().message()));
    }
    full_said_ = false;
    traffic_.records_in.add(batch.record_count());
    traffic_.bytes_in.add(static_cast<int64_t>(checked.bytes.size()));
    remember_appended(checked.bytes, appended->first);
    core_.appended(log_view(), now, outcome.effects);
    wake_all(replicas_, outcome);
    mark_dirty(outcome);
    answer.base_offset = appended->first;
    if (checked.log_append_time) answer.log_append_time_ms = batch.max_timestamp();
    end = appended->next;
  }
  if (acks != -1 || core_.high_watermark() >= end) return answer;
  if (planted("partition: answers when the leader has it")) return answer;
  park({end, deadline, &loop, std::move(done), std::move(answer)}, outcome);
  return std::nullopt;
}

void PartitionShell::mark_dirty(Outcome& outcome) {
  // Where memory is enough, the disk follows in larger steps (and with every tick).
  constexpr uint64_t kLazyBytes = uint64_t{64} << 20;
  if (core_.durable() || unflushed_bytes() > kLazyBytes) outcome.dirty = true;
}

// ---- Parked requests ----

void PartitionShell::park(ParkedProduces::Parked parked, Outcome& outcome) {
  if (!timer_at_.has_value() || parked.deadline < *timer_at_) {
    timer_at_ = parked.deadline;
    outcome.timer_loop = parked.loop;
    outcome.timer_at = parked.deadline;
  }
  parked_.park(std::move(parked));
}

ProduceAnswer PartitionShell::timed_out() const {
  if (!core_.enough_in_sync()) {
    return failed_produce(
        ErrorCode::kNotEnoughReplicasAfterAppend,
        absl::StrCat("appended, but only ", core_.in_sync_count(),
                     " replicas are in sync and min.insync.replicas is ", core_.min_in_sync()));
  }
  return failed_produce(ErrorCode::kRequestTimedOut,
                        "appended, but not on all in-sync replicas within the request's time");
}

void PartitionShell::set_deadline_timer(Executor& loop, Instant at) {
  std::weak_ptr<Partition> weak = weak_from_this();
  auto arm = [weak, &loop, at] {
    loop.at(at, [weak, &loop, at] {
      if (std::shared_ptr<Partition> alive = weak.lock()) {
        static_cast<PartitionShell&>(*alive).deadline_passed(loop, at);
      }
    });
  };
  if (loop.here()) {
    arm();
  } else {
    loop.post(std::move(arm));
  }
}

void PartitionShell::deadline_passed(Executor& loop, Instant at) {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    parked_.fail_due(around_.clock.now(), timed_out(), outcome.deliveries);
    if (timer_at_ == at) {
      timer_at_ = parked_.earliest_deadline();
      if (timer_at_.has_value()) {
        outcome.timer_loop = &loop;
        outcome.timer_at = *timer_at_;
      }
    }
  }
  carry_out(std::move(outcome));
}

}  // namespace barnabas::partition

// One replica of one partition on this broker: the log, the replication state and everybody who
// waits for them, behind one mutex with short critical sections.
//
//              committed metadata                     committed metadata
//   [offline] ------------------> [following(leader, epoch)] <------> [leading(epoch)]
//       ^                                 |                               |
//       +------- failed disk, broken invariant (fenced, S13) -------------+
//
// The decisions are PartitionCore's (pure, partition_core.h); this class locks, steps it, does the
// log's writes, unlocks, and then runs the effects: answers go by post() to the loop of whoever
// asked, waiters are woken, the flush scheduler and the proposer are told. Nothing blocks and
// nothing is posted synchronously under the lock.
//
// All public functions are thread-safe.

#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/partition/replication_types.h"
#include "broker/partition/traffic.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/executor.h"
#include "common/ids.h"
#include "common/uuid.h"
#include "kafka/errors.h"
#include "metadata/config_keys.h"
#include "metadata/image.h"
#include "storage/flush_scheduler.h"
#include "storage/log/log.h"

namespace barnabas::partition {

// Who leads, for answers that carry a hint (KIP-951). {-1, -1}: not known.
struct LeaderHint {
  BrokerId leader = kNoBroker;
  LeaderEpoch epoch = kNoLeaderEpoch;
};

struct RecordError {
  int32_t batch_index = 0;
  std::string message;
};

struct ProduceAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::string message;  // with the limit, its value and what was seen
  Offset base_offset = kNoOffset;
  int64_t log_append_time_ms = -1;
  Offset log_start = kNoOffset;
  std::vector<RecordError> record_errors;
  LeaderHint leader;  // with NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH
};
using ProduceDone = absl::AnyInvocable<void(ProduceAnswer)>;

struct FetchArgs {
  Offset offset;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;        // what the asker believes; -1: says nothing
  LeaderEpoch last_fetched_epoch = kNoLeaderEpoch;  // epoch before `offset`; -1: says nothing
  size_t max_bytes = 0;
  bool at_least_one = false;  // the first non-empty partition gives one whole batch in any case
  bool read_committed = false;
  std::optional<ReplicaIdentity> replica;  // nullopt: a consumer
  Offset log_start = kNoOffset;            // of a replica: where its own log starts
  // A consumer that knows that followers serve too (KIP-392), and the other replicas in its rack.
  bool any_replica = false;
  absl::InlinedVector<BrokerId, 3> nearby;
};

struct FetchAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  Offset high_watermark = kNoOffset;
  Offset last_stable_offset = kNoOffset;
  Offset log_start = kNoOffset;
  std::optional<storage::EpochEnd> diverging;  // the asker must truncate first
  LeaderHint leader;
  BrokerId preferred = kNoBroker;  // the consumer is to ask that replica instead; no records
  Buffer records;                  // owns its bytes
};

// Somebody who waits for records. wake() may come from any thread, under no lock, and more than
// once; it must only post.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void wake() = 0;
};

enum class ListOffsetsKind { kLatest, kEarliest, kMaxTimestamp, kEarliestLocal, kTimestamp };
struct ListOffsetsArgs {
  ListOffsetsKind kind = ListOffsetsKind::kLatest;
  int64_t timestamp_ms = -1;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  bool read_committed = false;
  bool replica = false;  // a follower, or a debugging client: sees up to the log end
};
struct ListOffsetsAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  Offset offset = kNoOffset;
  int64_t timestamp_ms = -1;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

struct DeleteRecordsAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  Offset low_watermark = kNoOffset;  // the lowest log start of the in-sync replicas
};
using DeleteRecordsDone = absl::AnyInvocable<void(DeleteRecordsAnswer)>;

struct EpochEndAnswer {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  storage::EpochEnd end;
};

// Hands proposals to the controller; may batch those that come together. Thread-safe; must not
// call back from inside.
class Proposer {
 public:
  virtual ~Proposer() = default;
  virtual void propose(InSyncProposal proposal) = 0;
  // This replica serves no more until its broker starts anew: it is damaged, or fenced by a broken
  // invariant (S13). Whoever else is in sync must lead.
  virtual void out_of_service(const metadata::TopicPartition& /*id*/, const std::string& /*why*/) {}
  // It could not be made for want of space; now it is there.
  virtual void in_service_after_all(const metadata::TopicPartition& /*id*/) {}
};

struct PartitionView {  // for tools and metrics
  bool leading = false;
  LeaderEpoch leader_epoch;
  Offset log_start, high_watermark, durable_end, log_end;
  uint64_t size_bytes = 0;
  std::string trouble;  // why the replica is offline or fenced; empty: it is not
  TrafficView traffic;
};

// The recovery points that are written down (DataDirectory). Below its recovery point a log is
// promised never to be written anew, so one that must be cut there lowers the point first.
class RecoveryPoints {
 public:
  // Durable before it returns; waits for the disk. Thread-safe; called under a partition's lock.
  virtual absl::Status lower(const std::string& topic, PartitionIndex index, Offset to) = 0;

 protected:
  ~RecoveryPoints() = default;
};

// Where log starts are written down before they move: of the files that a move removes, a crash
// may bring back any.
class LogStarts {
 public:
  // A partition has a log start due. From any thread, possibly under the partition's lock: must
  // only post.
  virtual void wanted(const metadata::TopicPartition& id) = 0;

 protected:
  ~LogStarts() = default;
};

// What a partition needs from its broker.
struct Surroundings {
  BrokerId self;
  const Clock& clock;
  storage::FlushScheduler& flusher;
  Proposer& proposer;
  Duration replica_lag_max{std::chrono::seconds(30)};  // replica.lag.time.max.ms
  Duration flush_lag_max{std::chrono::seconds(10)};    // S20: a stuck flush leaves the ISR sooner
  size_t unflushed_bytes_max = size_t{256} << 20;      // S20: then produce is refused
  int32_t producers_max = 100'000;                     // producer ids remembered
  Duration producer_expiry{std::chrono::hours(24)};    // producer.id.expiration.ms
  RecoveryPoints* recovery_points = nullptr;           // nullptr: none are written down
  LogStarts* log_starts = nullptr;                     // nullptr: they move at once
  storage::LogOptions log_options{};                   // what topics do not decide
};

class Partition : public storage::FlushClient, public std::enable_shared_from_this<Partition> {
 public:
  // Takes a recovered log. `high_watermark`: from the checkpoint, a lower bound.
  // Rebuilds the producer state from snapshot and log.
  static absl::StatusOr<std::shared_ptr<Partition>> open(
      Surroundings surroundings, metadata::TopicPartition id, std::string topic,
      std::unique_ptr<storage::Log> log, Offset high_watermark, metadata::TopicSettings settings);
  ~Partition() override = default;

  // ---- Metadata (one thread: the broker's metadata loop) ----
  // The committed state. Idempotent; never goes back (S8). `epochs`: of every registered broker.
  virtual void update(const metadata::PartitionImage& state, BrokerEpoch own_epoch,
                      const std::map<BrokerId, BrokerEpoch>& epochs) = 0;
  virtual void update_settings(const metadata::TopicSettings& settings) = 0;
  // For a lag check, log roll, expiry of producers: about once a second is enough.
  virtual void tick() = 0;
  // kNone: done, or already as proposed. An error that proves nothing was committed frees the
  // proposal; nullopt: unknown outcome, it stays in flight until a newer epoch is seen (S14).
  virtual void proposal_answered(const InSyncProposal& proposal,
                                 std::optional<kafka::ErrorCode> error) = 0;

  // ---- Clients ----
  // Validates, appends, and for acks=-1 parks until the high watermark passes (S21). `records` is
  // what the request carries for this partition; it is not used after the return. acks 0 and 1 and
  // every error: answered by the returned value; nullopt: `done` will be posted to `loop`.
  virtual std::optional<ProduceAnswer> produce(const Buffer& records, int16_t acks,
                                               Instant deadline, Executor& loop,
                                               ProduceDone done) = 0;
  virtual FetchAnswer fetch(const FetchArgs& args) = 0;
  // Wakes `waiter` when more may be readable than args.offset shows now (for consumers below the
  // high watermark, for replicas below the log end), or the role changes. True: there is news
  // already, the waiter was not kept. Forgotten when the weak pointer is dead or after one wake.
  virtual bool watch(const FetchArgs& args, const std::weak_ptr<Waiter>& waiter) = 0;
  virtual ListOffsetsAnswer list_offsets(const ListOffsetsArgs& args) = 0;
  // Drops what lies below `to` (-1: the high watermark). Answered by the returned value, or by
  // `done` on `loop` once all in-sync replicas start there or the deadline has passed.
  virtual std::optional<DeleteRecordsAnswer> delete_records(Offset to, Instant deadline,
                                                            Executor& loop,
                                                            DeleteRecordsDone done) = 0;
  virtual EpochEndAnswer epoch_end(LeaderEpoch asked, LeaderEpoch current) = 0;

  // ---- Coordinators ----
  // Whole batches from the one that holds `from`, below `below`, at least one; committed or not,
  // whatever the role. A coordinator loads up to the log end, and waits for the high watermark
  // before it serves from that (S26).
  virtual absl::StatusOr<Buffer> read_log(Offset from, size_t max_bytes, Offset below) = 0;

  // ---- Replication ----
  virtual DurableReportAnswer report(const ReplicaIdentity& from, const DurableReport& report) = 0;

  // ---- Stop ----
  // Flushes, writes producer snapshot and indexes; for a clean stop. Waits.
  virtual absl::Status close() = 0;
  // Parked requests are answered NOT_LEADER_OR_FOLLOWER, the log is let go (topic deleted).
  virtual void abandon() = 0;

  virtual const metadata::TopicPartition& id() const = 0;
  virtual const std::string& topic() const = 0;
  virtual PartitionView view() const = 0;
  // When the record at `offset`, or one before it in its batch, was made, by its own word in
  // milliseconds since 1970: how old is what a consumer reads next? nullopt: it is not here. Reads
  // the batch.
  virtual std::optional<int64_t> timestamp_near(Offset offset) {
    static_cast<void>(offset);
    return std::nullopt;
  }
};

}  // namespace barnabas::partition

// What a partition remembers of idempotent producers: for each producer id its epoch and the last
// five batches, so that a batch sent twice is recognised and a gap is refused.
//
// The state is a function of the log alone: leader and follower apply the same batches and have the
// same state, recovery builds it from a snapshot and the batches behind it, truncation builds it
// anew. (Expiry forgets by the time of this process; that only widens what is accepted.)
//
// Snapshot bytes are Kafka's (docs/formats.md). Kafka keeps one entry per producer in them; here a
// producer has one per remembered batch, oldest first. Its own reader lets the last entry of an id
// win, so either side can read the other's.
//
// Plain data: no lock, no clock.

#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>
#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/ids.h"
#include "kafka/errors.h"
#include "kafka/records/batch.h"

namespace barnabas::partition {

// One appended batch of a producer.
struct ProducedBatch {
  int32_t first_sequence = -1;
  int32_t last_sequence = -1;
  Offset last_offset = kNoOffset;
  int32_t offset_delta = 0;
  int64_t timestamp_ms = -1;

  Offset first_offset() const { return Offset(last_offset.value() - offset_delta); }
  friend bool operator==(const ProducedBatch&, const ProducedBatch&) = default;
};

struct SequenceCheck {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::string message;
  // The batch is one of those remembered; nothing is to be appended.
  std::optional<ProducedBatch> duplicate;
};

class ProducerState {
 public:
  static constexpr size_t kHistory = 5;

  // `max_producers`: beyond it those that were silent longest are forgotten, some at a time.
  explicit ProducerState(size_t max_producers) : max_producers_(max_producers) {}

  // May a client's batch be appended now?
  SequenceCheck check(const kafka::BatchView& batch) const;
  // The sequence that the next batch of this one's producer and epoch should begin with; nothing if
  // any may.
  std::optional<int32_t> next_sequence(const kafka::BatchView& batch) const;
  // A batch is in the log, its first record at `base`. `now` is for expiry only.
  void apply(const kafka::BatchView& batch, Offset base, WallTime now);
  // Forgets producers that have been silent for `expiry`.
  void expire(WallTime now, std::chrono::milliseconds expiry);
  void clear() { producers_.clear(); }

  size_t size() const { return producers_.size(); }

  std::string snapshot() const;
  // Replaces everything. DATA_LOSS if the bytes are damaged; the state is empty then.
  absl::Status restore(std::string_view bytes, WallTime now);

  // Equal in everything that has to do with the log.
  friend bool operator==(const ProducerState& a, const ProducerState& b);

 private:
  struct Producer {
    ProducerEpoch epoch{-1};
    absl::InlinedVector<ProducedBatch, kHistory> history;  // oldest first
    WallTime seen;

    Offset last_offset() const { return history.empty() ? kNoOffset : history.back().last_offset; }
  };
  static void remember(Producer& producer, const ProducedBatch& batch);
  void forget_silent_ones();

  size_t max_producers_;
  absl::flat_hash_map<int64_t, Producer> producers_;
};

}  // namespace barnabas::partition

// Batches of idempotent producers that were refused for a passing reason and will be sent again.
//
// A producer has several batches on the way, one behind the other:
//
//   first  ---> not the leader yet: refused
//   second ---> the leader by now: a gap!
//
// The gap is an error that ends the producer (and a producer that is not known here yet has no gap:
// its second batch would be appended, and the first then be the one out of order). So what stands
// behind a refused batch is refused for the same passing reason, until that one has come again.
//
// A hint of this process, not part of the log's state: bounded in number and in time.
//
// Plain data: no lock, no clock.

#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <optional>

#include "common/clock.h"
#include "kafka/errors.h"
#include "kafka/records/batch.h"

namespace barnabas::partition {

class RefusedSequences {
 public:
  static constexpr size_t kMostProducers = 1000;
  static constexpr Duration kLongest = std::chrono::seconds(30);

  // `batch` was refused with `error`. `next`: the sequence that its producer's next batch should
  // have by the log, if the log knows the producer.
  void note(const kafka::BatchView& batch, kafka::ErrorCode error, std::optional<int32_t> next,
            Instant now);
  // kNone; or what an earlier batch of the same producer was refused with that has not come yet.
  kafka::ErrorCode before(const kafka::BatchView& batch, std::optional<int32_t> next, Instant now);

  bool empty() const { return refused_.empty(); }

 private:
  struct Refused {
    ProducerEpoch epoch{-1};
    int32_t sequence = -1;
    kafka::ErrorCode error = kafka::ErrorCode::kNone;
    Instant since;
  };
  using Entries = absl::flat_hash_map<int64_t, Refused>;
  // The entry that still holds for the batch's producer; others are dropped on the way.
  Entries::iterator holding(const kafka::BatchView& batch, std::optional<int32_t> next,
                            Instant now);

  Entries refused_;
};

}  // namespace barnabas::partition

// One per disk: gathers everything appended since the last round and makes it durable in one
// round. A log that becomes dirty while a round is out is part of the next one, so under load the
// rounds grow by themselves and there is no linger.
//
//   idle --dirty()--> collecting --begin_flush() of each dirty client--> syncing
//     ^---- nothing dirty -----------------------------------------------/ flushed() of each
//
// A completion carries (log incarnation, truncation generation, end) as they were when the round
// began (S17): the client drops it if the generation has moved.

#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/executor.h"
#include "common/histogram.h"
#include "common/ids.h"
#include "storage/disk.h"

namespace barnabas::storage {

struct FlushTicket {
  uint64_t incarnation = 0;  // of the log object and its directory
  uint64_t generation = 0;   // bumped by every truncation
  Offset end;                // everything below becomes durable with this round
};

struct FlushWork {
  SyncSet set;
  FlushTicket ticket;
  uint64_t bytes = 0;  // how much becomes durable with it; for metrics only
};

struct FlushStatistics {
  Histogram sync;  // microseconds that a round's sync took
  Histogram clients{kAmountBounds};
  Histogram bytes{kSizeBounds};
  Count failures;
};

// Usually a partition. Calls arrive on the scheduler's loop; the client takes its own lock. A
// client belongs to one scheduler for all its life.
class FlushClient {
 public:
  virtual ~FlushClient() = default;
  virtual std::optional<FlushWork> begin_flush() = 0;  // nullopt: nothing to do after all
  virtual void flushed(const FlushTicket& ticket, const absl::Status& status) = 0;

 private:
  friend class FlushScheduler;
  std::atomic<bool> queued_ = false;  // waits for the next round
};

class FlushScheduler {
 public:
  // `loop` should be the disk's own thread, where PosixDisk syncs inline.
  FlushScheduler(Disk& disk, Executor& loop);
  // On `loop`, or after it has stopped. No client is called afterwards.
  ~FlushScheduler();
  FlushScheduler(const FlushScheduler&) = delete;
  FlushScheduler& operator=(const FlushScheduler&) = delete;

  // Thread-safe; costs one atomic operation when the client is dirty already. Never calls back
  // from inside. The scheduler keeps the client alive while it is dirty or in a round.
  void dirty(const std::shared_ptr<FlushClient>& client);

  // How long the oldest appended but unflushed bytes have been waiting (S20); zero when clean.
  // Thread-safe: answers also while the loop hangs in fsync.
  Duration oldest_wait(Instant now) const;
  // After a failed sync: the disk is finished, every later round fails at once with this status.
  absl::Status failed() const;
  // Thread-safe.
  const FlushStatistics& statistics() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace barnabas::storage

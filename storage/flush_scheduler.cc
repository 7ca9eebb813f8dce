#include "storage/flush_scheduler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/probe.h"

namespace barnabas::storage {

struct FlushScheduler::State : std::enable_shared_from_this<FlushScheduler::State> {
  struct Participant {
    std::shared_ptr<FlushClient> client;
    FlushTicket ticket;
  };

  State(Disk& disk, Executor& loop) : disk(disk), loop(loop) {}

  void add(const std::shared_ptr<FlushClient>& client) EXCLUDES(mutex);
  void begin_round() EXCLUDES(mutex);
  void end_round(std::vector<Participant> round, const absl::Status& status) EXCLUDES(mutex);

  Disk& disk;
  Executor& loop;

  mutable Mutex mutex;
  std::vector<std::shared_ptr<FlushClient>> dirty GUARDED_BY(mutex);
  std::optional<Instant> dirty_since GUARDED_BY(mutex);    // of the oldest in `dirty`
  std::optional<Instant> syncing_since GUARDED_BY(mutex);  // of the oldest in the round
  bool busy GUARDED_BY(mutex) = false;                     // a round is out, or about to begin
  bool stopped GUARDED_BY(mutex) = false;
  absl::Status failure GUARDED_BY(mutex);
  FlushStatistics statistics;
};

void FlushScheduler::State::add(const std::shared_ptr<FlushClient>& client) {
  bool begin = false;
  {
    MutexLock lock(mutex);
    if (stopped) return;
    if (dirty.empty()) dirty_since = loop.now();
    dirty.push_back(client);
    begin = !std::exchange(busy, true);
  }
  if (begin) {
    loop.post([self = shared_from_this()] { self->begin_round(); });
  }
}

void FlushScheduler::State::begin_round() {
  std::vector<std::shared_ptr<FlushClient>> clients;
  absl::Status failed;
  {
    MutexLock lock(mutex);
    if (stopped) return;
    clients.swap(dirty);
    syncing_since = std::exchange(dirty_since, std::nullopt);
    failed = failure;
  }
  SyncSet set;
  uint64_t bytes = 0;
  std::vector<Participant> round;
  round.reserve(clients.size());
  for (std::shared_ptr<FlushClient>& client : clients) {
    // Before begin_flush() looks: what is appended after its look must make the client dirty anew.
    client->queued_.store(false);
    std::optional<FlushWork> work = client->begin_flush();
    if (!work.has_value()) continue;
    std::move(work->set.files.begin(), work->set.files.end(), std::back_inserter(set.files));
    std::move(work->set.directories.begin(), work->set.directories.end(),
              std::back_inserter(set.directories));
    bytes += work->bytes;
    round.push_back({std::move(client), work->ticket});
  }
  if (!failed.ok()) reached("storage: nothing is flushed after a failure");
  if (!failed.ok()) return end_round(std::move(round), failed);
  if (round.empty()) return end_round({}, absl::OkStatus());
  std::sort(set.directories.begin(), set.directories.end());
  set.directories.erase(std::unique(set.directories.begin(), set.directories.end()),
                        set.directories.end());
  statistics.clients.add(static_cast<int64_t>(round.size()));
  statistics.bytes.add(static_cast<int64_t>(bytes));
  disk.sync(std::move(set), loop,
            [self = shared_from_this(), round = std::move(round),
             begun = loop.now()](absl::Status status) mutable {
              self->statistics.sync.add((self->loop.now() - begun).count());
              if (!status.ok()) self->statistics.failures.add(1);
              if (planted("storage: a failed sync counts")) status = absl::OkStatus();
              self->end_round(std::move(round), status);
            });
}

void FlushScheduler::State::end_round(std::vector<Participant> round, const absl::Status& status) {
  bool again = false;
  {
    MutexLock lock(mutex);
    if (stopped) return;
    if (!status.ok() && failure.ok()) failure = status;
    syncing_since.reset();
    again = !dirty.empty();
    busy = again;
  }
  for (const Participant& participant : round) {
    participant.client->flushed(participant.ticket, status);
  }
  if (again) {
    loop.post([self = shared_from_this()] { self->begin_round(); });
  }
}

FlushScheduler::FlushScheduler(Disk& disk, Executor& loop)
    : state_(std::make_shared<State>(disk, loop)) {}

FlushScheduler::~FlushScheduler() {
  std::vector<std::shared_ptr<FlushClient>> released;
  MutexLock lock(state_->mutex);
  state_->stopped = true;
  released.swap(state_->dirty);
}

void FlushScheduler::dirty(const std::shared_ptr<FlushClient>& client) {
  if (client->queued_.exchange(true)) return;
  state_->add(client);
}

Duration FlushScheduler::oldest_wait(Instant now) const {
  MutexLock lock(state_->mutex);
  std::optional<Instant> oldest = state_->syncing_since;
  if (!oldest.has_value()) oldest = state_->dirty_since;
  return oldest.has_value() && now > *oldest ? now - *oldest : Duration::zero();
}

const FlushStatistics& FlushScheduler::statistics() const { return state_->statistics; }

absl::Status FlushScheduler::failed() const {
  MutexLock lock(state_->mutex);
  return state_->failure;
}

}  // namespace barnabas::storage

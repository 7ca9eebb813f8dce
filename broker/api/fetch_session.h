// Fetch sessions (KIP-227): the server remembers what a client fetches, so that a fetch names only
// what changed, and an answer only what has news.
//
//   (0, 0)   full fetch; a session is opened if there is a slot, else the answer says session 0
//   (id, n)  incremental; n counts the requests of this session: 1, 2, ... INT32_MAX, 1
//   (id, 0)  closes and opens anew          (id, -1)  closes
//   (0, -1)  no session
//
// Slots are limited. When all are taken, one that was idle for a while gives way, and to a replica
// also any consumer's. A session is used by one request at a time, which holds it from begin() to
// finish(); a second request meanwhile is out of order by definition and refused.

#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "broker/partition/partition.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/random.h"
#include "kafka/errors.h"

namespace barnabas::api {

// What is asked of one partition, and what was told of it last.
struct SessionPartition {
  metadata::TopicPartition id;
  Offset offset;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  LeaderEpoch last_fetched_epoch = kNoLeaderEpoch;
  Offset log_start = kNoOffset;  // the asking replica's own
  int32_t max_bytes = 0;
  Uuid directory;

  Offset told_high_watermark = kNoOffset;
  Offset told_last_stable = kNoOffset;
  Offset told_log_start = kNoOffset;
};

class FetchSession {
 public:
  explicit FetchSession(int32_t id) : id_(id) {}
  int32_t id() const { return id_; }

  // Only for the request that holds the session.
  std::vector<SessionPartition>& partitions() { return partitions_; }
  void set(const SessionPartition& asked);  // adds, or changes what is asked
  void forget(const metadata::TopicPartition& id);
  // Where this answer begins, one further each time, so that no partition starves behind others.
  size_t next_start();

 private:
  friend class FetchSessions;

  const int32_t id_;
  std::vector<SessionPartition> partitions_;
  absl::flat_hash_map<metadata::TopicPartition, size_t> places_;
  size_t start_ = 0;

  // Under FetchSessions' mutex.
  int32_t next_epoch_ = 1;
  bool busy_ = true;
  bool is_replica_ = false;
  BrokerId owner_ = kNoBroker;
  Instant used_{};
};

class FetchSessions {
 public:
  FetchSessions(size_t slots, Duration idle, Random& random)
      : slots_(slots), idle_(idle), random_(random.fork("fetch sessions")) {}

  // A new session, held by the caller, or nullptr: no slot.
  std::shared_ptr<FetchSession> open(std::optional<BrokerId> replica, Instant now);
  struct Held {
    kafka::ErrorCode error = kafka::ErrorCode::kNone;
    std::shared_ptr<FetchSession> session;
  };
  // The session for its request number `epoch`, held by the caller.
  Held begin(int32_t id, int32_t epoch, std::optional<BrokerId> replica, Instant now);
  void finish(const std::shared_ptr<FetchSession>& session, Instant now);
  void close(int32_t id);

  size_t size();

 private:
  const size_t slots_;
  const Duration idle_;
  Mutex mutex_;
  std::unique_ptr<Random> random_ GUARDED_BY(mutex_);
  absl::flat_hash_map<int32_t, std::shared_ptr<FetchSession>> sessions_ GUARDED_BY(mutex_);
};

}  // namespace barnabas::api

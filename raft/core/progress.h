// What a leader knows of one follower's log, and how it feeds it.
//
//   probe -------- accepted --------> replicate
//     ^  \                             |    |
//     |   \--- entries are gone -->  snapshot  <--- entries are gone
//     \---- installed / refused -------/
//
// probe: where the logs agree is not known; one message at a time. replicate: messages go out
// without waiting, up to the limits in flight. snapshot: nothing is sent until the follower says
// that it stands behind the snapshot. `match` only ever repeats the follower's own words: durable
// there, identical here.

#pragma once

#include <cstdint>
#include <deque>

#include "common/clock.h"
#include "raft/message.h"

namespace barnabas::raft {

struct InflightLimits {
  size_t messages = 64;
  size_t bytes = size_t{8} << 20;
};

class Progress {
 public:
  enum class State { kProbe, kReplicate, kSnapshot };

  // A new leader knows nothing but its own log's end.
  Progress(LogIndex own_last, Instant now) : next_(own_last.next()), contact_(now) {}

  State state() const { return state_; }
  LogIndex match() const { return match_; }
  LogIndex next() const { return next_; }
  uint64_t boot() const { return boot_; }
  LogIndex offered() const { return offered_; }

  // The last answer that showed progress: what check-quorum counts. A follower that answers but
  // does not get entries onto its disk is no part of a working quorum (P2).
  Instant contact() const { return contact_; }
  void made_progress(Instant now) { contact_ = now; }

  // The follower's process has started anew: nothing it said before counts any more.
  void restarted(uint64_t boot);
  void set_boot(uint64_t boot) { boot_ = boot; }

  // May another append be sent?
  bool may_send(const InflightLimits& limits) const;
  void sent(LogIndex last, size_t bytes);

  // Durable and identical up to `match`. True if that is news.
  bool accepted(LogIndex match);
  // It refused an append behind `refused`; `retry_behind` is the best guess of where the logs
  // agree. False: an old answer, nothing changed.
  bool refused(LogIndex refused, LogIndex retry_behind);
  // Lost messages are not told: let another probe out.
  void resume() { waiting_ = false; }

  void offer_snapshot(LogIndex covered);

  LogIndex told_commit;          // what the follower has been told of the commit index
  uint64_t confirmed_round = 0;  // the latest heartbeat round that it answered

 private:
  void probe_behind(LogIndex index);

  State state_ = State::kProbe;
  LogIndex match_;
  LogIndex next_;
  uint64_t boot_ = 0;
  Instant contact_;
  bool waiting_ = false;  // probe: one message is out
  LogIndex offered_;      // snapshot: what it will cover
  struct Sent {
    LogIndex last;
    size_t bytes;
  };
  std::deque<Sent> inflight_;
  size_t inflight_bytes_ = 0;
};

}  // namespace barnabas::raft

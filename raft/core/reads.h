// Read-index: which reads a leader may answer, and when.
//
// A read asked now is confirmed when a majority has answered a heartbeat that went out afterwards
// (so nobody else can have committed anything before it was asked) and everything that was
// committed when it was asked has been applied. Reads that come while a round is out share the next
// one.

#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "common/ids.h"

namespace barnabas::raft {

class Reads {
 public:
  // Returns true if a new heartbeat round is to go out now.
  bool ask(uint64_t id, LogIndex commit);
  // The round that heartbeats carry. Never 0.
  uint64_t round() const { return round_; }

  // A majority, this leader included, has answered `round`. Returns true if a new heartbeat round
  // is to go out at once, for the reads that came in meanwhile.
  bool confirmed(uint64_t round);
  // The reads that may be answered, once everything up to `applied` has been applied.
  std::vector<uint64_t> take_ready(LogIndex applied);
  // All reads that are waiting, because leadership has ended.
  std::vector<uint64_t> take_all();

 private:
  struct Read {
    uint64_t id;
    LogIndex index;
    uint64_t round;  // the first round that began after it was asked
  };
  bool begin_round();

  std::deque<Read> waiting_;    // ascending rounds
  std::deque<Read> confirmed_;  // ascending indexes
  uint64_t round_ = 1;          // the latest that went out
  uint64_t confirmed_round_ = 1;
};

}  // namespace barnabas::raft

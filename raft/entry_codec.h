// One entry of the Raft log on disk: one v2 record batch with one record (S1), so that the log
// engine, its recovery and its tools are those of every other log.
//
//   batch:   base offset = index, leader epoch = term; both repeated below, under the checksum
//   record:  value = the payload (null: a blank entry of the Raft layer itself)
//            key   = 54 bytes, big-endian:
//
//     0  version          i8    1
//     1  kind             i8    0 a decision, 1 blank, 2 a configuration (configuration.h)
//     2  index            i64
//    10  term             i32
//    14  previous term    i32   of the entry below: a log can be checked link by link
//    18  reserved         i32   0
//    22  round begin      i64   the last round of the log that was known to be synced when this
//    30  round end        i64   entry was written: [begin, end), and a digest over its entries.
//    38  round digest     u64   Everything below `end` was on disk then, and may have been promised
//    46  reserved         i64   0
//
// The digest is FNV-1a (64 bits) over index (i64), term (i32) and the batch's CRC (u32) of each
// entry of the round, in order. An empty round has digest 0.

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "kafka/records/batch.h"
#include "raft/message.h"

namespace barnabas::raft {

struct SyncedRound {
  LogIndex begin{1};
  LogIndex end{1};  // exclusive
  uint64_t digest = 0;
  friend bool operator==(const SyncedRound&, const SyncedRound&) = default;
};

class RoundDigest {
 public:
  void add(const EntryId& id, uint32_t crc);
  uint64_t value() const { return any_ ? hash_ : 0; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325ULL;
  bool any_ = false;
};

struct StoredEntry {
  Entry entry;
  Term previous_term;
  SyncedRound round;
  uint32_t crc = 0;
};

// `now_ms` is only for whoever reads the log with a tool.
std::string encode_entry(const Entry& entry, Term previous_term, const SyncedRound& round,
                         int64_t now_ms);

// kDataLoss: not an entry, or one that contradicts itself. Checks the batch's CRC. The payload
// borrows from `owner`, which must hold the batch's bytes.
absl::StatusOr<StoredEntry> decode_entry(const kafka::BatchView& batch, const Buffer& owner);

}  // namespace barnabas::raft

// Which leader epoch wrote which offsets of one log: (epoch, first offset), both growing. Answers
// the questions of KIP-101 and KIP-279, and is the witness against flipped epochs in batches, which
// lie outside their checksum (S25).
//
// Stored in Kafka's `leader-epoch-checkpoint` (docs/formats.md), lazily: what a crash takes from
// the file is derived again from the batches.

#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"

namespace barnabas::storage {

class EpochCache {
 public:
  struct Entry {
    LeaderEpoch epoch;
    Offset start;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // DATA_LOSS if `text` is no such file.
  static absl::StatusOr<EpochCache> parse(std::string_view text);
  std::string text() const;

  // `epoch` begins at `start`; nothing if it is known already. Entries that it contradicts (not
  // older, or beginning at or behind `start`) had no records and go.
  void begin(LeaderEpoch epoch, Offset start);
  // The log now ends at `end`: epochs that began there or later are gone.
  void truncate_end(Offset end);
  // The log now starts at `start`: the epoch that holds it begins there.
  void truncate_start(Offset start);
  void clear() { entries_.clear(); }

  bool empty() const { return entries_.empty(); }
  LeaderEpoch last() const { return entries_.empty() ? kNoLeaderEpoch : entries_.back().epoch; }
  // Where the last epoch begins; -1 without any.
  Offset last_start() const { return entries_.empty() ? kNoOffset : entries_.back().start; }
  // -1 if `offset` lies before all entries.
  LeaderEpoch epoch_at(Offset offset) const;
  struct End {
    LeaderEpoch epoch;
    Offset end;
  };
  // As Log::epoch_end.
  End end_of(LeaderEpoch asked, Offset log_end) const;
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace barnabas::storage

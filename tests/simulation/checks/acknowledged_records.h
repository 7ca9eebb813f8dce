// I35, I43: "Every record that was acknowledged is in its partition exactly once, unchanged, at
// the offset that was acknowledged; a producer's records stand in the order in which it sent them,
// without a gap; and nothing is there that nobody sent."
//
// The ledger is written by the producers, away from all disks; judge() compares it with what a
// partition holds in the end. A record without an answer may be there, once, or not.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class AcknowledgedRecords {
 public:
  using Partition = std::pair<std::string, int32_t>;  // topic name, index
  struct Stored {
    Offset offset;
    std::string_view value;
  };

  void sent(const Partition& partition, std::string_view value, int producer, int32_t sequence);
  // `offset`: kNoOffset where the broker did not say.
  void acknowledged(const Partition& partition, std::string_view value, Offset offset);

  // `content`: all that the partition holds, by offset.
  void judge(const Partition& partition, const std::vector<Stored>& content,
             Findings& findings) const;

  uint64_t count() const { return acknowledged_; }
  // Behind the last record that was acknowledged there.
  Offset known_end(const Partition& partition) const;

 private:
  struct Entry {
    int producer;
    int32_t sequence;
    bool acknowledged = false;
    Offset offset = kNoOffset;
  };
  // By the record's bytes, which are unique.
  std::map<Partition, std::map<std::string, Entry, std::less<>>> entries_;
  std::map<Partition, Offset> ends_;
  uint64_t acknowledged_ = 0;
};

}  // namespace barnabas::simulation

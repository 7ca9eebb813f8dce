// Which byte ranges of a segment have had their checksums verified by this process. Bounded: a
// reader that jumps about costs repeated checks, not memory.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace barnabas::storage {

class VerifiedRanges {
 public:
  bool covers(uint64_t from, uint64_t to) const;
  void add(uint64_t from, uint64_t to);
  void clear() { ranges_.clear(); }

 private:
  static constexpr size_t kMaxRanges = 64;
  struct Range {
    uint64_t from;
    uint64_t to;
  };
  std::vector<Range> ranges_;  // ascending, with gaps in between
};

}  // namespace barnabas::storage

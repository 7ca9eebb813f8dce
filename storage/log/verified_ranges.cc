#include "storage/log/verified_ranges.h"

#include <algorithm>

namespace barnabas::storage {

bool VerifiedRanges::covers(uint64_t from, uint64_t to) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const Range& range) { return range.from <= from && to <= range.to; });
}

void VerifiedRanges::add(uint64_t from, uint64_t to) {
  const auto touches = [&](const Range& range) { return range.from <= to && from <= range.to; };
  for (const Range& range : ranges_) {
    if (!touches(range)) continue;
    from = std::min(from, range.from);
    to = std::max(to, range.to);
  }
  std::erase_if(ranges_, touches);
  if (ranges_.size() == kMaxRanges) ranges_.clear();
  const auto behind = std::find_if(ranges_.begin(), ranges_.end(),
                                   [&](const Range& range) { return range.from > to; });
  ranges_.insert(behind, {from, to});
}

}  // namespace barnabas::storage

#include "tests/simulation/checks/committed_offsets.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace barnabas::simulation {

uint64_t CommittedOffsets::sent(const GroupPlace& place, Offset offset) {
  const uint64_t commit = ++last_commit_;
  under_way_.emplace(commit, Commit{place, offset});
  known_[place].perhaps.emplace(commit, offset);
  return commit;
}

void CommittedOffsets::ended(uint64_t commit, Outcome outcome) {
  const auto found = under_way_.find(commit);
  if (found == under_way_.end()) return;
  Known& known = known_[found->second.place];
  if (outcome == Outcome::kCommitted) {
    known.acknowledged = std::max(known.acknowledged, found->second.offset);
    known.was_committed.insert(found->second.offset);
  }
  if (outcome != Outcome::kUnknown) known.perhaps.erase(commit);
  under_way_.erase(found);
}

Offset CommittedOffsets::acknowledged(const GroupPlace& place) const {
  const auto found = known_.find(place);
  return found == known_.end() ? kNoOffset : found->second.acknowledged;
}

void CommittedOffsets::told(const GroupPlace& place, Offset acknowledged, Offset offset) {
  ++told_;
  Known& known = known_[place];
  const bool perhaps = std::any_of(known.perhaps.begin(), known.perhaps.end(),
                                   [&](const auto& commit) { return commit.second == offset; });
  // What was told once is committed, whether its commit was ever answered or not.
  known.acknowledged = std::max(known.acknowledged, offset);
  if (perhaps) {
    known.was_committed.insert(offset);
  } else if (offset < acknowledged) {
    findings_.report("I50 a committed offset never goes back by itself",
                     absl::StrCat(place.text(), ": told ", offset.value(), " after ",
                                  acknowledged.value(), " had been acknowledged"));
  } else if (offset != kNoOffset && known.was_committed.count(offset) == 0) {
    findings_.report(
        "I50 only what was committed is told",
        absl::StrCat(place.text(), ": told ", offset.value(), ", which nobody has committed"));
  }
}

}  // namespace barnabas::simulation

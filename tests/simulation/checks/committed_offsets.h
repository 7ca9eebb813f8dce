// I50: "What a group has committed never goes back by itself": whoever asks is told an offset that
// somebody has committed, and none that is older than one whose commit was acknowledged before the
// question was asked.
//
// A commit without an answer may take effect at any later time, once; one that was refused never.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "common/ids.h"
#include "tests/simulation/checks/group_place.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class CommittedOffsets {
 public:
  explicit CommittedOffsets(Findings& findings) : findings_(findings) {}

  enum class Outcome { kCommitted, kRefused, kUnknown };
  // Returns the number of the commit. Members commit what they have read, forward only.
  uint64_t sent(const GroupPlace& place, Offset offset);
  void ended(uint64_t commit, Outcome outcome);

  // The newest that was acknowledged; kNoOffset: nothing.
  Offset acknowledged(const GroupPlace& place) const;
  // `acknowledged`: as it was when the question was sent. `offset`: kNoOffset for "nothing".
  void told(const GroupPlace& place, Offset acknowledged, Offset offset);
  uint64_t count() const { return told_; }

 private:
  struct Commit {
    GroupPlace place;
    Offset offset;
  };
  struct Known {
    Offset acknowledged = kNoOffset;
    std::set<Offset> was_committed;
    std::map<uint64_t, Offset> perhaps;
  };
  Findings& findings_;
  std::map<uint64_t, Commit> under_way_;
  std::map<GroupPlace, Known> known_;
  uint64_t last_commit_ = 0;
  uint64_t told_ = 0;
};

}  // namespace barnabas::simulation

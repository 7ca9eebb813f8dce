// I52: "Every record is processed by every group at least once, and none is skipped": wherever a
// member goes on, everything before has been processed by somebody of its group, because members
// commit behind what they have processed only.

#pragma once

#include <map>

#include "common/ids.h"
#include "tests/simulation/checks/group_place.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class ProcessedRecords {
 public:
  explicit ProcessedRecords(Findings& findings) : findings_(findings) {}

  // A member goes on from `offset`.
  void begins(const GroupPlace& place, Offset offset);
  // Everything in [from, to), by one member.
  void processed(const GroupPlace& place, Offset from, Offset to);
  // Everything below has been processed.
  Offset end(const GroupPlace& place) const;

 private:
  Findings& findings_;
  std::map<GroupPlace, Offset> ends_;
};

}  // namespace barnabas::simulation

// I51: "In one generation of a group each partition has one owner." What members were told by the
// coordinator, whichever broker that was at the time.
//
// The owner is the member's instance where it has one: a static member that comes back keeps its
// part in the same generation, under a new member id.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "tests/simulation/checks/group_place.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class PartitionOwners {
 public:
  explicit PartitionOwners(Findings& findings) : findings_(findings) {}

  void assigned(const GroupPlace& place, int32_t generation, const std::string& owner);
  uint64_t count() const { return owners_.size(); }

 private:
  Findings& findings_;
  std::map<std::pair<GroupPlace, int32_t>, std::string> owners_;
};

}  // namespace barnabas::simulation

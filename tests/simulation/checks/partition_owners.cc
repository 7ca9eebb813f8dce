#include "tests/simulation/checks/partition_owners.h"

#include <absl/strings/str_cat.h>

namespace barnabas::simulation {

void PartitionOwners::assigned(const GroupPlace& place, int32_t generation,
                               const std::string& owner) {
  const auto [found, is_new] = owners_.emplace(std::pair(place, generation), owner);
  if (is_new || found->second == owner) return;
  findings_.report("I51 in one generation a partition has one owner",
                   absl::StrCat(place.text(), ": in generation ", generation, " both ",
                                found->second, " and ", owner));
}

}  // namespace barnabas::simulation

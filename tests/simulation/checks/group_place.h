// A partition as one group sees it: offsets, owners and progress belong to this pair.

#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace barnabas::simulation {

struct GroupPlace {
  std::string group;
  std::string topic;
  int32_t partition = 0;
  friend auto operator<=>(const GroupPlace&, const GroupPlace&) = default;
  std::string text() const { return group + " on " + topic + "-" + std::to_string(partition); }
};

}  // namespace barnabas::simulation

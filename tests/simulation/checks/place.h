// A partition as the checks know it: by its topic's id, because names come back.

#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "common/uuid.h"

namespace barnabas::simulation {

struct Place {
  Uuid topic;
  int32_t partition = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
  std::string text() const { return topic.text() + "-" + std::to_string(partition); }
};

}  // namespace barnabas::simulation

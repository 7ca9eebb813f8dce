// One life of a broker: what is true of it says nothing of the next (S9, S12).

#pragma once

#include <compare>

#include "common/ids.h"

namespace barnabas::controller {

struct Incarnation {
  BrokerId broker;
  BrokerEpoch epoch;
  friend auto operator<=>(const Incarnation&, const Incarnation&) = default;
};

}  // namespace barnabas::controller

// I38: "The high watermark of one leadership never goes back." What one reader hears from the
// leader of one epoch, in the order in which it hears it.

#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "common/ids.h"
#include "tests/simulation/checks/place.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class HighWatermarks {
 public:
  explicit HighWatermarks(Findings& findings) : findings_(findings) {}

  void heard(int reader, const Place& place, int32_t epoch, Offset high_watermark);

 private:
  Findings& findings_;
  std::map<std::tuple<int, Place, int32_t>, Offset> highest_;
};

}  // namespace barnabas::simulation

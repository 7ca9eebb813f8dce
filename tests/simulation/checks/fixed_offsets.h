// I40: "The same offset of the same partition gives the same record for ever, whoever reads it."

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/ids.h"
#include "tests/simulation/checks/place.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class FixedOffsets {
 public:
  explicit FixedOffsets(Findings& findings) : findings_(findings) {}

  // Somebody read this below the high watermark.
  void seen(const Place& place, Offset offset, LeaderEpoch epoch, std::string_view value);
  uint64_t count() const { return count_; }

 private:
  struct Record {
    LeaderEpoch epoch;
    std::string value;
  };
  Findings& findings_;
  std::map<Place, std::map<Offset, Record>> records_;
  uint64_t count_ = 0;
};

}  // namespace barnabas::simulation

// I36, S9: "In one epoch of one partition at most one process accepts records." A process that
// starts again is another one: it must not go on in the epoch of the one before.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "tests/simulation/checks/place.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class Leaderships {
 public:
  explicit Leaderships(Findings& findings) : findings_(findings) {}

  // `process` names one start of one broker.
  void leads(const Place& place, int32_t epoch, const std::string& process);
  uint64_t count() const { return leaders_.size(); }

 private:
  Findings& findings_;
  std::map<std::pair<Place, int32_t>, std::string> leaders_;
};

}  // namespace barnabas::simulation

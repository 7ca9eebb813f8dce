// I12, I13, I38 at each replica, after each step: "What is on disk and what is committed lie within
// the log; the high watermark of a process that leads in one epoch never goes back."

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "common/ids.h"
#include "tests/simulation/checks/place.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class ReplicaBounds {
 public:
  struct Replica {
    bool leading = false;
    int32_t epoch = 0;
    Offset log_start, high_watermark, durable_end, log_end;
  };

  explicit ReplicaBounds(Findings& findings) : findings_(findings) {}

  // `process` names one start of one broker.
  void shows(const std::string& process, const Place& place, const Replica& replica);
  uint64_t count() const { return count_; }

 private:
  Findings& findings_;
  std::map<std::tuple<Place, int32_t, std::string>, Offset> led_;
  uint64_t count_ = 0;
};

}  // namespace barnabas::simulation

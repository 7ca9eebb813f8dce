// S3, I53: "A request that is asked again is not carried out again: whoever answers it says the
// same as before." By the request's number; what was refused without an effect does not count.

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class AnswersOnce {
 public:
  explicit AnswersOnce(Findings& findings) : findings_(findings) {}

  // `answer`: what was done, in full.
  void done(uint64_t request, const std::string& answer);
  uint64_t count() const { return count_; }

 private:
  Findings& findings_;
  std::map<uint64_t, std::string> answers_;
  uint64_t count_ = 0;
};

}  // namespace barnabas::simulation

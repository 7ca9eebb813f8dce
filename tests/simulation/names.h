// The names in mistakes.txt and marks.txt.

#pragma once

#include <vector>

namespace barnabas::simulation {

inline const std::vector<const char*> kMistakes = {
#include "tests/simulation/mistakes.inc"
};

inline const std::vector<const char*> kMarks = {
#include "tests/simulation/marks.inc"
};

}  // namespace barnabas::simulation

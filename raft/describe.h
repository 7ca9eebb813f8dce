// Messages and effects in words, one line each: for traces, failure reports and logs.

#pragma once

#include <string>

#include "raft/effects.h"

namespace barnabas::raft {

std::string describe(const EntryId& id);                   // "index@term"
std::string describe(const Configuration& configuration);  // "voters 1 2 3"
std::string describe(const Message& message);
std::string describe(const HardState& state);

}  // namespace barnabas::raft

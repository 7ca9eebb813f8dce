// Makes a failing run small: a shorter run, fewer topics, clients and machines, fewer kinds of
// faults, fewer faults, for as long as the same invariant is violated. What is left is a command
// line, and a list of faults that a person can read and make a scenario of.

#pragma once

#include <absl/functional/function_ref.h>

#include <string>

#include "tests/simulation/trial.h"

namespace barnabas::simulation {

struct Shrunk {
  std::string settings;  // for apply_settings() (settings.h), on top of what the seed draws
  Verdict verdict;       // of the small run
  int trials = 0;
  std::string text() const;  // the faults that are left and what they lead to
};

// `failed`: what `trial` gave. `settings`: what has been applied to the trial's options already.
// `tell` hears of progress.
Shrunk shrink(const Trial& trial, const std::string& settings, const Verdict& failed,
              absl::FunctionRef<void(const std::string&)> tell);

}  // namespace barnabas::simulation
